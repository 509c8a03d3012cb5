// vramlab replay TRACE...

#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "experiments/output.h"
#include "experiments/replay_session.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 20> taken_settings{
    "pool",        "swap",       "limit", "max_overhead", "codec",  "swap_tier",    "host_memory",
    "peer_memory", "disk_space", "cap",   "machine",      "device", "inputs",       "scale",
    "gpu",         "verify",     "seed",  "min_time",     "format", "compute_scale"};

constexpr std::array<std::string_view, 3> option_sections{"pools", "swaps", "codecs"};

int replay_all(const ReplayArguments& arguments, const Settings& settings) {
  ReplaySession session(arguments, settings);
  const std::vector<ReplayOutcome>& outcomes = session.run();
  const OutputFormat format = output_format(settings.values.text("format"));
  if (format == OutputFormat::table) {
    write_output(replay_table(outcomes, output_in_colour()));
  } else {
    write_rows(rows_of(outcomes, outcome_row), format);
  }
  return session.failed() ? 1 : 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<ReplayArguments>();
  app.add_option("TRACE", arguments->traces,
                 "recordings: PyTorch snapshots, operator traces, .vlt; also "
                 ".gz, .xz, .zst")
      ->required()
      ->option_text(" ");
  app.add_option("--map", arguments->map, "picture of the memory; of several runs -TRACE-POOL is inserted")
      ->option_text("OUT.svg|png");
  app.add_option("--gantt", arguments->gantt,
                 "picture of operators, links, stalls and memory over time; names as for --map")
      ->option_text("OUT.svg|png");
  app.add_flag("--explain-stalls", arguments->explain_stalls, "tell what computation waited for, and how long");
  app.add_option("--log", arguments->log, "write the inputs that arrived, for --inputs; names as for --map")
      ->option_text("FILE");
  app.add_option("--repeat", arguments->repeat,
                 "timed runs at least; on a real device each measured figure is their median")
      ->check(CLI::Range(1, 1000))
      ->option_text("N [1]");
  app.add_option("--warm-up", arguments->warm_up,
                 "with a swap policy: the iterations with operators run N times before they are measured, so that "
                 "memory and policy have settled")
      ->check(CLI::Range(0, 1000))
      ->option_text("N [0]");
  app.add_flag("--debug-history", arguments->debug_history,
               "a run that fails tells when the block's slot was last allocated and freed, and what is live");
  return [arguments](const Settings& settings) { return replay_all(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_replay{
    .name = "replay",
    .summary = "how much memory each pool would have reserved for recorded programs",
    .example =
        "vramlab replay snapshot.pickle\n"
        "vramlab replay snapshot.pickle --pool pytorch,segment-block "
        "--map map.svg --verify\n"
        "vramlab replay *.pickle.xz --pool pytorch --set "
        "pytorch.max_split_size=256MiB --format json\n"
        "vramlab replay operators.csv --device cuda --machine probed.yaml "
        "--verify\n"
        "vramlab replay operators.csv --pool vmm --swap lru,autoswap:adaptive "
        "--limit 80% --explain-stalls\n"
        "vramlab replay operators.csv --pool vmm --swap autoswap --limit min "
        "--max-overhead 1% --gantt gantt.svg\n"
        "vramlab replay operators.csv --pool vmm --swap autoswap --limit 60% "
        "--codec padic-dense:weight.npy --set padic-dense.error=1e-4",
    .settings = taken_settings,
    .sections = option_sections,
    .define = define,
};

}  // namespace vramlab
