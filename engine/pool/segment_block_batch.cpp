// Several requests in one call: grouped by part, the largest first, laid side by side where a block is large enough
// for all; what finds no block shares one new segment. Nothing is decided before every request has a block.

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"
#include "engine/pool/segment_block.h"

namespace vramlab::segment_block {

void SegmentBlockPool::allocate_batch(std::span<const AllocRequest> requests) {
  std::vector<Pick> picks = order_batch(requests);
  const auto middle =
      std::partition_point(picks.begin(), picks.end(), [this](const Pick& p) { return !is_apart(p.size); });
  if (requests.empty()) return;
  const StreamId stream = requests.front().stream;
  if (!warmed_up_) warm_up(stream);
  const std::span<Pick> all(picks), large = all.first(static_cast<std::size_t>(middle - picks.begin()));
  if (!pick({0, false, stream}, large) || !pick({0, true, stream}, all.subspan(large.size()))) {
    for (const Pick& p : picks)
      if (p.node != no_node) free_block(p.node);
    Bytes bytes{};
    for (const AllocRequest& request : requests) bytes += request.bytes;
    out_of_memory("segment-block", bytes, port_, stats_.allocated);
  }
  std::vector<NodeIndex> node_of(requests.size());
  for (const Pick& p : picks) node_of[p.request] = p.node;
  for (std::size_t i = 0; i < requests.size(); ++i) commit(node_of[i], requests[i]);
}

// Checks every request. Largest first; of equal ones in the order of the call.
std::vector<SegmentBlockPool::Pick> SegmentBlockPool::order_batch(std::span<const AllocRequest> requests) {
  std::vector<Pick> picks(requests.size());
  std::vector<BlockId> slots(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    check_request(requests[i].bytes);
    live_.check_unused(requests[i].block);
    picks[i] = {.size = round_up(requests[i].bytes, granule).value, .request = i};
    slots[i] = requests[i].block;
  }
  std::sort(slots.begin(), slots.end());
  if (const auto twice = std::adjacent_find(slots.begin(), slots.end()); twice != slots.end())
    throw PoolError(fmt::format("block {} is in a batch twice", twice->value), {}, "give every request its own block");
  std::sort(picks.begin(), picks.end(),
            [](const Pick& a, const Pick& b) { return a.size != b.size ? a.size > b.size : a.request < b.request; });
  return picks;
}

// Finds a block for every pick of one part, or returns false with those found so far.
bool SegmentBlockPool::pick(const Need& part, std::span<Pick> picks) {
  std::vector<Pick*> missing;
  for (Pick& p : picks) missing.push_back(&p);
  if (pick_together(part, missing, &SegmentBlockPool::find)) return true;
  std::erase_if(missing, [&](Pick* p) { return pick_one(part, *p, &SegmentBlockPool::find); });
  if (pick_together(part, missing, &SegmentBlockPool::grow)) return true;
  return std::all_of(missing.begin(), missing.end(),
                     [&](Pick* p) { return pick_one(part, *p, &SegmentBlockPool::grow); });
}

bool SegmentBlockPool::pick_one(const Need& part, Pick& pick, Search search) {
  pick.node = (this->*search)({pick.size, part.apart, part.stream});
  if (pick.node == no_node) return false;
  pick.node = take(pick.node, pick.size);
  return true;
}

// One block for all, cut in their order.
bool SegmentBlockPool::pick_together(const Need& part, std::span<Pick* const> picks, Search search) {
  Need all = part;
  for (const Pick* p : picks) all.size += p->size;
  if (all.size == 0) return true;
  const NodeIndex n = all.size > max_space.value ? no_node : (this->*search)(all);
  if (n == no_node) return false;
  for (Pick* p : picks.first(picks.size() - 1)) p->node = cut(n, p->size);
  picks.back()->node = take(n, picks.back()->size);
  return true;
}

}  // namespace vramlab::segment_block
