#include "engine/pool/two_level_cache.h"

#include <algorithm>

#include "engine/core/check.h"

namespace vramlab {

TwoLevelCache::TwoLevelCache(const Limits& limits, Bytes largest) : limits_(limits), largest_(largest.value) {
  add_level(shared);
}

void TwoLevelCache::add_level(std::uint32_t level) {
  if (level >= levels_.size()) levels_.resize(std::size_t{level} + 1);
  levels_[level].first.assign(class_of(largest_) + std::size_t{1}, no_entry);
}

NodeIndex TwoLevelCache::take_oldest() {
  for (const Level& level : levels_)
    if (level.count > 0) return remove(level.oldest);
  return no_node;
}

void TwoLevelCache::set_limits(const Limits& limits) { limits_ = limits; }

std::uint32_t TwoLevelCache::count_of(StreamId stream) const {
  const std::size_t level = stream.value + std::size_t{1};
  return level < levels_.size() ? levels_[level].count : 0;
}

void TwoLevelCache::validate() const {
  std::uint32_t count = 0;
  std::uint64_t bytes = 0;
  for (std::uint32_t l = 0; l < levels_.size(); ++l) {
    const Level& level = levels_[l];
    std::uint32_t aged = 0, stacked = 0;
    for (std::uint32_t e = level.oldest, older = no_entry; e != no_entry; older = e, e = entries_[e].newer) {
      VRAMLAB_CHECK(entries_[e].older == older && entries_[e].level == l, "the ages of cached blocks are out of order");
      bytes += std::uint64_t{entries_[e].size_class} << 9;
      ++aged;
    }
    for (std::uint32_t c = 0; c < level.first.size(); ++c)
      for (std::uint32_t e = level.first[c], above = no_entry; e != no_entry; above = e, e = entries_[e].below) {
        VRAMLAB_CHECK(entries_[e].size_class == c && entries_[e].above == above, "a cached block is in a wrong class");
        ++stacked;
      }
    VRAMLAB_CHECK(aged == level.count && stacked == level.count, "cached blocks of a level are counted wrongly");
    count += aged;
  }
  VRAMLAB_CHECK(count == count_ && bytes == bytes_, "cached blocks are counted wrongly");
}

}  // namespace vramlab
