// vramlab machine show NAME|FILE

#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "experiments/output.h"
#include "experiments/text_table.h"
#include "experiments/verb_rows.h"
#include "sim/machine.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};
constexpr Bytes call_size{std::uint64_t{20} << 20};  // a large segment of PyTorch's

struct Arguments {
  std::string machine;
  bool yaml = false;
};

FieldValue positive_or_null(std::uint64_t value) {
  if (value == 0) return nullptr;
  return value;
}

Row row_of(const MachineModel& m) {
  return {{"name", m.name},
          {"description", m.description},
          {"source", m.source},
          {"gpus", std::uint64_t{m.gpus}},
          {"device_memory_bytes", m.device_memory.value},
          {"page_granularity_bytes", m.page_granularity.value},
          {"segment_take_20mib_ns", m.calls.segment_take.at(call_size).value},
          {"segment_return_20mib_ns", m.calls.segment_return.at(call_size).value},
          {"page_create_20mib_ns", m.calls.page_create.at(call_size).value},
          {"map_20mib_ns", m.calls.map.at(call_size).value},
          {"unmap_20mib_ns", m.calls.unmap.at(call_size).value},
          {"launch_ns", m.calls.launch.value},
          {"record_ns", m.calls.record.value},
          {"wait_ns", m.calls.wait.value},
          {"host_link_out_latency_ns", m.host_link.out.latency.value},
          {"host_link_in_latency_ns", m.host_link.in.latency.value},
          {"host_link_out_bytes_per_s", m.host_link.out.bytes_per_second},
          {"host_link_in_bytes_per_s", m.host_link.in.bytes_per_second},
          {"host_link_duplex_bytes_per_s", m.host_link.duplex_bytes_per_second},
          {"peer_link_bytes_per_s", positive_or_null(m.peer_link.out.bytes_per_second)},
          {"disk_write_bytes_per_s", positive_or_null(m.disk_write.bytes_per_second)},
          {"disk_read_bytes_per_s", positive_or_null(m.disk_read.bytes_per_second)},
          {"device_copy_bytes_per_s", m.device_copy.bytes_per_second}};
}

int show(const Arguments& arguments, const Settings& settings) {
  if (arguments.yaml) {
    write_output(machine_yaml(arguments.machine));
    return 0;
  }
  const Row row = row_of(load_machine(arguments.machine));
  const OutputFormat format = output_format(settings.values.text("format"));
  if (format == OutputFormat::table) {
    write_output(row_to_lines(row));
  } else {
    write_rows({row}, format);
  }
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("MACHINE", arguments->machine, "name of a built-in model, or a .yaml file")
      ->required()
      ->option_text(" ");
  app.add_flag("--yaml", arguments->yaml, "the YAML of a built-in model instead: the start of a model of your own");
  return [arguments](const Settings& settings) { return show(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_machine_show{
    .name = "machine show",
    .summary = "one machine model: memory, links, costs of calls",
    .example =
        "vramlab machine show h200\nvramlab machine show rtx4090 --yaml "
        "> my-machine.yaml",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
