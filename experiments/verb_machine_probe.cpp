// vramlab machine probe

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <ctime>
#include <map>
#include <memory>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/output_file.h"
#include "experiments/output.h"
#include "experiments/progress.h"
#include "experiments/verb_rows.h"
#include "sim/machine_probe.h"
#include "sim/machine_writer.h"
#if VRAMLAB_HAS_CUDA
#include "engine/cuda/cuda_device.h"
#endif

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};

struct Arguments {
  std::string out, name, disk_folder;
  int gpu = 0;
  std::optional<int> peer;
  bool no_peer = false;
  bool quick = false;
};

/// The device to measure, and what of its model is known before.
struct Subject {
  std::unique_ptr<RunnableDevice> device;
  MachineModel machine;
};

#if VRAMLAB_HAS_CUDA
// "NVIDIA H100 80GB HBM3" -> "nvidia-h100-80gb-hbm3"
std::string slug(std::string text) {
  for (char& c : text) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::tolower(c)) : '-';
  return text;
}

Subject open_subject(const Arguments& arguments) {
  const std::vector<CudaInfo> gpus = cuda_devices();
  const auto info = std::find_if(gpus.begin(), gpus.end(), [&](const auto& g) { return g.ordinal == arguments.gpu; });
  if (info == gpus.end())
    throw HardwareMissing(fmt::format("there is no GPU {}: this machine has {}", arguments.gpu, gpus.size()));
  CudaOptions options;
  options.device = arguments.gpu;
  options.disk_folder = arguments.disk_folder;
  if (!arguments.no_peer) options.peer = arguments.peer;
  if (!arguments.no_peer && !options.peer && !info->peers.empty()) options.peer = info->peers.front();

  MachineModel machine;
  machine.name = arguments.name.empty() ? slug(info->name) : arguments.name;
  machine.description = fmt::format("{}, {} multiprocessors", info->name, info->multiprocessors);
  machine.source = fmt::format("measured by vramlab machine probe{} on {:%Y-%m-%d}: {}, driver {}, runtime {}",
                               arguments.quick ? " --quick" : "", fmt::gmtime(std::time(nullptr)), info->name,
                               info->driver, info->runtime);
  machine.gpus = options.peer ? 2 : 1;
  machine.device_memory = info->memory;
  machine.page_granularity = info->page_granularity;
  return {make_cuda_device(options), std::move(machine)};
}
#else
Subject open_subject(const Arguments&) {
  throw HardwareMissing("this build has no CUDA device to measure", {}, "build with a toolkit of CUDA 13");
}
#endif

double error_of(const ProbeRow& row) {
  return static_cast<double>(row.predicted.value) / static_cast<double>(std::max<std::int64_t>(1, row.measured.value)) -
         1;
}

Row row_of(const ProbeRow& row) {
  FieldValue size = nullptr;
  if (row.bytes != Bytes(0)) size = row.bytes.value;
  return {{"figure", row.figure},
          {"size_bytes", size},
          {"count", row.count},
          {"measured_ns", row.measured.value},
          {"predicted_ns", row.predicted.value},
          {"error", error_of(row)},
          {"held_out", row.held_out}};
}

// A line a figure: how far the model is from each measurement.
std::vector<std::string> comments_of(const ProbeResult& result) {
  std::vector<std::string> order;
  std::map<std::string, std::string> errors;
  for (const ProbeRow& row : result.rows) {
    std::string& line = errors[row.figure];
    if (line.empty()) order.push_back(row.figure);
    line += fmt::format(" {:+.1f}", 100 * error_of(row));
  }
  std::vector<std::string> comments{result.machine.source + ".",
                                    "The model over the measurements, in the order of size, in percent:"};
  for (const std::string& figure : order) comments.push_back(fmt::format("{}:{}", figure, errors[figure]));
  return comments;
}

void tell_worst(const std::vector<ProbeRow>& rows) {
  const auto worse = [](const ProbeRow& a, const ProbeRow& b) {
    return a.held_out != b.held_out ? b.held_out : std::abs(error_of(a)) < std::abs(error_of(b));
  };
  const auto worst = std::max_element(rows.begin(), rows.end(), worse);
  spdlog::info("the model is {:+.1f}% off at worst in what it was not fitted to: {}", 100 * error_of(*worst),
               worst->figure);
}

int probe(const Arguments& arguments, const Settings& settings) {
  Subject subject = open_subject(arguments);
  std::optional<OutputFile> out;
  if (!arguments.out.empty()) out.emplace(arguments.out);
  ProgressBar progress(fmt::format("probing {}", subject.machine.name));
  const ProbeResult result = probe_machine(*subject.device, subject.machine,
                                           {.quick = arguments.quick,
                                            .peer = subject.machine.gpus > 1,
                                            .progress = [&](double done, std::string_view) { progress.update(done); }});
  if (out) {
    out->write(machine_to_yaml(result.machine, comments_of(result)));
    out->commit();
  }
  std::vector<Row> rows;
  for (const ProbeRow& row : result.rows) rows.push_back(row_of(row));
  write_rows(rows, output_format(settings.values.text("format")));
  tell_worst(result.rows);
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("--out", arguments->out, "write the model there")->option_text("FILE.yaml");
  app.add_option("--name", arguments->name, "of the model; default: the GPU's")->option_text("NAME");
  app.add_option("--gpu", arguments->gpu, "which GPU")->option_text("N [0]");
  app.add_option("--peer", arguments->peer, "the GPU whose memory is the peer tier; default: the first in reach")
      ->option_text("N");
  app.add_flag("--no-peer", arguments->no_peer, "measure no peer");
  app.add_option("--disk-folder", arguments->disk_folder, "where the disk is measured; default: TMPDIR, else /tmp")
      ->option_text("FOLDER");
  app.add_flag("--quick", arguments->quick, "fewer rounds, nothing above 256 MiB");
  return [arguments](const Settings& settings) { return probe(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_machine_probe{
    .name = "machine probe",
    .summary = "measure this machine's GPU, and fit a machine model to it",
    .example =
        "vramlab machine probe --out my-machine.yaml\n"
        "vramlab replay trace.vlt --machine my-machine.yaml",
    .notes =
        "Figures are of the commands of the CUDA device, so that the simulator predicts what a replay on it\n"
        "takes. The rows held out are mixtures to which nothing was fitted. The GPU should be idle.\n",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
