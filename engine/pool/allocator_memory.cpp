// Memory that runs short, or is plentiful.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/option.h"
#include "engine/pool/allocator_parts.h"

namespace vramlab {
namespace {

/// Live blocks by size, as SmartPool's tiers cut them.
struct SizeTier {
  std::string_view name;
  Bytes up_to{};
  std::uint64_t blocks = 0;
  Bytes bytes{};
};

class Holdings {
 public:
  void add(const BlockRecord& block) {
    if (!block.is_live()) return;
    SizeTier& tier =
        *std::find_if(tiers_.begin(), tiers_.end() - 1, [&](const SizeTier& t) { return block.requested <= t.up_to; });
    ++tier.blocks;
    tier.bytes += block.bytes;
    largest_.push_back(block);
    if (largest_.size() >= 2 * shown) cut();
  }
  std::string text() {
    std::string text = "; by size:";
    for (const SizeTier& tier : tiers_)
      if (tier.blocks > 0)
        text += fmt::format(" {} {} in {} blocks,", tier.name, format_bytes(tier.bytes), tier.blocks);
    text.back() = ';';
    text += " largest:";
    cut();
    for (const BlockRecord& block : largest_)
      text += fmt::format(" {} at {} (stream {}),", format_bytes(block.requested), address_text(block.address()),
                          block.stream().value);
    text.pop_back();
    return text;
  }
  bool empty() const { return largest_.empty(); }

 private:
  static constexpr std::size_t shown = 5;

  void cut() {
    std::sort(largest_.begin(), largest_.end(), [](const BlockRecord& a, const BlockRecord& b) {
      return a.requested != b.requested ? a.requested > b.requested : a.address() < b.address();
    });
    if (largest_.size() > shown) largest_.resize(shown);
  }

  std::array<SizeTier, 4> tiers_{SizeTier{"to 1 MiB", 1_MiB}, SizeTier{"to 16 MiB", 16_MiB},
                                 SizeTier{"to 256 MiB", 256_MiB}, SizeTier{"above", max_object_bytes}};
  std::vector<BlockRecord> largest_;
};

}  // namespace

void Allocator::release_caches() {
  for (StreamCache* cache : all_caches()) {
    const std::lock_guard held(cache->lock);
    const std::lock_guard guard(pool_lock_);
    give_back_list(*cache, cache->drain(records_, {}));
  }
}

void Allocator::empty_cache() {
  release_caches();
  const std::lock_guard guard(pool_lock_);
  pool_.empty_cache();
}

OptimizeResult Allocator::optimize() {
  release_caches();
  const std::lock_guard guard(pool_lock_);
  return pool_.optimize();
}

void Allocator::pressure(std::uint32_t used_per_mille) {
  {
    const std::lock_guard guard(pool_lock_);
    const CacheLimits& least = settings_.stream_cache;
    const CacheLimits more = usual_.scaled(1.5);
    if (used_per_mille > high_use) usual_ = least;
    if (used_per_mille < low_use && more.blocks <= std::uint64_t{least.blocks} * most_growth) usual_ = more;
  }
  for (StreamCache* cache : all_caches()) {
    const std::lock_guard held(cache->lock);
    const std::lock_guard guard(pool_lock_);
    if (closed_) return;
    if (used_per_mille > high_use) {
      cache->limits = usual_;
      give_back_list(*cache, cache->drain(records_, {cache->blocks / 2, cache->bytes / 2}));
    } else if (used_per_mille < low_use) {
      cache->limits = {std::max(cache->limits.blocks, usual_.blocks), std::max(cache->limits.bytes, usual_.bytes)};
    }
  }
  const std::lock_guard guard(pool_lock_);
  pool_.pressure(used_per_mille);
}

// --- Out of memory ---------------------------------------------------------------------------------------------------

// Waits for what rests, if the device behind the Port can be asked to.
void Allocator::await_parked() {
  DeviceRun* run = nullptr;
  {
    const std::lock_guard guard(pool_lock_);
    if (run_ == nullptr || waiting_.empty()) return;
    run = run_;
    for (const auto& [token, slot] : waiting_) run->synchronize(token);
  }
  poll(*run);
}

void Allocator::reclaim() {
  await_parked();
  release_caches();
  const std::lock_guard guard(pool_lock_);
  ++reclaims_;
  pool_.optimize();
}

void Allocator::explain_out_of_memory(Bytes bytes, const std::string& what) const {
  const AllocatorStats stats = statistics();
  std::string text = fmt::format(
      "no memory for {} after all caches were given back ({}): capacity {}, reserved {}, live {} "
      "({} requested), cached {}, waiting for other streams {}",
      format_bytes(bytes), what, format_bytes(stats.capacity), format_bytes(stats.reserved), format_bytes(stats.live),
      format_bytes(stats.requested), format_bytes(stats.cached), format_bytes(stats.parked));
  text += "; by stream:";
  for (StreamCache* cache : all_caches()) {
    const std::lock_guard held(cache->lock);
    const std::lock_guard guard(pool_lock_);
    StreamLoad load = cache->load;
    load += cache->direct;
    text +=
        fmt::format(" stream {} {} in {} blocks,", cache->stream.value, format_bytes(load.live), load.live_blocks());
  }
  text.pop_back();
  Holdings holdings;
  for_each_block([&](const BlockRecord& block) { holdings.add(block); });
  if (!holdings.empty()) text += holdings.text();
  throw OutOfMemory(text, {}, "free some of the largest, or raise the capacity");
}

}  // namespace vramlab
