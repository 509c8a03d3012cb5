#include "engine/pool/tiered.h"

#include <algorithm>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr Bytes granule = 512_B;

// Free over held, in millionths.
std::uint32_t fragmentation_of(const PoolStats& stats) {
  const std::uint64_t held = (stats.allocated + stats.cached).value;
  return held == 0 ? 0 : static_cast<std::uint32_t>(stats.cached.value * 1'000'000 / held);
}

// Addresses are plentiful; holes that are too small for anything must not exhaust them.
Bytes range_bytes(Bytes device_memory) {
  const Bytes memory = device_memory == Bytes(0) ? 256_GiB : device_memory;
  return memory > max_space / 4 ? max_space : memory * 4;
}

}  // namespace

TieredPool::TieredPool(Port& port, const tiered::Settings& settings, Bytes device_memory)
    : port_(port),
      settings_(settings),
      memory_(port, settings.tiers(), range_bytes(device_memory), settings.scan),
      graph_(memory_.graph()),
      until_check_(settings.interval),
      until_advance_(std::max<std::uint64_t>(1, settings.window / SizeHistory::parts)) {}

void TieredPool::allocate(const AllocRequest& request) {
  check_request(request.bytes);
  live_.check_unused(request.block);
  const std::uint64_t size = round_up(request.bytes, granule).value;
  const std::size_t t = settings_.tier_of(request.bytes.value);
  NodeIndex n = find(t, size);
  if (n == no_node) {
    n = grow(request, t, size);
  } else {
    ++report_.tiers[t].served_at_once;
  }
  n = memory_.tier(graph_[n].space).take(n, size, end_for(n, request.hints));
  deaths_.note(n, request.hints, now());
  history_[graph_[n].space].on_allocate(size);
  total_.on_allocate(size);
  put(request, n);
  count_request();
}

inline NodeIndex TieredPool::find(std::size_t t, std::uint64_t size) const {
  const NodeIndex n = memory_.tier(t).find(size);
  return n == no_node && t > 0 && settings_.share_tiers ? find_elsewhere(t, size) : n;
}

// The smallest block that fits in the other tiers, but for the small one: few small objects would pin many pages, and
// large ones would scatter the small.
NodeIndex TieredPool::find_elsewhere(std::size_t t, std::uint64_t size) const {
  NodeIndex best = no_node;
  for (std::size_t other = 1; other < memory_.tiers(); ++other) {
    if (other == t) continue;
    const NodeIndex n = memory_.tier(other).find(size);
    if (n != no_node && (best == no_node || graph_[n].size < graph_[best].size)) best = n;
  }
  return best;
}

inline void TieredPool::put(const AllocRequest& request, NodeIndex n) {
  const BlockNode& block = graph_[n];
  live_.set(request.block, n);
  stats_.allocated += Bytes(block.size);
  ++stats_.allocations;
  memory_.see(request.stream);
  memory_.fence().use(memory_.tier(block.space), block, request.stream);
  place(request.block, n, request.stream);
  if (request.hints.relocatable) [[unlikely]]
    movable_[n] = {request.block, request.hints.priority};
}

void TieredPool::release(BlockId slot) {
  const NodeIndex n = live_.at(slot);
  live_.clear(slot);
  port_.release(slot);
  const BlockNode& block = graph_[n];
  stats_.allocated -= Bytes(block.size);
  ++stats_.frees;
  TierSpace& tier = memory_.tier(block.space);
  memory_.fence().leave(tier, block, StreamId(static_cast<std::uint16_t>(block.stream)));
  history_[block.space].on_free(block.size);
  total_.on_free(block.size);
  if (!movable_.empty()) [[unlikely]]
    movable_.erase(n);
  tier.give_back(n);
}

BlockEnd TieredPool::end_for(NodeIndex n, const AllocHints& hints) const {
  if (!settings_.by_lifetime || !DeathTimes::known(hints)) return BlockEnd::low;
  return deaths_.nearer_above(graph_, n, DeathTimes::expected(hints, now())) ? BlockEnd::high : BlockEnd::low;
}

