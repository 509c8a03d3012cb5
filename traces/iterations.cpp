#include "traces/iterations.h"

#include <algorithm>
#include <vector>

namespace vramlab {
namespace {

constexpr std::size_t anchors = 8;

/// The allocations as a sequence of exact keys.
struct Requests {
  std::span<const Bytes> sizes;
  std::span<const StreamId> streams;

  std::size_t size() const { return sizes.size(); }
  std::uint64_t operator[](std::size_t i) const { return sizes[i].value | std::uint64_t{streams[i].value} << 48; }
};

/// z[i] = length of the longest common prefix of the sequence and its part from i on, for i in [1, count); `at(i)`
/// gives element i of `length`.
template <class At>
void z_function(std::size_t length, std::size_t count, const At& at, std::vector<std::uint32_t>& z) {
  z.assign(count, 0);
  std::size_t left = 0;
  std::size_t right = 0;  // [left, right) is the match found so far that ends last
  for (std::size_t i = 1; i < count; ++i) {
    std::size_t match = i < right ? std::min<std::size_t>(right - i, z[i - left]) : 0;
    while (i + match < length && at(match) == at(i + match)) ++match;
    z[i] = static_cast<std::uint32_t>(match);
    if (i + match > right) {
      left = i;
      right = i + match;
    }
  }
}

/// Stretches that hold an anchor m and m + p.
class AnchoredSearch {
 public:
  explicit AnchoredSearch(const Requests& requests) : requests_(requests) {}

  void search(std::size_t anchor, Repetition& best) {
    const std::size_t after = requests_.size() - anchor;
    z_function(after, after, [&](std::size_t i) { return requests_[anchor + i]; }, right_);
    match_backwards(anchor);
    for (std::size_t period = 1; period < after; ++period) {
      const std::uint64_t left = left_[anchor + 1 + after - period];
      const std::uint64_t length = left + right_[period] + period;
      if (length >= 2 * period && (length > best.length || (length == best.length && period < best.period)))
        best = {anchor - left, length, period};
    }
  }

 private:
  /// left_[anchor + 1 + after - p] = length of the longest common suffix of the sequence up to the anchor and up to
  /// p after it: the Z-function of (part before the anchor, reversed), a mark, (the whole sequence, reversed).
  void match_backwards(std::size_t anchor) {
    constexpr std::uint64_t mark = ~std::uint64_t{0};  // no key: sizes stay below 2^48, 65535 is no stream
    const std::size_t n = requests_.size();
    const auto at = [&](std::size_t i) {
      if (i < anchor) return requests_[anchor - 1 - i];
      return i == anchor ? mark : requests_[n - (i - anchor)];
    };
    z_function(anchor + 1 + n, n + 1, at, left_);
  }

  const Requests& requests_;
  std::vector<std::uint32_t> right_;
  std::vector<std::uint32_t> left_;
};

}  // namespace

Repetition find_repetition(std::span<const Bytes> sizes, std::span<const StreamId> streams) {
  const Requests requests{sizes, streams};
  AnchoredSearch search(requests);
  Repetition best;
  const std::size_t n = requests.size();
  for (std::size_t i = 0; i < anchors && n > 1; ++i) search.search(n / anchors * i + n % anchors * i / anchors, best);
  return best.length >= (n + 3) / 4 ? best : Repetition{};
}

}  // namespace vramlab
