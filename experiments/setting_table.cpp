// Every setting: one line each.

#include <array>

#include "experiments/settings.h"

namespace vramlab {
namespace {

constexpr std::array<SettingInfo, 25> infos{{
    {{"pool", OptionKind::text, "all", "pools to compare; all: every one of `vramlab list pools`"}, "A,B|all", true},
    {{"swap", OptionKind::text, "none",
      "swap policies, or NAME:VALUE for its option `policy`; see `vramlab list swaps`"},
     "A,B|all",
     true},
    {{"solver", OptionKind::text, "auto", "solvers to compare; all: every one of `vramlab list solvers`"},
     "A,B|all",
     true},
    {{"capacity", OptionKind::text, "unlimited",
      "a plan that peaks at or below it is asked for; also as share of the max load"},
     "BYTES|PCT%"},
    {{"time_limit",
      OptionKind::real,
      "0",
      "seconds for each solver, 0: no limit; a plan that it cuts short depends on the clock",
      {},
      0,
      1e6},
     "SECONDS"},
    {{"threads", OptionKind::integer, "0", "threads of a solver, 0: one a core; the plan is the same", {}, 0, 1024},
     "N"},
    {{"granule", OptionKind::bytes, "512", "sizes of a trace are rounded up to it for planning"}, "BYTES"},
    {{"limit", OptionKind::text, "unlimited",
      "memory to get by with, also as share of the max load; min: the least that costs at most --max-overhead; with "
      "swap none a cap"},
     "BYTES|PCT%|min"},
    {{"max_overhead", OptionKind::text, "1%",
      "time that may be lost, for --limit min and policies that plan: share of the ideal, 0.01 or 1%"},
     "X"},
    {{"swap_tier", OptionKind::choice, "host", "where swap policies send to that know one tier", "host|peer|disk"},
     "host|peer|disk"},
    {{"host_memory", OptionKind::bytes, "64GiB", "pinned memory of the host that swapping may hold"}, "BYTES"},
    {{"peer_memory", OptionKind::text, "machine",
      "memory of the peer that swapping may hold; machine: all, where there is one"},
     "BYTES|machine"},
    {{"disk_space", OptionKind::bytes, "0", "that swapping may hold"}, "BYTES"},
    {{"codec", OptionKind::text, "none", "what packs transfers; see `vramlab list codecs`"}, "NAME[:X]"},
    {{"cap", OptionKind::text, "unlimited", "memory a pool may reserve; machine: what --machine has"}, "BYTES|machine"},
    {{"device", OptionKind::choice, "sim", "sim: simulated after --machine; cuda: the GPU, paced by --machine",
      "sim|cuda"},
     "sim|cuda"},
    {{"machine", OptionKind::text, "h200", "machine model: a name of `vramlab machine list`, or a .yaml file"},
     "NAME|FILE"},
    {{"inputs", OptionKind::text, "model",
      "completions come from the model, the device's own run, or a log of "
      "--log"},
     "model|measured|FILE"},
    {{"scale",
      OptionKind::real,
      "1",
      "sizes times X, rounded down; none shrinks below 512 bytes, smaller ones "
      "never shrink",
      {},
      1e-6,
      1e6},
     "X"},
    {{"compute_scale",
      OptionKind::real,
      "1",
      "operators take X times as long as recorded: a slower or faster GPU with the same memory traffic",
      {},
      1e-3,
      1e3},
     "X"},
    {{"verify", OptionKind::flag, "false",
      "check every decision by the independent validator; on a GPU also every byte"},
     ""},
    {{"seed", OptionKind::integer, "0", "seed of what is random", {}, 0}, "N"},
    {{"min_time",
      OptionKind::real,
      "1",
      "seconds of replay to average the speed over; 0: one run, as always on cuda",
      {},
      0,
      3600},
     "SECONDS"},
    {{"gpu", OptionKind::text, "all", "which device of a recording of several; all: a row for each"}, "N|all"},
    {{"format", OptionKind::choice, "table", "table for people, json and csv for programs", "table|json|csv"},
     "table|json|csv"},
}};

}  // namespace

std::span<const SettingInfo> setting_infos() { return infos; }

}  // namespace vramlab
