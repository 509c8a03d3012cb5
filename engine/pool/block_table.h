#pragma once
// Which slot serves an address: three levels of arrays over addresses in units of 512 bytes, read without a lock.
//
// MEMORY: 2 MiB for the root; 4 KiB for each GiB of addresses in which a block begins; 16 KiB for each 2 MiB in which
// two blocks begin at once (0.8% of what they cover; one block alone is noted in the level above). Arrays that nothing
// uses are used again for other addresses, never freed: a reader with an address that is not live may look into one
// that has changed its place, so what it finds is a hint that the slot's own address must confirm.

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// THREAD-SAFETY: find() from any thread at any time; insert() and erase() by one thread at a time.
class BlockTable {
 public:
  static constexpr std::uint32_t no_slot = ~std::uint32_t{0};
  /// Addresses stay below this.
  static constexpr Address end{std::uint64_t{1} << 48};

  BlockTable();
  ~BlockTable();

  /// The slot of the block that begins at `address`: right where it is live, else any slot or no_slot.
  std::uint32_t find(Address address) const {
    const std::uint64_t unit = address.value >> unit_bits;
    if (address >= end) [[unlikely]]
      return no_slot;
    const Middle* middle = root_[unit >> (leaf_bits + middle_bits)].load(std::memory_order_acquire);
    if (middle == nullptr) [[unlikely]]
      return no_slot;
    const std::uint64_t word = middle->words[unit >> leaf_bits & middle_mask].load(std::memory_order_acquire);
    if (is_single(word)) return single_unit(word) == (unit & leaf_mask) ? single_slot(word) : no_slot;
    if (word == 0) [[unlikely]]
      return no_slot;
    return leaf_of(word)->slots[unit & leaf_mask].load(std::memory_order_acquire) - 1;
  }

  /// REQUIRES: a multiple of 512 below `end` that is not in the table; slot < no_slot - 1.
  void insert(Address address, std::uint32_t slot);
  /// REQUIRES: `address` is in the table.
  void erase(Address address);

 private:
  static constexpr unsigned unit_bits = 9;    // 512 bytes
  static constexpr unsigned leaf_bits = 12;   // a leaf covers 2 MiB
  static constexpr unsigned middle_bits = 9;  // a middle covers 1 GiB
  static constexpr unsigned root_bits = 18;   // all covers 2^48 bytes
  static constexpr std::uint64_t leaf_mask = (1u << leaf_bits) - 1;
  static constexpr std::uint64_t middle_mask = (1u << middle_bits) - 1;

  struct Leaf {
    std::array<std::atomic<std::uint32_t>, 1u << leaf_bits> slots{};  // slot + 1; 0 = none
    std::uint32_t used = 0;
  };
  struct Middle {
    std::array<std::atomic<std::uint64_t>, 1u << middle_bits> words{};  // 0 = none, a single block, or a leaf
    std::uint32_t used = 0;
  };

  // A single block: slot in the high half, unit below bit 13, bit 0 set. Leaves are aligned: bit 0 clear.
  static std::uint64_t single(std::uint64_t unit, std::uint32_t slot) {
    return std::uint64_t{slot} << 32 | (unit & leaf_mask) << 1 | 1;
  }
  static bool is_single(std::uint64_t word) { return (word & 1) != 0; }
  static std::uint64_t single_unit(std::uint64_t word) { return word >> 1 & leaf_mask; }
  static std::uint32_t single_slot(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
  static Leaf* leaf_of(std::uint64_t word) { return std::bit_cast<Leaf*>(word); }

  Middle& middle_for(std::uint64_t unit);
  static void put(Leaf& leaf, std::uint64_t unit, std::uint32_t slot);

  std::unique_ptr<std::atomic<Middle*>[]> root_;
  std::vector<std::unique_ptr<Leaf>> leaves_;  // all ever made
  std::vector<std::unique_ptr<Middle>> middles_;
  std::vector<Leaf*> idle_leaves_;
  std::vector<Middle*> idle_middles_;
};

}  // namespace vramlab
