// Header-only, as in the plug-in: no library to find at run time.
#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include "engine/cuda/block_sums.h"

#include <xxhash.h>

#include <iterator>

namespace vramlab {

std::uint64_t block_sum(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

BlockSums::Blocks::const_iterator BlockSums::first(std::uint64_t begin) const {
  const auto it = blocks_.lower_bound(begin);
  return it != blocks_.begin() && std::prev(it)->second.end() > begin ? std::prev(it) : it;
}

std::vector<SummedBlock> BlockSums::within(std::uint64_t begin, std::uint64_t end) const {
  const std::lock_guard lock(mutex_);
  std::vector<SummedBlock> found;
  for (auto it = first(begin); it != blocks_.end() && it->first < end; ++it) found.push_back(it->second);
  return found;
}

void BlockSums::set(const SummedBlock& block) {
  const std::lock_guard lock(mutex_);
  blocks_.insert_or_assign(block.offset, block);
}

void BlockSums::forget(std::uint64_t begin, std::uint64_t end) {
  const std::lock_guard lock(mutex_);
  for (auto it = first(begin); it != blocks_.end() && it->first < end;) it = blocks_.erase(it);
}

}  // namespace vramlab
