#include "experiments/limit_search.h"

#include <algorithm>
#include <bit>
#include <map>

namespace vramlab {
namespace {

/// Tries points 0 (low) to last (high), each once.
class LimitTrials {
 public:
  LimitTrials(const LimitRange& range, const std::function<bool(Bytes)>& suffices,
              const std::function<void(double)>& progress)
      : range_(range), suffices_(suffices), progress_(progress), last_(last_point(range)) {
    expected_ = 2 * static_cast<double>(std::bit_width(last_)) + 2;
  }

  std::uint64_t last() const { return last_; }
  std::uint64_t count() const { return known_.size(); }
  Bytes limit_of(std::uint64_t point) const { return point == last_ ? range_.high : range_.low + range_.step * point; }

  bool operator()(std::uint64_t point) {
    if (const auto found = known_.find(point); found != known_.end()) return found->second;
    const bool result = suffices_(limit_of(point));
    known_.emplace(point, result);
    if (progress_) progress_(std::min(1.0, static_cast<double>(known_.size()) / expected_));
    return result;
  }

  /// The least point between the next one below that is known not to suffice and `good`, if larger ones never were
  /// worse.
  std::uint64_t bisect(std::uint64_t good) {
    std::uint64_t bad = 0;
    for (const auto& [point, suffices] : known_)
      if (!suffices && point < good) bad = point;
    while (good - bad > 1) {
      const std::uint64_t middle = bad + (good - bad) / 2;
      ((*this)(middle) ? good : bad) = middle;
    }
    return good;
  }

  /// A point 2, 4, 8, ... below `good` that suffices; `good` where there is none.
  std::uint64_t probe_below(std::uint64_t good) {
    for (std::uint64_t distance = 2; distance < good; distance *= 2)
      if ((*this)(good - distance)) return good - distance;
    return good;
  }

 private:
  static std::uint64_t last_point(const LimitRange& range) {
    if (range.high <= range.low) return 0;
    return ((range.high - range.low).value + range.step.value - 1) / range.step.value;
  }

  const LimitRange& range_;
  const std::function<bool(Bytes)>& suffices_;
  const std::function<void(double)>& progress_;
  std::uint64_t last_;
  double expected_ = 0;
  std::map<std::uint64_t, bool> known_;
};

std::optional<std::uint64_t> least_point(LimitTrials& trials) {
  const std::uint64_t first = trials(trials.last()) ? trials.last() : trials.probe_below(trials.last());
  if (!trials(first)) return std::nullopt;
  if (trials(0)) return 0;
  std::uint64_t good = trials.bisect(first);
  for (std::uint64_t below = trials.probe_below(good); below < good; below = trials.probe_below(good))
    good = trials.bisect(below);
  return good;
}

}  // namespace

FoundLimit least_limit(const LimitRange& range, const std::function<bool(Bytes)>& suffices,
                       const std::function<void(double)>& progress) {
  LimitTrials trials(range, suffices, progress);
  const std::optional<std::uint64_t> point = least_point(trials);
  return {point ? std::optional(trials.limit_of(*point)) : std::nullopt, trials.limit_of(trials.last()),
          trials.count()};
}

}  // namespace vramlab
