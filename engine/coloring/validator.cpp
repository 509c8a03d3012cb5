#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "engine/coloring/solver.h"

namespace vramlab {
namespace {

std::string check_shape(const Instance& instance, const Plan& plan) {
  const std::size_t n = instance.buffers.size();
  if (plan.offsets.size() != n) return fmt::format("{} offsets for {} buffers", plan.offsets.size(), n);
  Bytes peak{};
  for (std::size_t i = 0; i < n; ++i) {
    const Buffer& b = instance.buffers[i];
    if (plan.offsets[i] % b.alignment != Bytes(0))
      return fmt::format("buffer {} at {} is not aligned to {}", name_of(instance, i), plan.offsets[i].value,
                         b.alignment.value);
    if (plan.offsets[i].value > ~std::uint64_t{0} - b.size.value)
      return fmt::format("buffer {} ends beyond 2^64", name_of(instance, i));
    peak = std::max(peak, plan.offsets[i] + b.size);
  }
  if (peak != plan.peak) return fmt::format("the peak is {}, not {} as stated", peak.value, plan.peak.value);
  return "";
}

// Buffers live at the time of the sweep, by offset.
class LiveSet {
 public:
  LiveSet(const Instance& instance, const Plan& plan) : instance_(instance), plan_(plan) {}

  std::string add(std::size_t i) {
    const auto above = live_.lower_bound(plan_.offsets[i]);
    if (above != live_.end() && overlap(i, above->second)) return describe(i, above->second);
    if (above != live_.begin() && overlap(i, std::prev(above)->second)) return describe(i, std::prev(above)->second);
    live_.emplace_hint(above, plan_.offsets[i], i);
    return "";
  }
  void remove(std::size_t i) { live_.erase(plan_.offsets[i]); }

 private:
  bool overlap(std::size_t a, std::size_t b) const {
    return plan_.offsets[a] < plan_.offsets[b] + instance_.buffers[b].size &&
           plan_.offsets[b] < plan_.offsets[a] + instance_.buffers[a].size;
  }
  std::string describe(std::size_t a, std::size_t b) const {
    const auto range = [this](std::size_t i) {
      return fmt::format("{} [{}, {})", name_of(instance_, i), plan_.offsets[i].value,
                         (plan_.offsets[i] + instance_.buffers[i].size).value);
    };
    return fmt::format("buffers {} and {} overlap at time {}", range(b), range(a), instance_.buffers[a].lower);
  }

  const Instance& instance_;
  const Plan& plan_;
  std::map<Bytes, std::size_t> live_;
};

}  // namespace

std::string check_plan(const Instance& instance, const Plan& plan) {
  if (std::string problem = check_shape(instance, plan); !problem.empty()) return problem;
  const std::size_t n = instance.buffers.size();
  std::vector<std::size_t> begins(n), ends(n);
  std::iota(begins.begin(), begins.end(), 0);
  ends = begins;
  const auto& b = instance.buffers;
  std::sort(begins.begin(), begins.end(), [&](std::size_t i, std::size_t j) { return b[i].lower < b[j].lower; });
  std::sort(ends.begin(), ends.end(), [&](std::size_t i, std::size_t j) { return b[i].upper < b[j].upper; });
  LiveSet live(instance, plan);
  std::size_t ended = 0;
  for (std::size_t i : begins) {
    for (; b[ends[ended]].upper <= b[i].lower; ++ended) live.remove(ends[ended]);
    if (std::string problem = live.add(i); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace vramlab
