#include "engine/replay/fidelity.h"

#include <algorithm>
#include <vector>

#include "engine/core/check.h"

namespace vramlab {
namespace {

// Of what `value` gives of each run.
template <class Value>
auto median(std::span<const Fidelity> runs, const Value& value) {
  std::vector<decltype(value(runs.front()))> values;
  values.reserve(runs.size());
  for (const Fidelity& run : runs) values.push_back(value(run));
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <class Value>
std::optional<double> spread(std::span<const Fidelity> runs, const Value& value) {
  const auto [least, most] = std::minmax_element(
      runs.begin(), runs.end(), [&](const Fidelity& a, const Fidelity& b) { return value(a) < value(b); });
  const Nanoseconds middle = median(runs, value);
  if (middle <= Nanoseconds(0)) return std::nullopt;
  return static_cast<double>((value(*most) - value(*least)).value) / static_cast<double>(middle.value);
}

Nanoseconds window(const Fidelity& run) { return run.measured.window.value_or(Nanoseconds(0)); }
Nanoseconds calls(const Fidelity& run) { return run.measured.calls; }

}  // namespace

// What the model predicted is the same in every run.
Fidelity median_of(std::span<const Fidelity> runs) {
  VRAMLAB_CHECK(!runs.empty(), "the median of no run");
  Fidelity result = runs.back();
  RunTimes& measured = result.measured;
  result.runs = runs.size();
  if (measured.window) measured.window = median(runs, window);
  measured.calls = median(runs, calls);
  measured.transfers = median(runs, [](const Fidelity& run) { return run.measured.transfers; });
  for (std::size_t kind = 0; kind < call_kinds; ++kind)
    measured.by_kind[kind].time = median(runs, [kind](const Fidelity& run) { return run.measured.by_kind[kind].time; });
  PacingCounts& pacing = result.pacing;
  pacing.late = median(runs, [](const Fidelity& run) { return run.pacing.late; });
  pacing.late_time = median(runs, [](const Fidelity& run) { return run.pacing.late_time; });
  pacing.held = median(runs, [](const Fidelity& run) { return run.pacing.held; });
  pacing.held_time = median(runs, [](const Fidelity& run) { return run.pacing.held_time; });
  if (runs.size() == 1) return result;
  if (measured.window) result.window_spread = spread(runs, window);
  result.call_spread = spread(runs, calls);
  return result;
}

std::optional<double> relative_error(std::optional<Nanoseconds> predicted, std::optional<Nanoseconds> measured) {
  if (!predicted || !measured) return std::nullopt;
  if (*predicted == *measured) return 0.0;
  if (measured->value == 0) return std::nullopt;
  return static_cast<double>(predicted->value) / static_cast<double>(measured->value) - 1;
}

std::optional<Nanoseconds> mean_iteration(std::optional<Nanoseconds> window, std::uint64_t iterations) {
  if (!window || iterations == 0) return std::nullopt;
  return *window / static_cast<std::int64_t>(iterations);
}

}  // namespace vramlab