void TieredPool::expect_release(BlockId block, unsigned nearness) const {
  live_.expect_release(graph_, block, nearness);
}

void TieredPool::expect_allocate(Bytes bytes, unsigned nearness) const {
  if (nearness == 0) return;
  const NodeIndex n = memory_.tier(settings_.tier_of(bytes.value)).find(round_up(bytes, granule).value);
  if (n != no_node) graph_.prefetch(n, nearness);
}

Address TieredPool::address_of(BlockId block) const { return Address(graph_[live_.at(block)].address); }

// --- Growth ----------------------------------------------------------------------------------------------------------

// With what is predicted; where that is refused, with what is needed, out of whatever is free anywhere; and then once
// more, after objects were moved out of each other's way.
NodeIndex TieredPool::grow(const AllocRequest& request, std::size_t t, std::uint64_t size) {
  TierReport& report = report_.tiers[t];
  if (try_growth(t, size, true)) {
    ++report.served_by_growth;
    return memory_.tier(t).find(size);
  }
  ++stats_.cache_releases;
  NodeIndex n = memory_.revive() > 0 ? find(t, size) : no_node;
  if (n == no_node && (try_growth(t, size, false) || (move_objects() > Bytes(0) && try_growth(t, size, false))))
    n = memory_.tier(t).find(size);
  if (n == no_node) {
    ++report.failed;
    out_of_memory("tiered", request.bytes, port_, stats_.allocated);
  }
  ++report.served_after_reclaim;
  return n;
}

bool TieredPool::try_growth(std::size_t t, std::uint64_t size, bool first_try) {
  const TierMemory::Grown grown = memory_.grow({.tier = t,
                                                .size = size,
                                                .fresh = first_try ? fresh_pages(size) : 0,
                                                .extra = first_try && settings_.predict ? predicted_pages(t) : 0,
                                                .move = settings_.move_on_growth || !first_try});
  TierReport& report = report_.tiers[t];
  report.growths += grown.done;
  report.pages_created += grown.created;
  report.pages_moved += grown.moved;
  report.pages_predicted += grown.extra;
  return grown.done;
}

// Moving pages costs device calls again and again, a page created for good only once: up to a small share of the
// recent peak, new pages are the better choice.
std::uint64_t TieredPool::fresh_pages(std::uint64_t size) const {
  const std::uint64_t load = std::max(total_.recent_peak(), stats_.allocated.value + size);
  const std::uint64_t limit = settings_.slack == 0 ? 0 : load + load / settings_.slack;
  const std::uint64_t reserved = port_.reserved().value;
  return limit > reserved ? (limit - reserved) / TierSpace::page.value : 0;
}

// The peaks of the tier rise on as they did lately.
std::uint64_t TieredPool::predicted_pages(std::size_t t) const {
  return std::min(history_[t].rise(), settings_.step[t]) / TierSpace::page.value;
}

// --- Defragmentation -------------------------------------------------------------------------------------------------

inline void TieredPool::count_request() {
  if (--until_advance_ == 0) [[unlikely]] {
    until_advance_ = std::max<std::uint64_t>(1, settings_.window / SizeHistory::parts);
    for (SizeHistory& history : history_) history.advance();
  }
  if (--until_check_ == 0) [[unlikely]]
    check();
}

void TieredPool::check() {
  until_check_ = settings_.interval;
  total_.advance();
  if (!settings_.defragment) return;
  const bool pressed =
      port_.capacity() != unlimited_bytes && port_.reserved() > port_.capacity() / 1000 * settings_.pressure_threshold;
  if (!pressed && fragmentation_of(stats()) <= settings_.fragmentation_threshold) return;
  ++report_.optimizations;
  move_objects();
  trim(pages_to_spare());
}

