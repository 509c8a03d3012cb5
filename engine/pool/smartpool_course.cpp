#include "engine/pool/smartpool_course.h"

#include <algorithm>

namespace vramlab {
namespace {
// Modulo 2^64, by Newton's iteration: each step doubles the number of right bits.
constexpr std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
  return x;
}
constexpr std::uint64_t inverse_key_base = inverse(key_base);
static_assert(key_base * inverse_key_base == 1);
}  // namespace

std::uint32_t PlanCourse::add(PeriodPlan plan) {
  if (plans_.size() >= most_plans_) {
    const auto oldest = std::min_element(last_use_.begin(), last_use_.end()) - last_use_.begin();
    drop(static_cast<std::uint32_t>(oldest));
  }
  plans_.push_back(std::move(plan));
  last_use_.push_back(++uses_);
  index_.rebuild(plans_);
  return static_cast<std::uint32_t>(plans_.size() - 1);
}

void PlanCourse::drop(std::uint32_t plan) {
  plans_.erase(plans_.begin() + plan);
  last_use_.erase(last_use_.begin() + plan);
  index_.rebuild(plans_);
  at_ = {};
}

Bytes PlanCourse::largest_peak() const {
  Bytes largest{};
  for (const PeriodPlan& plan : plans_) largest = std::max(largest, plan.peak());
  return largest;
}

PlanCourse::Place PlanCourse::locate(std::uint64_t period_hash, std::uint64_t length) const {
  for (std::uint32_t p = 0; p < plans_.size(); ++p) {
    const PeriodPlan& plan = plans_[p];
    if (plan.size() != length) continue;
    std::uint64_t power = 1, rest = 1;  // of key_base, to what is before and after the position
    for (std::uint32_t i = 0; i < plan.size(); ++i) rest *= key_base;
    for (std::uint32_t at = 0; at < plan.size(); ++at, power *= key_base, rest *= inverse_key_base) {
      const std::uint64_t before = plan.prefix_hash(at);
      const std::uint64_t after = plan.prefix_hash(plan.size()) - before * rest;
      if (after * power + before == period_hash) return {p, at};
    }
  }
  return {};
}

void PlanCourse::follow(Place place, bool sure) {
  const bool same_way = true_from_start_ && trouble_ == 0 && place.plan != at_.plan && place.next == at_.next;
  true_from_start_ = place.next == 0 || same_way;
  at_ = place;
  last_use_[place.plan] = ++uses_;
  stray_last_ = false;
  if (sure) trouble_ = 0;
}

PlanCourse::Place PlanCourse::detour(std::uint64_t key) const {
  if (true_from_start_ && trouble_ == 0)
    if (const Place other = other_beginning(key); other.valid()) return other;
  return nearby(key);
}

PlanCourse::Place PlanCourse::other_beginning(std::uint64_t key) const {
  for (std::uint32_t p = 0; p < plans_.size(); ++p) {
    const PeriodPlan& other = plans_[p];
    if (p == at_.plan || other.size() <= at_.next || other.key(at_.next) != key) continue;
    if (other.prefix_hash(at_.next) == plan().prefix_hash(at_.next)) return {p, at_.next};
  }
  return {};
}

// One request left out, or another in its place, is believed at once; what is farther off, or that the period ended
// early, needs two in a row.
PlanCourse::Place PlanCourse::nearby(std::uint64_t key) const {
  const std::uint32_t size = plan().size();
  const auto key_at = [&](std::uint32_t ahead) { return plan().key((at_.next + ahead) % size); };
  if (size > 1 && key_at(1) == key) return {at_.plan, (at_.next + 1) % size};
  if (!stray_last_ || size <= 2 * reach) return {};
  if (plan().key(0) == last_stray_ && plan().key(1) == key) return {at_.plan, 1};
  for (std::uint32_t ahead = 2; ahead <= reach; ++ahead)
    for (const std::uint32_t to : {ahead, size - ahead})
      if (key_at(to) == key && key_at(to - 1) == last_stray_) return {at_.plan, (at_.next + to) % size};
  return {};
}

void PlanCourse::stray(std::uint64_t key) {
  trouble_ += trouble_of_stray;
  stray_last_ = true;
  last_stray_ = key;
  true_from_start_ = false;
}

}  // namespace vramlab
