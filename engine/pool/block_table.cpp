#include "engine/pool/block_table.h"

#include "engine/core/check.h"

namespace vramlab {
namespace {

// An array that nothing uses, or a new one.
template <class Array>
Array* take(std::vector<Array*>& idle, std::vector<std::unique_ptr<Array>>& all) {
  if (idle.empty()) {
    idle.reserve(all.size() + 1);  // so that giving one back needs no memory
    all.push_back(std::make_unique<Array>());
    return all.back().get();
  }
  Array* array = idle.back();
  idle.pop_back();
  return array;
}

}  // namespace

BlockTable::BlockTable() : root_(std::make_unique<std::atomic<Middle*>[]>(std::size_t{1} << root_bits)) {}
BlockTable::~BlockTable() = default;

BlockTable::Middle& BlockTable::middle_for(std::uint64_t unit) {
  std::atomic<Middle*>& entry = root_[unit >> (leaf_bits + middle_bits)];
  Middle* middle = entry.load(std::memory_order_relaxed);
  if (middle == nullptr) {
    middle = take(idle_middles_, middles_);
    entry.store(middle, std::memory_order_release);
  }
  return *middle;
}

void BlockTable::put(Leaf& leaf, std::uint64_t unit, std::uint32_t slot) {
  leaf.slots[unit & leaf_mask].store(slot + 1, std::memory_order_release);
  ++leaf.used;
}

void BlockTable::insert(Address address, std::uint32_t slot) {
  VRAMLAB_CHECK(address < end && address.value % 512 == 0, "a block's address is beyond the table, or not aligned");
  const std::uint64_t unit = address.value >> unit_bits;
  Middle& middle = middle_for(unit);
  std::atomic<std::uint64_t>& entry = middle.words[unit >> leaf_bits & middle_mask];
  const std::uint64_t word = entry.load(std::memory_order_relaxed);
  if (word == 0) {
    entry.store(single(unit, slot), std::memory_order_release);
    ++middle.used;
  } else if (is_single(word)) {
    Leaf* leaf = take(idle_leaves_, leaves_);
    put(*leaf, single_unit(word), single_slot(word));
    put(*leaf, unit, slot);
    entry.store(reinterpret_cast<std::uint64_t>(leaf), std::memory_order_release);
  } else {
    put(*leaf_of(word), unit, slot);
  }
}

void BlockTable::erase(Address address) {
  const std::uint64_t unit = address.value >> unit_bits;
  std::atomic<Middle*>& root_entry = root_[unit >> (leaf_bits + middle_bits)];
  Middle* middle = root_entry.load(std::memory_order_relaxed);
  VRAMLAB_CHECK(middle != nullptr, "erased an address that is not in the table");
  std::atomic<std::uint64_t>& entry = middle->words[unit >> leaf_bits & middle_mask];
  const std::uint64_t word = entry.load(std::memory_order_relaxed);
  if (!is_single(word)) {
    Leaf* leaf = leaf_of(word);
    leaf->slots[unit & leaf_mask].store(0, std::memory_order_release);
    if (--leaf->used > 0) return;
    idle_leaves_.push_back(leaf);
  }
  entry.store(0, std::memory_order_release);
  if (--middle->used > 0) return;
  root_entry.store(nullptr, std::memory_order_release);
  idle_middles_.push_back(middle);
}

}  // namespace vramlab
