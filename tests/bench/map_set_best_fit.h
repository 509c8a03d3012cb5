#pragma once
// The comparison: best fit as one writes it first, with a std::map of blocks by address and a std::set of free ones by
// size. One segment that grows by the request's size rounded to 20 MiB; no streams.

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/pool/pool.h"

namespace vramlab::bench {

class MapSetBestFit : public Pool {
 public:
  explicit MapSetBestFit(Port& port) : port_(port) {}

  void allocate(const AllocRequest& request) override {
    const Bytes bytes = round_up(request.bytes, 512_B);
    auto fit = free_.lower_bound({bytes, Address(0)});
    if (fit == free_.end()) fit = take_segment(bytes, request.stream);
    const auto at = blocks_.find(fit->second);
    free_.erase(fit);
    split(at, bytes);
    at->second.free = false;
    if (request.block.value >= places_.size()) places_.resize(std::size_t{request.block.value} + 1);
    places_[request.block.value] = at;
    const Block& block = at->second;
    port_.place(request.block, block.segment, Bytes(at->first.value - block.base.value), bytes, request.stream);
  }

  void release(BlockId id) override {
    port_.release(id);
    auto at = places_[id.value];
    if (at != blocks_.begin() && is_free_beside(std::prev(at), at)) at = merge(std::prev(at), at, std::prev(at));
    if (std::next(at) != blocks_.end() && is_free_beside(std::next(at), at))
      at = merge(at, std::next(at), std::next(at));
    at->second.free = true;
    free_.insert({at->second.bytes, at->first});
  }

  Address address_of(BlockId id) const override { return places_[id.value]->first; }
  PoolStats stats() const override { return {}; }
  void validate() const override {}

 private:
  struct Block {
    Bytes bytes{};
    SegmentId segment;
    Address base{};  ///< of the segment
    bool free = true;
  };
  using Blocks = std::map<Address, Block>;
  using FreeSet = std::set<std::pair<Bytes, Address>>;

  FreeSet::iterator take_segment(Bytes bytes, StreamId stream) {
    const auto space = port_.take_segment(round_up(bytes, 20_MiB), stream);
    if (!space) throw OutOfMemory("no memory for another segment");
    blocks_[space->base] = {space->bytes, space->id, space->base, true};
    return free_.insert({space->bytes, space->base}).first;
  }

  void split(Blocks::iterator at, Bytes bytes) {
    const Bytes rest = at->second.bytes - bytes;
    if (rest == 0_B) return;
    at->second.bytes = bytes;
    const Address address = at->first + bytes;
    blocks_.emplace_hint(std::next(at), address, Block{rest, at->second.segment, at->second.base, true});
    free_.insert({rest, address});
  }

  static bool is_free_beside(Blocks::iterator neighbour, Blocks::iterator at) {
    return neighbour->second.free && neighbour->second.segment == at->second.segment;
  }

  // `listed` is the one of the two that is in the free set.
  Blocks::iterator merge(Blocks::iterator low, Blocks::iterator high, Blocks::iterator listed) {
    free_.erase({listed->second.bytes, listed->first});
    low->second.bytes += high->second.bytes;
    blocks_.erase(high);
    return low;
  }

  Port& port_;
  Blocks blocks_;
  FreeSet free_;
  std::vector<Blocks::iterator> places_;  // by block
};

inline std::unique_ptr<Pool> make_map_set_best_fit(Port& port, const OptionValues&, const PoolContext&) {
  return std::make_unique<MapSetBestFit>(port);
}

inline constexpr PoolInfo map_set_best_fit{.name = "map-set-best-fit",
                                           .summary = "std::map and std::set, the comparison",
                                           .options = {},
                                           .make = make_map_set_best_fit};

}  // namespace vramlab::bench
