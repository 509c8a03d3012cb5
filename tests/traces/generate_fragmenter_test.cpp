#include "traces/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "engine/core/error.h"
#include "generated.h"

namespace vramlab {
namespace {

using namespace vramlab::test;

/// Best fit over an address space without end, the lowest address among equal holes.
class BestFitHeap {
 public:
  void alloc(std::uint32_t object, std::uint64_t size) {
    auto best = holes_.end();
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole)
      if (hole->second >= size && (best == holes_.end() || hole->second < best->second)) best = hole;
    std::uint64_t at = end_;
    if (best == holes_.end()) {
      end_ += size;
    } else {
      at = best->first;
      if (best->second > size) holes_.emplace(at + size, best->second - size);
      holes_.erase(best);
    }
    places_[object] = {at, size};
  }
  void free(std::uint32_t object) {
    auto [at, size] = places_.at(object);
    places_.erase(object);
    auto next = holes_.lower_bound(at);
    if (next != holes_.end() && next->first == at + size) {
      size += next->second;
      next = holes_.erase(next);
    }
    if (next != holes_.begin() && std::prev(next)->first + std::prev(next)->second == at) {
      std::prev(next)->second += size;
    } else {
      holes_.emplace(at, size);
    }
  }
  std::uint64_t end() const { return end_; }

 private:
  std::map<std::uint64_t, std::uint64_t> holes_;
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> places_;
  std::uint64_t end_ = 0;
};

TEST(Fragmenter, MakesBestFitTakeHalfOfTheLimitAnewInEachPhase) {
  const std::uint64_t limit = 128 * 1024;
  const Trace trace = made("fragmenter", 1, 0, {{"limit", std::to_string(limit)}, {"phases", "6"}});
  BestFitHeap heap;
  std::uint64_t live = 0, most_live = 0;
  walk(trace, [&](EventKind kind, std::uint32_t object, std::size_t) {
    const std::uint64_t size = trace.sizes[object].value;
    kind == EventKind::alloc ? heap.alloc(object, size) : heap.free(object);
    live = kind == EventKind::alloc ? live + size : live - size;
    most_live = std::max(most_live, live);
  });
  EXPECT_EQ(most_live, limit);
  EXPECT_EQ(heap.end(), limit * 4);  // 1 + 6/2
  EXPECT_EQ(live, 0u);
}

}  // namespace
}  // namespace vramlab
