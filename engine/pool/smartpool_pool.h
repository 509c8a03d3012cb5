#pragma once
// The pool smartpool itself.

#include <array>
#include <cstdint>
#include <vector>

#include "engine/pool/block_graph.h"
#include "engine/pool/period_detector.h"
#include "engine/pool/smartpool.h"
#include "engine/pool/smartpool_arena.h"
#include "engine/pool/smartpool_course.h"
#include "engine/pool/smartpool_inner.h"
#include "engine/pool/smartpool_settings.h"

namespace vramlab {

// Learns the iterations of a program from its requests, plans one and serves the next ones from the plan; what is not
// as planned goes to another pool. After SmartPool (arXiv:1903.06631), which records one iteration, colours it, and
// hands mismatches to cudaMalloc. Own: what lives across an iteration's end is planned too, the memory of plans comes
// out of the other pool's, several plans, and a plan may begin only where that does not raise what is reserved.
class SmartPool final : public Pool {
 public:
  SmartPool(Port& port, const SmartPoolSettings& settings, const PoolInfo& fallback, const PoolContext& context)
      : port_(port),
        settings_(settings),
        inner_(port, fallback, context),
        arena_(port, inner_),
        course_(settings.plans),
        detector_(settings.period) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const Bytes size = round_up(request.bytes, 512_B);
    const std::uint64_t key = request_key(size, request.stream);
    if (!following_) return serve_unplanned(request, key, size);
    if (course_.expects(key)) [[likely]]
      return serve_planned(request, key, size);
    serve_stray(request, key, size);
  }

  void release(BlockId block) override {
    const NodeIndex where = live_.at(block);
    live_.clear(block);
    ++frees_;
    if (where == in_plan) {
      arena_.release(block);
    } else {
      release_beside(block, where);
    }
    if (!following_ && arena_.held()) [[unlikely]]
      drain();
  }

  void free_requested(BlockId block) override {
    if (live_.at(block) == in_inner) inner_.free_requested(block);
  }
  void expect_release(BlockId block, unsigned nearness) const override {
    if (following_) return arena_.prefetch(block);
    inner_.expect_release(block, nearness);
  }
  void expect_allocate(Bytes bytes, unsigned nearness) const override {
    if (!following_) inner_.expect_allocate(bytes, nearness);
  }
  void completed(TokenId token) override { inner_.completed(token); }
  void measured(TokenId token, Nanoseconds duration) override { inner_.measured(token, duration); }
  void pressure(std::uint32_t used_per_mille) override { inner_.pressure(used_per_mille); }
  void tick() override { inner_.tick(); }

  // The plans are kept; one is followed again when its beginning comes.
  void empty_cache() override {
    if (arena_.held() && arena_.idle()) suspend();
    inner_.empty_cache();
  }

  Address address_of(BlockId block) const override {
    return live_.at(block) == in_inner ? inner_.address_of(block) : arena_.address_of(block);
  }
  PoolStats stats() const override;
  SmartPoolStatistics statistics() const;
  void validate() const override;

 private:
  // Who serves a block: the inner pool; the plans' memory, as planned; or the plans' memory otherwise: in a hole, or
  // while requests are shown to the detector.
  static constexpr NodeIndex in_inner = 0, in_plan = 1, in_hole = 2;
  // Of an object that is not served as planned.
  struct Slot {
    std::uint64_t number = 0;  // the detector's; 0: not shown to it
    Bytes bytes{};
  };

  void serve_planned(const AllocRequest& request, std::uint64_t key, Bytes size);
  void look_around();
  void serve_stray(const AllocRequest& request, std::uint64_t key, Bytes size);
  void serve_unplanned(const AllocRequest& request, std::uint64_t key, Bytes size);
  void serve_beside(const AllocRequest& request, Bytes size);
  bool serve_in_hole(const AllocRequest& request, Bytes size);
  bool serve_within(const AllocRequest& request, Bytes size, Bytes limit);
  void serve_inside(const AllocRequest& request, Bytes size);
  void note_beside(BlockId block, NodeIndex where, Bytes size);
  void release_beside(BlockId block, NodeIndex where);
  void drain();
  void go_to(PlanCourse::Place place, bool sure);
  bool fits_arena(PlanCourse::Place place) const {
    return place.valid() && course_.plans()[place.plan].peak() <= arena_.bytes();
  }
  void end_period();
  void lose();
  void suspend();

  void show(BlockId block, std::uint64_t key);
  void recognise();
  void begin_search();
  bool plan_interlude();
  bool seen_before(std::uint64_t hash, std::uint64_t length);
  void make_plan();
  bool begin_plan(StreamId stream);
  bool take_arena(StreamId stream);
  void expect_next() {
    pending_.next = pending_.next + 1 == course_.plans()[pending_.plan].size() ? 0 : pending_.next + 1;
  }

  Port& port_;
  SmartPoolSettings settings_;
  InnerPool inner_;
  PlanArena arena_;
  PlanCourse course_;
  PeriodDetector detector_;
  LiveBlocks live_;
  std::vector<Slot> slots_;  // by block
  bool following_ = false;
  // Known, but not followed yet: memory for plans is taken only where a period begins.
  PlanCourse::Place pending_;
  std::uint64_t refusals_ = 0, beginnings_to_skip_ = 0;
  // Where the requests began that came in place of another period (the detector's number), 0: nowhere; and what such
  // interludes were lately.
  std::uint64_t interlude_ = 0;
  struct Interlude {
    std::uint64_t hash = 0, length = 0;
  };
  std::array<Interlude, 8> interludes_{};
  std::size_t next_interlude_ = 0;
  std::uint64_t missed_ = 0;      // in this period
  std::uint8_t bad_periods_ = 0;  // of the last eight, a bit each
  bool draining_ = false;         // no plan is followed, and hardly anything is left in the plans' memory

  Bytes inner_live_{}, hole_live_{}, peak_live_{};
  std::uint64_t allocations_ = 0, frees_ = 0, hits_ = 0, misses_ = 0, plans_made_ = 0, periods_ = 0;
  Bytes reserved_before_{};      // at most, before the first plan
  Bytes reserved_since_{};       // at most, since then
  std::uint64_t tidied_at_ = 0;  // plans made when the inner pool last gave back what was idle
};

}  // namespace vramlab
