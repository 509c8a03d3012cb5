// Objects that pool tiered moves by copy. Order is kept by edges: the copy follows the work of every stream so far (the
// object's own, which wrote it, and whoever used the destination last), and the object's stream waits for the copy, so
// that what it does from now on, and what any stream does later behind a token of it, comes after.

#include <algorithm>
#include <tuple>

#include "engine/pool/tiered.h"

namespace vramlab {

// From the highest address down, so that the ends of the ranges become free.
Bytes TieredPool::move_objects() {
  if (movable_.empty() || !settings_.defragment) return Bytes(0);
  std::vector<std::pair<std::uint64_t, NodeIndex>> order;
  for (const auto& [n, movable] : movable_)
    if (movable.priority == 0) order.emplace_back(graph_[n].address, n);
  std::sort(order.rbegin(), order.rend());
  std::uint64_t moved = 0;
  for (const auto& [address, n] : order) {
    const std::uint64_t size = graph_[n].size;
    if (size <= settings_.move_budget - moved && move_object(n)) moved += size;
  }
  return Bytes(moved);
}

// Within its tier, and only where more whole pages become free than are used up.
bool TieredPool::move_object(NodeIndex from) {
  TierSpace& tier = memory_.tier(graph_[from].space);
  const NodeIndex into = tier.find(graph_[from].size);
  if (into == no_node || !frees_pages(from, into)) return false;
  const NodeIndex to = tier.take(into, graph_[from].size, BlockEnd::low);
  const Movable movable = movable_.at(from);
  const StreamId stream(static_cast<std::uint16_t>(graph_[from].stream));
  copy(tier, from, to, stream);
  port_.release(movable.block);
  place(movable.block, to, stream);
  memory_.fence().leave(tier, graph_[from], stream);
  live_.clear(movable.block);
  live_.set(movable.block, to);
  movable_.erase(from);
  movable_.emplace(to, movable);
  ++report_.objects_moved;
  report_.bytes_copied += Bytes(graph_[to].size);
  tier.give_back(from);
  return true;
}

void TieredPool::copy(const TierSpace& tier, NodeIndex from, NodeIndex to, StreamId stream) {
  const auto end = [&](NodeIndex n) {
    return TransferEnd{tier.space().id, Tier::device, Bytes(graph_[n].address - tier.space().base.value)};
  };
  const std::vector<TokenId> after = memory_.record_all();
  port_.wait(stream, port_.transfer({end(from), end(to), Bytes(graph_[from].size)}, after));
}

bool TieredPool::frees_pages(NodeIndex from, NodeIndex into) const {
  const BlockNode& object = graph_[from];
  if (into == object.previous || into == object.next) return false;
  const TierSpace& tier = memory_.tier(object.space);
  std::uint64_t begin = object.address, end = begin + object.size, before = 0;
  for (const NodeIndex n : {object.previous, object.next}) {
    if (n == no_node || graph_[n].live || !graph_[n].mapped) continue;
    before += tier.whole_pages(n).count;
    begin = std::min(begin, graph_[n].address);
    end = std::max(end, graph_[n].address + graph_[n].size);
  }
  const std::uint64_t gained = tier.whole_pages(begin, end - begin).count - before;
  const BlockNode& hole = graph_[into];
  const std::uint64_t left = tier.whole_pages(hole.address + object.size, hole.size - object.size).count;
  return gained > tier.whole_pages(into).count - left;
}

}  // namespace vramlab
