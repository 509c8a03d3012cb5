#pragma once
// Sums of what was written to the disk tier, block by block: what comes back is held against them.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace vramlab {

/// XXH3-64.
std::uint64_t block_sum(std::span<const std::byte> bytes);

struct SummedBlock {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sum = 0;
  std::uint64_t end() const { return offset + bytes; }
};

/// Blocks begin where a write began and have at most block_bytes; they never overlap. THREAD-SAFETY: all.
class BlockSums {
 public:
  static constexpr std::size_t block_bytes = std::size_t{1} << 20;

  /// Those that overlap [begin, end), ascending.
  std::vector<SummedBlock> within(std::uint64_t begin, std::uint64_t end) const;
  /// REQUIRES: overlaps none.
  void set(const SummedBlock& block);
  /// Forgets every block that overlaps [begin, end), with what of it lies outside.
  void forget(std::uint64_t begin, std::uint64_t end);

 private:
  using Blocks = std::map<std::uint64_t, SummedBlock>;
  Blocks::const_iterator first(std::uint64_t begin) const;

  mutable std::mutex mutex_;
  Blocks blocks_;
};

}  // namespace vramlab
