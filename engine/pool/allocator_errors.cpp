// What is said of calls that cannot be right, and what the allocator tells of itself.

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/check.h"
#include "engine/core/option.h"
#include "engine/pool/allocator_parts.h"

namespace vramlab {
namespace {

std::string block_text(const BlockRecord& block) {
  return fmt::format("{} of stream {}", format_bytes(block.requested), block.stream().value);
}

}  // namespace

std::string address_text(Address address) { return fmt::format("{:#x}", address.value); }

void Allocator::wrong_size(Bytes bytes) const {
  if (bytes == Bytes(0)) throw PoolError("allocation of 0 bytes", {}, "ask for at least one byte");
  throw PoolError(
      fmt::format("allocation of {}, more than the {} that there can be", format_bytes(bytes), format_bytes(most_)), {},
      "ask for less, or raise the capacity");
}

std::string Allocator::history_text(Address address) const {
  return history_ != nullptr ? history_->text(address) : std::string();
}

// `found` is what the table had for the address; its lock is held.
void Allocator::not_live(const char* what, Address address, const BlockRecord& found) const {
  if (found.address() != address)
    throw PoolError(
        fmt::format("{} of {}, where no block begins{}", what, address_text(address), history_text(address)), {},
        "pass an address as it was returned");
  throw PoolError(fmt::format("{} of {} ({}), which has been freed already{}", what, address_text(address),
                              block_text(found), history_text(address)),
                  {}, "free a block once, and use it no more");
}

// No lock is held: looks at every block.
void Allocator::not_ours(const char* what, Address address) const {
  std::string inside;
  for_each_block([&](const BlockRecord& block) {
    if (block.address() < address && address < block.address() + block.bytes)
      inside =
          fmt::format(", which lies {} inside the block at {} ({}{})", format_bytes(distance(block.address(), address)),
                      address_text(block.address()), block_text(block), block.is_live() ? "" : ", freed already");
  });
  if (inside.empty()) inside = ", which is no block of this allocator, or was freed already";
  throw PoolError(fmt::format("{} of {}{}{}", what, address_text(address), inside, history_text(address)), {},
                  "pass an address as it was returned, once");
}

std::vector<BlockRecord> Allocator::blocks() const {
  std::vector<BlockRecord> all;
  for_each_block([&all](const BlockRecord& block) { all.push_back(block); });
  return all;
}

AllocatorStats Allocator::statistics() const {
  StreamLoad all;
  AllocatorStats stats;
  for (StreamCache* cache : all_caches()) {
    const std::lock_guard held(cache->lock);
    const std::lock_guard guard(pool_lock_);
    all += cache->load;
    all += cache->direct;
    stats.cache_misses += cache->load.allocations - cache->load.hits;
    stats.cached += cache->bytes;
    stats.parked += cache->parked;
  }
  stats.allocations = all.allocations;
  stats.frees = all.frees;
  stats.cache_hits = all.hits;
  stats.live = all.live;
  stats.requested = all.requested;
  stats.all_requested = all.all_requested;
  stats.peak_live = all.peak;
  stats.leak_limit = settings_.leak_warning;
  const std::lock_guard guard(pool_lock_);
  stats.reclaims = reclaims_;
  stats.reserved = port_.reserved();
  stats.peak_reserved = port_.peak_reserved();
  stats.capacity = port_.capacity();
  stats.pool = pool_.stats();
  return stats;
}

AllocationAdvice Allocator::analyze_allocation_patterns() const {
  if (history_ == nullptr)
    throw ConfigError("advice needs the allocator's history", {}, "set its option debug_history");
  AllocationAdvice advice = advise(history_->events());
  const AllocatorStats stats = statistics();
  if (stats.allocations > 0 && stats.cache_hit_rate() < 0.5)
    advice.remarks.push_back(fmt::format("caches serve {:.0f}% of what they might: warm them up, or let them keep more",
                                         100 * stats.cache_hit_rate()));
  if (stats.fragmentation() > 0.3)
    advice.remarks.push_back(
        fmt::format("{:.0f}% of the reserved memory is not in use: call optimize(), or take "
                    "another segment size",
                    100 * stats.fragmentation()));
  return advice;
}

PerformanceContext Allocator::performance_context(AllocatorStats& result) const {
  return PerformanceContext(*this, result);
}

PerformanceContext::PerformanceContext(const Allocator& allocator, AllocatorStats& result)
    : allocator_(allocator), result_(result), begin_(allocator.statistics()) {}

PerformanceContext::~PerformanceContext() { result_ = since(begin_, allocator_.statistics()); }

void Allocator::validate() const {
  for (StreamCache* cache : all_caches()) {
    const std::lock_guard guard(cache->lock);
    cache->validate(records_);
  }
  std::uint64_t blocks = 0;
  Bytes held{};
  for_each_block([&](const BlockRecord& block) {
    const std::uint32_t slot = table_.find(block.address());
    VRAMLAB_CHECK(slot != none && records_[slot].address() == block.address(), "the table does not know a block");
    ++blocks;
    held += block.bytes;
  });
  const std::lock_guard guard(pool_lock_);
  pool_.validate();
  const PoolStats stats = pool_.stats();
  VRAMLAB_CHECK(blocks == stats.allocations - stats.frees, "the allocator's blocks and the pool's differ in number");
  VRAMLAB_CHECK(held <= stats.allocated, "the pool gave less than its blocks hold");
}

}  // namespace vramlab
