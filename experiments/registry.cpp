// The verbs, in the order of the help.

#include <array>
#include <vector>

#include "experiments/verb.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<VerbGroup, 4> groups{{
    {"trace", "look into, convert and generate traces"},
    {"swap", "what swapping could reach"},
    {"machine", "machine models of the simulator"},
    {"config", "settings, and where their values come from"},
}};

}  // namespace

std::span<const VerbInfo> verbs() {
  static const std::vector<VerbInfo> table{
      verb_replay,         verb_plan,          verb_codec,       verb_compress,
      verb_decompress,     verb_run,           verb_trace_info,  verb_trace_convert,
      verb_trace_generate, verb_list,          verb_swap_bound,  verb_machine_list,
      verb_machine_show,   verb_machine_probe, verb_config_show, verb_config_schema,
  };
  return table;
}

std::span<const VerbGroup> verb_groups() { return groups; }

}  // namespace vramlab
