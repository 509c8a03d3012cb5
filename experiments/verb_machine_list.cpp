// vramlab machine list

#include <CLI/CLI.hpp>

#include <array>

#include "experiments/output.h"
#include "experiments/verb_rows.h"
#include "sim/machine.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};

Row row_of(const MachineModel& machine) {
  return {{"name", machine.name},
          {"gpus", std::uint64_t{machine.gpus}},
          {"device_memory_bytes", machine.device_memory.value},
          {"host_link_gb_per_s", static_cast<double>(machine.host_link.out.bytes_per_second) / 1e9},
          {"description", machine.description}};
}

VerbRun define(CLI::App&) {
  return [](const Settings& settings) {
    std::vector<Row> rows;
    for (std::string_view name : machine_names()) rows.push_back(row_of(load_machine(std::string(name))));
    write_rows(rows, output_format(settings.values.text("format")));
    return 0;
  };
}

}  // namespace

const VerbInfo verb_machine_list{
    .name = "machine list",
    .summary = "built-in machine models",
    .example = "vramlab machine list",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
