#pragma once
// A pool inside a pool. The inner pool decides on a Port of its own, whose device passes every command on to the
// outer Port at once. All memory of the device is taken and returned by the inner pool alone, so the numbers of pages
// are the same on both, and what the inner pool holds is what the outer Port counts: each pool's accounts add up by
// themselves. Tokens and segments of other tiers the outer driver has too; the relay knows which number is which.
// Objects that the inner pool places are told to the outer log; one of its blocks is not an object but memory that the
// outer pool parcels out itself: it stays between the two.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/decision.h"
#include "engine/pool/pool.h"

namespace vramlab {

/// Passes commands on to a Port. Refuses memory beyond a limit, when there is one.
class RelayDevice final : public Device, public AddressSource {
 public:
  /// `log` is the inner Port's: flushed before each command, so that what was placed and released comes first.
  RelayDevice(Port& outer, DecisionLog& log) : outer_(outer), log_(log) {}

  /// More than this is not reserved in all.
  void limit(Bytes reserved) { limit_ = reserved; }
  /// The inner Port's number of a token; nullopt where it is none of its own.
  std::optional<TokenId> inner_of(TokenId outer) const;
  /// The outer Port's number of a segment or range.
  SegmentId outer_of(SegmentId inner) const { return segments_.at(inner.value); }
  Address base_of(SegmentId inner) const override { return outer_.device_addresses()->base_of(outer_of(inner)); }

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override;
  void return_segment(SegmentId id, Tier tier, Bytes bytes) override;
  bool reserve_range(SegmentId id, Bytes bytes) override;
  void release_range(SegmentId id, Bytes bytes) override;
  bool create_pages(PageId first, std::uint32_t count, Bytes page_bytes) override;
  void destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) override;
  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) override;
  void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) override;
  void clear(const Extent& extent, StreamId stream) override;
  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override;
  void record(TokenId token, StreamId stream) override;
  void wait(StreamId stream, TokenId token) override;

 private:
  // A device is not told whether a mapping is the first of its pages or an alias; the outer Port is. Hence:
  struct Range {
    SegmentId inner;
    Space space;  // the outer Port's
    Bytes page_bytes{};
    std::vector<PageId> pages;  // by number in the range, as far as any was mapped
  };
  Range& range(SegmentId id);
  void issued(TokenId inner, TokenId outer);
  void taken(SegmentId inner, SegmentId outer);
  bool beyond_limit(Bytes more) const { return outer_.reserved() + more > limit_; }

  Port& outer_;
  DecisionLog& log_;
  Bytes limit_ = unlimited_bytes;
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> mappings_;  // by page
  std::vector<SegmentId> segments_;      // the outer Port's, by the inner one's number
  std::vector<TokenId> tokens_;          // the outer Port's, by the inner one's number; ascending
};

class InnerPool final : private EventSink {
 public:
  /// Where the inner pool placed the memory it was asked to hold.
  struct Memory {
    SegmentId space;
    Bytes offset{};  ///< in it
    Address address{};
    Bytes bytes{};  ///< as the inner pool counts it
  };

  /// Throws ConfigError for a pool that must see the whole trace first.
  InnerPool(Port& outer, const PoolInfo& row, const PoolContext& context);
  InnerPool(const InnerPool&) = delete;
  InnerPool& operator=(const InnerPool&) = delete;

  void allocate(const AllocRequest& request) {
    const AllocRequest inside = inner(request);
    command([&] { pool_->allocate(inside); });
  }
  /// OutOfMemory also where more than `limit` would be reserved in all.
  void allocate_within(const AllocRequest& request, Bytes limit) { limited(inner(request), limit); }
  void release(BlockId block) {
    command([&] { pool_->release(inner(block)); });
  }
  /// Asks for memory that the outer pool parcels out; nullopt where it cannot be had without reserving more than
  /// `limit` in all. REQUIRES: none is held.
  std::optional<Memory> hold(Bytes bytes, StreamId stream, Bytes limit);
  /// REQUIRES: memory is held, and `stream` of hold() waits for all who used it.
  void let_go();

  void empty_cache() {
    command([&] { pool_->empty_cache(); });
  }
  OptimizeResult optimize();
  /// Tokens are the outer Port's; those that others had issued there are passed over.
  void completed(TokenId token);
  void measured(TokenId token, Nanoseconds duration);
  void pressure(std::uint32_t used_per_mille) {
    command([&] { pool_->pressure(used_per_mille); });
  }
  void tick() {
    command([&] { pool_->tick(); });
  }
  void free_requested(BlockId block) {
    command([&] { pool_->free_requested(inner(block)); });
  }
  void expect_release(BlockId block, unsigned nearness) const { pool_->expect_release(inner(block), nearness); }
  void expect_allocate(Bytes bytes, unsigned nearness) const { pool_->expect_allocate(bytes, nearness); }

  Address address_of(BlockId block) const { return pool_->address_of(inner(block)); }
  PoolStats stats() const { return pool_->stats(); }
  void validate() const { pool_->validate(); }

  /// For commands of the outer pool itself: they must come in order with those of the inner one.
  Port& port() { return port_; }

 private:
  static constexpr BlockId held_block{0};  // the outer pool's blocks are one higher inside
  static BlockId inner(BlockId block) { return BlockId(block.value + 1); }
  static constexpr ObjectId held_object{0};
  // The inner Port calls objects by their inner block, so that the outer one can be told of blocks.
  AllocRequest inner(AllocRequest request) {
    request.block = inner(request.block);
    request.object = ObjectId(request.block.value);
    port_.bind(request.block, request.object);
    return request;
  }

  // What was decided is told to the outer log before anything else happens, also when a command fails.
  template <class Command>
  void command(Command&& command) {
    try {
      command();
    } catch (...) {
      log_.flush();
      throw;
    }
    log_.flush();
  }
  void limited(const AllocRequest& request, Bytes limit);
  void on_decisions(std::span<const Decision> batch) override;

  Port& outer_;
  DecisionLog log_;
  RelayDevice device_;
  Port port_;
  std::unique_ptr<Pool> pool_;
  Decision held_;  // where held_block was placed last
};

}  // namespace vramlab
