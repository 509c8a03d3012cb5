#include <algorithm>
#include <bit>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/pool/smartpool_pool.h"

namespace vramlab {

// --- Serving --------------------------------------------------------------------------------------------------------

// The expected request came.
void SmartPool::serve_planned(const AllocRequest& request, std::uint64_t key, Bytes size) {
  const PeriodPlan& plan = course_.plan();
  const std::uint32_t position = course_.position();
  arena_.pass(plan, position);
  const std::uint64_t offset = plan.offset(position);
  if (offset != PeriodPlan::unplanned && arena_.vacant(offset, size.value)) [[likely]] {
    arena_.place(request, position, offset, size);
    ++hits_;
    if (course_.trouble() > 0) [[unlikely]] {
      note_beside(request.block, in_hole, size);
    } else {
      live_.set(request.block, in_plan);
      ++allocations_;
    }
  } else {
    missed_ += offset != PeriodPlan::unplanned;
    serve_beside(request, size);
    ++misses_;
    if (!following_) return expect_next();  // for want of memory the plan's was given back
  }
  if (course_.trouble() > 0) [[unlikely]]
    show(request.block, key);
  if (course_.advance()) end_period();
  if (following_ && course_.trouble() > 0) [[unlikely]]
    look_around();
}

void SmartPool::serve_stray(const AllocRequest& request, std::uint64_t key, Bytes size) {
  if (const PlanCourse::Place place = course_.detour(key); fits_arena(place)) {
    go_to(place, false);
    return serve_planned(request, key, size);
  }
  serve_beside(request, size);
  ++misses_;
  ++missed_;
  if (!following_) {
    pending_ = {};
    return show(request.block, key);
  }
  if (course_.trouble() == 0) begin_search();
  course_.stray(key);
  show(request.block, key);
  look_around();
  if (following_ && course_.trouble() >= settings_.lost_after * PlanCourse::trouble_of_stray) lose();
}

// In trouble: the last requests may tell of another place than the one that is followed.
void SmartPool::look_around() {
  if (!detector_.window_looked_at()) return;
  const PlanCourse::Place place = course_.find(detector_.window_hash());
  if (!fits_arena(place)) return;
  const bool there = place.plan == course_.plan_number() && place.next == course_.position();
  if (!there) go_to(place, true);
}

void SmartPool::serve_unplanned(const AllocRequest& request, std::uint64_t key, Bytes size) {
  if (pending_.valid()) {
    if (course_.plans()[pending_.plan].key(pending_.next) != key) {
      pending_ = {};
    } else if (begin_plan(request.stream)) {
      return serve_planned(request, key, size);
    }
  }
  serve_beside(request, size);
  show(request.block, key);
  recognise();
}

// Not as planned. While a plan is followed its memory is needed by what comes, so the inner pool serves, unless it had
// to reserve more than ever before. Once no plan is followed its memory serves first, for it cannot go back while
// objects live in it; until hardly any do.
void SmartPool::serve_beside(const AllocRequest& request, Bytes size) {
  if (!arena_.held()) return serve_inside(request, size);
  if (!following_ && !draining_) {
    if (!serve_in_hole(request, size)) serve_inside(request, size);
    return;
  }
  if (serve_within(request, size, port_.peak_reserved()) || serve_in_hole(request, size)) return;
  serve_inside(request, size);
}

bool SmartPool::serve_in_hole(const AllocRequest& request, Bytes size) {
  if (!arena_.place_in_hole(request, size)) return false;
  note_beside(request.block, in_hole, size);
  return true;
}

bool SmartPool::serve_within(const AllocRequest& request, Bytes size, Bytes limit) {
  try {
    inner_.allocate_within(request, limit);
  } catch (const OutOfMemory&) {
    return false;
  }
  note_beside(request.block, in_inner, size);
  return true;
}

// By the inner pool, which may need the memory that is idle between two periods.
void SmartPool::serve_inside(const AllocRequest& request, Bytes size) {
  try {
    inner_.allocate(request);
  } catch (const OutOfMemory&) {
    if (!arena_.held() || !arena_.idle()) throw;
    suspend();
    inner_.allocate(request);
  }
  note_beside(request.block, in_inner, size);
}

void SmartPool::note_beside(BlockId block, NodeIndex where, Bytes size) {
  live_.set(block, where);
  if (block.value >= slots_.size()) slots_.resize(2 * std::size_t{block.value} + 1);
  slots_[block.value] = {0, size};
  (where == in_inner ? inner_live_ : hole_live_) += size;
  ++allocations_;
  peak_live_ = std::max(peak_live_, inner_live_ + arena_.live_bytes());
  if (reserved_before_ != Bytes(0)) reserved_since_ = std::max(reserved_since_, port_.reserved());
}

void SmartPool::release_beside(BlockId block, NodeIndex where) {
  const Slot& slot = slots_[block.value];
  detector_.freed(slot.number);
  if (where == in_inner) {
    inner_live_ -= slot.bytes;
    inner_.release(block);
  } else {
    hole_live_ -= slot.bytes;
    arena_.release(block);
  }
}

// The memory of plans goes back when nothing lives in it. REQUIRES: held, and no plan is followed.
void SmartPool::drain() {
  if (arena_.idle()) arena_.give_back();
  draining_ = draining_ || arena_.live_bytes() * 16 < arena_.bytes();
}

// --- Following ------------------------------------------------------------------------------------------------------

void SmartPool::go_to(PlanCourse::Place place, bool sure) {
  const PeriodPlan& plan = course_.plans()[place.plan];
  const std::uint32_t ahead = (place.next + plan.size() - course_.position()) % plan.size();
  if (place.plan != course_.plan_number() || ahead > PlanCourse::reach) {
    arena_.follow(plan.size());
  } else {
    for (std::uint32_t i = 0; i < ahead; ++i) arena_.pass(plan, (course_.position() + i) % plan.size());
  }
  course_.follow(place, sure);
}

// A plan that misses much in three of eight periods is no good any more: the program does something else, or the period
// was taken for one too early, so the next must have lasted longer.
void SmartPool::end_period() {
  ++periods_;
  const std::uint32_t size = course_.plan().size();
  const bool bad = missed_ * 1'000'000 > settings_.drift_ppm * size;
  missed_ = 0;
  bad_periods_ = static_cast<std::uint8_t>(bad_periods_ << 1 | std::uint8_t{bad});
  if (std::popcount(bad_periods_) < 3) return;
  const std::uint32_t plan = course_.plan_number();
  lose();
  course_.drop(plan);
  detector_.restart();
  detector_.demand(4 * std::uint64_t{size});
}

void SmartPool::lose() {
  following_ = false;
  pending_ = {};
  missed_ = 0;
  bad_periods_ = 0;
  arena_.follow(0);
  draining_ = false;
  drain();
}

// Gives the memory of plans back, and goes on with the plan where it begins again. REQUIRES: the arena is idle.
void SmartPool::suspend() {
  if (following_) {
    pending_ = {course_.plan_number(), course_.position()};
    detector_.restart();
  }
  following_ = false;
  arena_.give_back();
}

// --- The row --------------------------------------------------------------------------------------------------------

namespace {

std::unique_ptr<Pool> make(Port& port, const OptionValues& values, const PoolContext& context) {
  const PoolInfo& fallback = find_row(pools(), "pool", values.text("fallback"));
  if (fallback.make == make) throw ConfigError("option fallback of pool smartpool: it cannot be its own fallback");
  return std::make_unique<SmartPool>(port, SmartPoolSettings::from(values, context), fallback, context);
}

}  // namespace

SmartPoolStatistics smartpool_statistics(const Pool& pool) {
  const auto* smart = dynamic_cast<const SmartPool*>(&pool);
  if (smart == nullptr) throw PoolError("only the pool smartpool has these statistics");
  return smart->statistics();
}

PoolInfo smartpool_row() {
  return {.name = "smartpool",
          .summary = "learns the program's iterations, plans one and follows it; the rest goes to another pool",
          .options = smartpool_options(),
          .make = make};
}

}  // namespace vramlab
