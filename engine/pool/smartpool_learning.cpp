#include <algorithm>
#include <utility>

#include "engine/core/check.h"
#include "engine/pool/smartpool_pool.h"

namespace vramlab {

// --- Learning -------------------------------------------------------------------------------------------------------

void SmartPool::show(BlockId block, std::uint64_t key) {
  slots_[block.value].number = detector_.add(key, inner_live_ + hole_live_);
}

void SmartPool::recognise() {
  if (pending_.valid()) return expect_next();
  if (detector_.window_looked_at()) pending_ = course_.find(detector_.window_hash());
  if (pending_.valid() && plan_interlude()) pending_ = course_.find(detector_.window_hash());
  if (!pending_.valid() && detector_.period() > 0) make_plan();
}

// The first unexpected request. At a plan's beginning it may begin a period of another shape.
void SmartPool::begin_search() {
  detector_.restart();
  interlude_ = course_.position() == 0 ? detector_.next() : 0;
}

// A known plan began again, as pending_ says. What came between two periods of it, twice alike, is planned: it need not
// come twice in a row to be known.
bool SmartPool::plan_interlude() {
  const std::uint64_t from = std::exchange(interlude_, 0);
  if (from < detector_.first() || detector_.next() < from + PeriodDetector::window + pending_.next) return false;
  const std::uint64_t until = detector_.next() - pending_.next;
  const PeriodPlan& known = course_.plans()[pending_.plan];
  if (detector_.hash(until, pending_.next) != known.prefix_hash(pending_.next)) return false;
  if (!seen_before(detector_.hash(from, until - from), until - from)) return false;
  PlanRules rules = settings_.plan;
  rules.crossing = Crossing::cut;
  PeriodPlan plan(detector_.requests(from, until - from), rules);
  if (plan.planned() == 0) return false;
  ++plans_made_;
  course_.add(std::move(plan));
  return true;
}

bool SmartPool::seen_before(std::uint64_t hash, std::uint64_t length) {
  for (const Interlude& seen : interludes_)
    if (seen.hash == hash && seen.length == length) return true;
  interludes_[next_interlude_++ % interludes_.size()] = {hash, length};
  return false;
}

void SmartPool::make_plan() {
  const std::uint64_t period = detector_.period();
  pending_ = course_.locate(detector_.hash(detector_.next() - period, period), period);
  if (pending_.valid()) return;
  const std::vector<PeriodRequest> requests = detector_.requests();
  if (requests.empty()) return;
  PeriodPlan plan(requests, settings_.plan);
  if (plan.planned() == 0) return detector_.restart();
  ++plans_made_;
  refusals_ = beginnings_to_skip_ = 0;
  const auto size = plan.size(), start = plan.start();
  pending_ = {course_.add(std::move(plan)), (size - start) % size};
}

// The pending plan's expected request is about to be served. Where memory is held for plans it is followed from any
// position on, else from its beginning.
bool SmartPool::begin_plan(StreamId stream) {
  if (!arena_.held()) {
    if (pending_.next != 0) return false;
    if (beginnings_to_skip_ > 0) {
      --beginnings_to_skip_;
      return false;
    }
    if (!take_arena(stream)) {
      beginnings_to_skip_ = std::uint64_t{1} << std::min<std::uint64_t>(refusals_++, 16);
      return false;
    }
  }
  if (!fits_arena(pending_)) return false;
  refusals_ = 0;
  missed_ = 0;
  bad_periods_ = 0;
  arena_.follow(course_.plans()[pending_.plan].size());
  course_.follow(pending_, true);
  pending_ = {};
  following_ = true;
  return true;
}

// For the largest of the plans, so that any can take over; else for this one. It comes out of what the inner pool has
// idle: what is reserved must not grow for it, beyond the headroom.
bool SmartPool::take_arena(StreamId stream) {
  const Bytes live = peak_live_ + Bytes(peak_live_.value / 1'000'000 * settings_.headroom_ppm);
  const Bytes limit = std::max(port_.peak_reserved(), live);
  const Bytes largest = course_.largest_peak(), own = course_.plans()[pending_.plan].peak();
  if (reserved_before_ == Bytes(0)) reserved_before_ = port_.peak_reserved();
  if (!arena_.take(largest, stream, limit)) {
    inner_.empty_cache();
    if (!arena_.take(largest, stream, limit) && (own == largest || !arena_.take(own, stream, limit))) return false;
  }
  if (tidied_at_ != plans_made_) inner_.empty_cache();
  tidied_at_ = plans_made_;
  reserved_since_ = std::max(reserved_since_, port_.reserved());
  return true;
}

// --- Accounts -------------------------------------------------------------------------------------------------------

PoolStats SmartPool::stats() const {
  PoolStats stats = inner_.stats();
  stats.allocated = stats.allocated - arena_.bytes() + arena_.live_bytes();
  stats.cached = port_.reserved() - stats.allocated;
  stats.allocations = allocations_;
  stats.frees = frees_;
  stats.cache_hits = hits_;
  stats.cache_misses = allocations_ - hits_;
  return stats;
}

SmartPoolStatistics SmartPool::statistics() const {
  const PoolStats now = stats();
  const auto share = [](Bytes part, Bytes whole) {
    return whole == Bytes(0) ? 0.0 : static_cast<double>(part.value) / static_cast<double>(whole.value);
  };
  SmartPoolStatistics result;
  result.current_fragmentation = share(now.cached, now.allocated + now.cached);
  if (reserved_since_ != Bytes(0)) result.overall_reduction = 1 - share(reserved_since_, reserved_before_);
  result.target_achieved = result.overall_reduction >= settings_.target;
  result.following = following_;
  result.plans_kept = course_.plans().size();
  result.plans_made = plans_made_;
  result.replans = plans_made_ == 0 ? 0 : plans_made_ - 1;
  result.plan_hits = hits_;
  result.plan_misses = misses_;
  result.periods_followed = periods_;
  result.plan_memory = arena_.bytes();
  return result;
}

void SmartPool::validate() const {
  inner_.validate();
  std::vector<BlockId> planned;
  Bytes inside{}, in_holes{};
  for (std::uint32_t block = 0; block < live_.table().size(); ++block) {
    const NodeIndex where = live_.table()[block];
    if (where == in_plan || where == in_hole) planned.push_back(BlockId(block));
    if (where == in_inner) inside += slots_[block].bytes;
    if (where == in_hole) in_holes += slots_[block].bytes;
  }
  arena_.validate(planned);
  VRAMLAB_CHECK(inside == inner_live_ && in_holes == hole_live_, "live bytes beside the plans are counted wrongly");
  VRAMLAB_CHECK(allocations_ - frees_ == live_.count(), "allocations and frees differ from what is live");
  VRAMLAB_CHECK(!following_ || arena_.held(), "a plan is followed without memory");
  VRAMLAB_CHECK(following_ || !arena_.held() || !arena_.idle(), "memory of plans was not given back");
}

}  // namespace vramlab
