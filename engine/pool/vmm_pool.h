#pragma once
// Pool vmm: what it holds and its fast path. The slow paths are in vmm.cpp, giving back in vmm_upkeep.cpp.

#include <algorithm>
#include <vector>

#include "engine/pool/block_graph.h"
#include "engine/pool/home_space.h"
#include "engine/pool/pool.h"
#include "engine/pool/stitch.h"
#include "engine/pool/stream_fence.h"
#include "engine/pool/views.h"
#include "engine/pool/vmm_settings.h"

namespace vramlab::vmm {

// Virtual-memory stitching. All pages have a home in one range, and best fit places objects there. Where no hole is
// large enough although the free bytes would do, the object is laid over several places: their pages are mapped a
// second time, side by side, as a view. Nothing is unmapped for that: who uses the bytes through which addresses is
// ordered by streams and waits. Views are kept, so that a program that repeats itself makes no calls.
// The ideas: pages stitched and stitched blocks kept, GMLake (Guo et al., ASPLOS 2024). Own: mapping a page that is in
// use in part, so that also the free end or beginning of a page serves; growing only within `headroom`.
class VmmPool final : public Pool {
 public:
  VmmPool(Port& port, const Settings& settings, Bytes device_memory)
      : port_(port),
        settings_(settings),
        home_(port, settings.page, std::min(device_memory * 4, max_space), settings.scan),
        views_(port, home_),
        fence_(port) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const std::uint64_t size = round_up(request.bytes, granule).value;
    const NodeIndex n = size < settings_.small_limit ? home_.find_small(size) : home_.find_large(size);
    if (n != no_node) [[likely]]
      return serve_at_home(request, n, size);
    serve_slowly(request, size);
  }

  void release(BlockId slot) override {
    const NodeIndex n = live_.at(slot);
    live_.clear(slot);
    port_.release(slot);
    ++stats_.frees;
    if ((n & view_bit) != 0) return release_view(n & ~view_bit);
    BlockNode& block = home_.graph()[n];
    stats_.allocated -= Bytes(block.size);
    fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
    home_.give_back(n);
  }

  void expect_release(BlockId block, unsigned nearness) const override {
    if (nearness == 0) live_.expect_release(home_.graph(), block, nearness);
  }

  void completed(TokenId token) override;
  void pressure(std::uint32_t used_per_mille) override {
    if (used_per_mille > 800) empty_cache();
  }
  void empty_cache() override;

  Address address_of(BlockId block) const override {
    const NodeIndex n = live_.at(block);
    if ((n & view_bit) == 0) return home_.space().base + Bytes(home_.graph()[n].address);
    const View& view = views_[n & ~view_bit];
    return view.range.base + Bytes(view.begin);
  }

  PoolStats stats() const override {
    PoolStats stats = stats_;
    stats.cached = port_.reserved() - stats_.allocated;
    return stats;
  }

  void validate() const override;

 private:
  static constexpr Bytes granule = 512_B;
  static constexpr std::uint64_t borne_share = 32;  // a page mapped anew for so many pages served is no cause to grow
  static constexpr NodeIndex view_bit = NodeIndex{1} << 31;

  // Pages and views out of service until every stream is done with them.
  struct Retirement {
    std::vector<TokenId> waiting;
    std::vector<NodeIndex> pages;
    std::vector<NodeIndex> addresses;  // that pages have left
    std::vector<ViewIndex> views;
  };

  void serve_at_home(const AllocRequest& request, NodeIndex n, std::uint64_t size) {
    home_.take(n, size);
    BlockNode& block = home_.graph()[n];
    block.stream = request.stream.value;
    fence_.use(block.address, size, request.stream);
    note_served(request, n, size);
    port_.place(request.block, home_.space().id, Bytes(block.address), Bytes(size), request.stream);
  }

  // A hole that best fit did not see: it looks at some blocks of a class only.
  bool serve_in_hole(const AllocRequest& request, const HomePiece& hole) {
    serve_at_home(request, home_.block_at(hole.offset), hole.bytes);
    return true;
  }

  void serve_in_view(const AllocRequest& request, ViewIndex v, std::uint64_t size) {
    views_.occupy(v, size);
    const View& view = views_[v];
    for (NodeIndex n : view.blocks) {
      BlockNode& block = home_.graph()[n];
      block.stream = request.stream.value;
      fence_.use(block.address, block.size, request.stream);
    }
    note_served(request, v | view_bit, size);
    port_.place(request.block, view.range.id, Bytes(view.begin), Bytes(size), request.stream);
  }

  void note_served(const AllocRequest& request, NodeIndex where, std::uint64_t size) {
    live_.set(request.block, where);
    stats_.allocated += Bytes(size);
    served_ += Bytes(size);
    ++stats_.allocations;
    peak_live_ = std::max(peak_live_, stats_.allocated);
    if (!seen_.contains(request.stream)) [[unlikely]]
      seen_.add(request.stream);
  }

  void release_view(ViewIndex v) {
    const View& view = views_[v];
    stats_.allocated -= Bytes(view.used);
    for (NodeIndex n : view.blocks) {
      const BlockNode& block = home_.graph()[n];
      fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
    }
    views_.vacate(v);
    limit_views();
  }

  void serve_slowly(const AllocRequest& request, std::uint64_t size);
  bool serve_small(const AllocRequest& request, std::uint64_t size);
  bool serve_by_view(const AllocRequest& request, std::uint64_t size);
  bool serve_by_growth(const AllocRequest& request, std::uint64_t size, bool within_headroom);
  bool serve_by_moving(const AllocRequest& request, std::uint64_t size);
  std::vector<HomePiece> movable_pages(const HomeSpace::Growth& growth, std::uint64_t pages);
  bool serve_after_growth(const AllocRequest& request, std::uint64_t size);
  bool serve_by_stitch(const AllocRequest& request, std::uint64_t size);
  Stitch stitch_free(std::uint64_t size) const;
  std::uint64_t headroom_ppm() const;
  std::uint64_t allowance(std::uint64_t size) const;
  void mark_pages(const std::vector<HomePiece>& runs, std::vector<bool>& marks) const;
  void limit_views();
  void start(Retirement retirement);
  void carry_out(const Retirement& retirement);
  bool call_back_retired();

  // The streams that ever used this pool: few.
  class Streams {
   public:
    bool contains(StreamId stream) const { return stream == last_ || holds(stream); }
    void add(StreamId stream) {
      all_.push_back(stream);
      last_ = stream;
    }
    const std::vector<StreamId>& all() const { return all_; }

   private:
    bool holds(StreamId stream) const { return std::find(all_.begin(), all_.end(), stream) != all_.end(); }
    std::vector<StreamId> all_;
    StreamId last_;
  };

  Port& port_;
  Settings settings_;
  HomeSpace home_;
  Views views_;
  LiveBlocks live_;
  StreamFence fence_;
  Streams seen_;
  std::vector<Retirement> retiring_;
  Bytes peak_live_{};
  Bytes served_{};                 // of all objects so far
  std::uint64_t mapped_anew_ = 0;  // pages, by stitching and moving
  PoolStats stats_;
};

}  // namespace vramlab::vmm
