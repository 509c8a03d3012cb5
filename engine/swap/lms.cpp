// Large model support as in TensorFlow (T. D. Le, H. Imai, Y. Negishi, K. Kawachiya, "TFLMS: Large model support in
// TensorFlow by graph rewriting", arXiv:1807.02037, 2018; IBM's later versions keep its tunables): wherever two
// consecutive uses of a tensor lie more than `threshold` operators apart, a swap-out follows the one and a swap-in is
// placed `lb` operators before the other. The graph is the AccessProgram in its recorded order. The rule knows neither
// times nor the limit. Memory is given up when it is needed, as soon as the transfer is over.

#include <algorithm>

#include "engine/swap/timetable.h"

namespace vramlab {
namespace {

std::vector<TimetableEntry> lms_timetable(const AccessProgram& program, std::uint32_t threshold, std::uint32_t lb,
                                          bool persistent) {
  std::vector<TimetableEntry> entries;
  for (const ProgramObject& object : program.objects) {
    if (object.before && !persistent) continue;
    for (std::size_t i = 1; i < object.accesses.size(); ++i) {
      const std::uint32_t before = object.accesses[i - 1].slot, after = object.accesses[i].slot;
      if (after - before <= threshold) continue;
      entries.push_back(
          {.object = object.id, .out = before + 1, .in = std::max(before + 2, after - std::min(after, lb))});
    }
  }
  return entries;
}

constexpr OptionSpec options[] = {
    {.name = "threshold",
     .kind = OptionKind::integer,
     .default_text = "50",
     .reason = "operators between two uses beyond which a tensor leaves (TFLMS searches its own, model by model)",
     .at_least = 1,
     .at_most = 1e9},
    {.name = "lb",
     .kind = OptionKind::integer,
     .default_text = "1",
     .reason = "operators before its use at which a tensor is brought back (TFLMS's default)",
     .at_least = 0,
     .at_most = 1e9},
    {.name = "persistent",
     .kind = OptionKind::flag,
     .default_text = "false",
     .reason = "true: what was there before the first operator leaves too; the published rule keeps variables"},
    {.name = "on_demand",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "where the rule is not enough the least recently used go too; false: lack of memory, as published"}};

}  // namespace

SwapInfo lms_swap_row() {
  return {.name = "lms",
          .summary = "what is not used for more than so many operators leaves, and returns so many ahead (TFLMS)",
          .options = options,
          .needs_program = true,
          .make = [](const OptionValues& values, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            const auto figure = [&](std::string_view name) { return static_cast<std::uint32_t>(values.integer(name)); };
            return std::make_unique<TimetablePolicy>(
                context, lms_timetable(*context.program, figure("threshold"), figure("lb"), values.flag("persistent")),
                values.flag("on_demand"));
          }};
}

}  // namespace vramlab
