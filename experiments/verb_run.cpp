// vramlab run -- PROGRAM...

#include <CLI/CLI.hpp>

#include <array>
#include <cstdlib>
#include <memory>

#include "engine/core/error.h"
#include "engine/core/output_file.h"
#include "experiments/run_environment.h"
#include "experiments/verb_rows.h"
#ifdef VRAMLAB_HAS_CUDA
#include "engine/cuda/cuda_device.h"
#endif

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 2> taken_settings{"pool", "cap"};
constexpr std::array<std::string_view, 2> option_sections{"pools", "allocator"};

void require_gpu() {
#ifdef VRAMLAB_HAS_CUDA
  in_own_process([] { cuda_devices(); });
#else
  throw HardwareMissing("this program was built without CUDA", {}, "build it where a toolkit of CUDA 13 is found");
#endif
}

void require_plugin(const PluginFiles& files) {
  for (const std::filesystem::path& path : {files.library, files.python / "sitecustomize.py"})
    if (!std::filesystem::exists(path))
      throw ConfigError(path.string() + " is not there", {}, "build the target vramlab_torch");
}

int run(const RunArguments& arguments, const Settings& settings) {
  if (arguments.serve) throw ConfigError("--serve: there is no dashboard to serve yet", {}, "use --record");
  const PluginFiles files = PluginFiles::beside_program();
  const char* python_path = std::getenv("PYTHONPATH");
  const Variables variables = run_environment(arguments, settings, files, python_path != nullptr ? python_path : "");
  require_gpu();
  require_plugin(files);
  if (!arguments.record.empty()) OutputFile{arguments.record};  // a path that cannot be written is told before the work
  return run_command(arguments.command, variables);
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<RunArguments>();
  app.add_option("PROGRAM", arguments->command, "after --: the program and its arguments")
      ->required()
      ->option_text(" ");
  app.add_option("--record", arguments->record, "write what was allocated and freed; FILE.rank0.vlt under torchrun")
      ->option_text("FILE.vlt");
  app.add_flag("--compare", arguments->compare,
               "tell at the end what PyTorch's own allocator would have reserved (--record does too)");
  app.add_flag("--serve", arguments->serve, "for a dashboard; not there yet");
  return [arguments](const Settings& settings) { return run(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_run{
    .name = "run",
    .summary = "run a PyTorch program, unchanged, on one of our pools",
    .example =
        "vramlab run -- python3 train.py --epochs 3\n"
        "vramlab run --pool smartpool --record train.vlt -- python3 -m package.train\n"
        "vramlab run -- torchrun --nproc-per-node 2 train.py",
    .notes =
        "The pool is vmm where none is named. At its end every process that used a GPU prints its footprint on "
        "stderr.\n"
        "Exit code: that of the program, 128 + the signal where one ended it; 3 where there is no GPU.",
    .settings = taken_settings,
    .sections = option_sections,
    .define = define,
};

}  // namespace vramlab
