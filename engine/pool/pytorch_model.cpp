#include "engine/pool/pytorch_model.h"

#include <algorithm>

namespace vramlab::pytorch {

CachingModel::CachingModel(std::string_view name, Port& port, const Settings& settings)
    : name_(name), port_(port), settings_(settings) {}

void CachingModel::allocate(const AllocRequest& request) {
  check_request(request.bytes);
  live_.check_unused(request.block);
  const Bytes size = round_size(request.bytes, settings_);
  const Search search{size, segment_size(size), request.stream.value, size <= small_size};

  const std::optional<NodeIndex> found = find_or_grow(search);
  if (!found) out_of_memory(name_, request.bytes, port_, stats_.allocated);
  const NodeIndex n = *found;
  if (splits(search, graph_[n])) {
    insert_free(graph_.split(n, size.value));
    ++stats_.splits;
  }
  BlockNode& block = graph_[n];
  block.live = true;
  live_.set(request.block, n);
  stats_.allocated += Bytes(block.size);
  ++stats_.allocations;
  const Space& space = spaces_[block.space];
  port_.place(request.block, space.id, Bytes(block.address - space.base.value), Bytes(block.size), request.stream);
}

void CachingModel::release(BlockId block) {
  const NodeIndex n = live_.at(block);
  live_.clear(block);
  port_.release(block);
  graph_[n].live = false;
  stats_.allocated -= Bytes(graph_[n].size);
  ++stats_.frees;
  merge(n);
  insert_free(n);
}

std::optional<NodeIndex> CachingModel::find_or_grow(const Search& search) {
  if (const auto found = find_free(search)) return found;
  if (collecting()) collect_garbage();
  if (const auto grown = grow(search)) return grown;
  ++stats_.cache_releases;
  if (release_oversized(search))
    if (const auto grown = grow(search)) return grown;
  release_cached();
  return grow(search);  // the real allocator does not search its free blocks again either
}

std::optional<NodeIndex> CachingModel::find_free(const Search& search) {
  FreeBlocks& free = part(search.small);
  ++free.searches;
  OrderedBlocks& set = free.of(search.stream);
  OrderedBlocks::Cursor found = set.lower_bound(search.size.value);
  if (found == set.end()) return std::nullopt;
  found = settle(set, found);
  const Bytes size(set.at(found).size);
  if (search.size < settings_.max_split_size && size >= settings_.max_split_size) return std::nullopt;
  if (search.size >= settings_.max_split_size && size >= search.size + settings_.max_non_split_rounding)
    return std::nullopt;
  const NodeIndex n = set.at(found).node;
  set.erase(found);
  return n;
}

// With a limit on splitting: first the smallest block that alone makes room, else the largest ones until they do.
bool CachingModel::release_oversized(const Search& search) {
  if (settings_.max_split_size == unlimited_bytes) return false;
  OrderedBlocks& set = part(search.small).of(search.stream);
  const Bytes wanted = std::max(search.size, settings_.max_split_size);
  const OrderedBlocks::Cursor enough = set.lower_bound(wanted.value);
  if (!(enough == set.end()) && spaces_[graph_[set.at(enough).node].space].bytes.value == set.at(enough).size) {
    return_segment(set.at(enough).node);
    return true;
  }
  Bytes freed{};
  while (freed < wanted && !set.empty()) {
    const OrderedBlocks::Entry largest = set.at(set.previous(set.end()));
    if (Bytes(largest.size) < settings_.max_split_size || !graph_.whole_segment(largest.node)) break;
    freed += Bytes(largest.size);
    return_segment(largest.node);
  }
  return freed >= wanted;
}

void CachingModel::collect_garbage() {
  const auto allowed = static_cast<double>(port_.capacity().value) * settings_.garbage_collection_threshold;
  const Bytes threshold(static_cast<std::uint64_t>(allowed));
  if (port_.reserved() <= threshold) return;
  const Bytes target = port_.reserved() - threshold;
  std::uint64_t total_age = 0, count = 0;
  for (const OrderedBlocks& set : large_.by_stream)
    for (auto c = set.begin(); !(c == set.end()); c = set.next(c))
      if (graph_.whole_segment(set.at(c).node)) {
        total_age += large_.searches - born_[set.at(c).node];
        ++count;
      }
  Bytes freed{};
  bool any = true;
  while (freed < target && any && count > 0)
    any = collect_older_than(static_cast<double>(total_age) / static_cast<double>(count), total_age, count, freed);
}

bool CachingModel::collect_older_than(double age, std::uint64_t& total_age, std::uint64_t& count, Bytes& freed) {
  std::vector<NodeIndex> old;
  for (const OrderedBlocks& set : large_.by_stream)
    for (auto c = set.begin(); !(c == set.end()); c = set.next(c)) {
      const NodeIndex n = set.at(c).node;
      const std::uint64_t n_age = large_.searches - born_[n];
      if (!graph_.whole_segment(n) || static_cast<double>(n_age) < age) continue;
      total_age -= n_age;
      --count;
      freed += Bytes(graph_[n].size);
      old.push_back(n);
    }
  for (NodeIndex n : old) return_segment(n);
  return !old.empty();
}

void CachingModel::insert_free(NodeIndex n) {
  const BlockNode& block = graph_[n];
  FreeBlocks& free = part(block.small);
  free.of(block.stream).insert({block.size, block.address, n});
  if (collecting()) {
    if (n >= born_.size()) born_.resize(std::size_t{n} + 1);
    born_[n] = free.searches;
  }
}

void CachingModel::erase_free(NodeIndex n) {
  const BlockNode& block = graph_[n];
  part(block.small).of(block.stream).erase(block.size, block.address);
}

bool CachingModel::mergeable(NodeIndex n, NodeIndex neighbour) const {
  return neighbour != no_node && !graph_[neighbour].live && graph_[neighbour].mapped == graph_[n].mapped;
}

void CachingModel::merge(NodeIndex n) {
  if (const NodeIndex below = graph_[n].previous; mergeable(n, below)) {
    erase_free(below);
    graph_.absorb_previous(n);
    ++stats_.merges;
  }
  if (const NodeIndex above = graph_[n].next; mergeable(n, above)) {
    erase_free(above);
    graph_.absorb_next(n);
    ++stats_.merges;
  }
}

std::uint32_t CachingModel::add_space(const Space& space) {
  if (unused_spaces_.empty()) {
    spaces_.push_back(space);
    return static_cast<std::uint32_t>(spaces_.size() - 1);
  }
  const std::uint32_t index = unused_spaces_.back();
  unused_spaces_.pop_back();
  spaces_[index] = space;
  return index;
}

NodeIndex CachingModel::add_whole(const Space& space, const Search& search) {
  BlockNode node = BlockNode::whole(space, add_space(space));
  node.stream = search.stream;
  node.small = search.small;
  return graph_.add(node);
}

void CachingModel::drop_space(std::uint32_t index) {
  spaces_[index] = Space{};
  unused_spaces_.push_back(index);
}

void CachingModel::return_segment(NodeIndex n) {
  erase_free(n);
  const std::uint32_t space = graph_[n].space;
  port_.return_segment(spaces_[space]);
  drop_space(space);
  graph_.remove(n);
}

PoolStats CachingModel::stats() const {
  PoolStats stats = stats_;
  stats.cached = port_.reserved() - stats_.allocated;
  return stats;
}

void CachingModel::validate_lists(std::uint64_t free_nodes) const {
  std::uint64_t listed = 0;
  for (const FreeBlocks* free : {&small_, &large_})
    for (std::size_t stream = 0; stream < free->by_stream.size(); ++stream) {
      const OrderedBlocks& set = free->by_stream[stream];
      for (auto c = set.begin(); !(c == set.end()); c = set.next(c), ++listed) {
        const OrderedBlocks::Entry& entry = set.at(c);
        const BlockNode& block = graph_[entry.node];
        VRAMLAB_CHECK(!block.live && block.mapped, "a block in a free list is live or has no memory");
        VRAMLAB_CHECK(block.size == entry.size && block.address == entry.address, "a free list is out of date");
        VRAMLAB_CHECK(block.stream == stream && block.small == (free == &small_), "a free block is in another's list");
      }
    }
  VRAMLAB_CHECK(listed == free_nodes, "free blocks and free lists differ in number");
}

}  // namespace vramlab::pytorch