// Pages beyond what the last eight intervals had use for. A valley of the load is no reason to give pages back: they
// would be created again before the next peak.
std::uint64_t TieredPool::pages_to_spare() const {
  const std::uint64_t peak = total_.recent_peak();
  const std::uint64_t keep = peak + (settings_.slack == 0 ? 0 : peak / settings_.slack);
  const std::uint64_t reserved = port_.reserved().value - memory_.retiring_pages() * TierSpace::page.value;
  return reserved > keep ? (reserved - keep) / TierSpace::page.value : 0;
}

// The tier that holds most beyond its own recent peak gives first.
void TieredPool::trim(std::uint64_t pages) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  for (std::size_t t = 0; t < memory_.tiers(); ++t) {
    const std::uint64_t held = memory_.tier(t).held_pages() * TierSpace::page.value, peak = history_[t].recent_peak();
    order.emplace_back(held > peak ? held - peak : 0, t);
  }
  std::sort(order.rbegin(), order.rend());
  for (const auto& [excess, t] : order) pages -= memory_.retire(t, pages);
}

void TieredPool::pressure(std::uint32_t used_per_mille) {
  if (!settings_.defragment || used_per_mille <= settings_.pressure_threshold) return;
  ++report_.optimizations;
  move_objects();
  trim(~std::uint64_t{0});
}

void TieredPool::tick() { check(); }

void TieredPool::empty_cache() {
  trim(~std::uint64_t{0});
  memory_.synchronize();
}

OptimizeResult TieredPool::optimize() {
  ++report_.optimizations;
  const std::uint32_t before = fragmentation_of(stats());
  const std::uint64_t returned = memory_.pages_returned(), moved = memory_.pages_moved();
  const Bytes copied = move_objects();
  empty_cache();
  const std::uint32_t after = fragmentation_of(stats());
  const std::uint64_t fell = before > after ? before - after : 0;
  report_.target_achieved = fell > 0 && fell * 1'000'000 >= std::uint64_t{settings_.target_reduction} * before;
  return {.freed = TierSpace::page * (memory_.pages_returned() - returned),
          .moved = copied + TierSpace::page * (memory_.pages_moved() - moved),
          .fragmentation_before = before,
          .fragmentation_after = after};
}

// --- What it tells ---------------------------------------------------------------------------------------------------

PoolStats TieredPool::stats() const {
  PoolStats stats = stats_;
  stats.cached = port_.reserved() - stats_.allocated;
  for (const TierReport& tier : report_.tiers) {
    stats.cache_hits += tier.served_at_once;
    stats.cache_misses += tier.served_by_growth + tier.served_after_reclaim;
  }
  return stats;
}

TieredReport TieredPool::report() const {
  TieredReport report = report_;
  for (std::size_t t = 0; t < memory_.tiers(); ++t) {
    TierReport& tier = report.tiers[t];
    tier.requests = tier.served_at_once + tier.served_by_growth + tier.served_after_reclaim + tier.failed;
    tier.live = Bytes(history_[t].live());
    tier.held = TierSpace::page * memory_.tier(t).held_pages();
    tier.recent_peak = Bytes(history_[t].recent_peak());
  }
  report.returned = TierSpace::page * memory_.pages_returned();
  return report;
}

void TieredPool::validate() const {
  VRAMLAB_CHECK(memory_.validate() == stats_.allocated, "live bytes are counted wrongly");
  std::uint64_t live = 0;
  for (const SizeHistory& history : history_) live += history.live();
  VRAMLAB_CHECK(live == stats_.allocated.value, "the histories of the tiers do not sum to the live bytes");
  for (const auto& [n, movable] : movable_)
    VRAMLAB_CHECK(live_.at(movable.block) == n, "an object that may be moved is listed at a wrong block");
}

PoolInfo tiered_row() {
  return {.name = "tiered",
          .summary = "four tiers by size on virtual memory: free pages go to the tier that needs them",
          .options = tiered::option_table(),
          .takes_hints = true,
          .make = [](Port& port, const OptionValues& values, const PoolContext& context) -> std::unique_ptr<Pool> {
            return std::make_unique<TieredPool>(port, tiered::Settings::from(values), context.device_memory);
          }};
}

}  // namespace vramlab
