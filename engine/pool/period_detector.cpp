#include "engine/pool/period_detector.h"

#include <bit>

#include "engine/coloring/mix.h"

namespace vramlab {
namespace {
constexpr std::uint64_t first_records = 1024;
constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
}  // namespace

std::uint64_t extend_hash(std::uint64_t prefix, std::uint64_t key) { return prefix * key_base + mix(key); }

PeriodDetector::PeriodDetector(const Rules& rules)
    : rules_(rules), max_records_(std::bit_ceil(std::max(first_records, rules.repeats * rules.max_period))) {
  powers_.push_back(1);
  records_.resize(first_records);
  make_room();
}

// Doubles the ring while it may grow, then lets go of the oldest. The seen windows are of the records.
void PeriodDetector::make_room() {
  const bool full = next_ - first_ >= records_.size();
  if (full && records_.size() >= max_records_) {
    ++first_;
    return;
  }
  if (full) {
    std::vector<Record> larger(records_.size() * 2);
    for (std::uint64_t n = first_; n < next_; ++n) larger[n & (larger.size() - 1)] = at(n);
    records_.swap(larger);
  }
  while (powers_.size() <= records_.size()) powers_.push_back(powers_.back() * key_base);
  seen_bits_ = static_cast<unsigned>(std::countr_zero(records_.size()));
  seen_.assign(records_.size(), {});
  for (std::uint64_t n = first_ + window; n < next_; ++n) {
    const std::uint64_t h = hash(n - window, window);
    seen(h) = {low(h), low(n - 1)};
  }
}

std::uint64_t PeriodDetector::add(std::uint64_t key, Bytes live) {
  if (next_ - first_ >= records_.size()) make_room();
  const std::uint64_t number = next_;
  at(number) = {.before = prefix_, .key = key, .live = low(live.value >> 9)};
  prefix_ = extend_hash(prefix_, key);
  ++next_;
  period_ = 0;
  window_hash_ = next_ - first_ < window ? 0 : hash(next_ - window, window);
  looked_at_ = next_ - first_ >= window && (next_ - first_ <= eager || (window_hash_ >> 32 & 3) == 0);
  if (!looked_at_) return number;
  Seen& last = seen(window_hash_);
  const std::uint64_t distance = low(number - last.number);
  if (last.hash == low(window_hash_) && distance < number - first_ && repeats(distance)) period_ = distance;
  last = {low(window_hash_), low(number)};
  return number;
}

bool PeriodDetector::repeats(std::uint64_t period) const {
  const std::uint64_t patience = std::max(rules_.patience, shortest_stretch);
  const std::uint64_t quarter = std::clamp((next_ - 1) / 4, shortest_stretch, patience);
  const std::uint64_t stretch = std::max({rules_.repeats * period, quarter, demanded_});
  if (stretch > next_ - first_ || period > rules_.max_period || at(next_ - 1).live != at(next_ - 1 - period).live)
    return false;
  const std::uint64_t from = next_ - stretch;
  return hash(from, stretch - period) == hash(from + period, stretch - period);
}

void PeriodDetector::freed(std::uint64_t number) {
  if (number >= first_ && number < next_) at(number).life = low(next_ - number);
}

// Of one still live: what it has lived so far is the least.
std::uint64_t PeriodDetector::life_of(std::uint64_t number) const {
  const std::uint32_t life = at(number).life;
  return life == 0 ? next_ - number : life;
}

std::vector<PeriodRequest> PeriodDetector::requests() const {
  std::vector<PeriodRequest> requests(period_);
  for (std::uint64_t i = 0; i < period_; ++i) {
    const std::uint64_t last = next_ - period_ + i, earlier = last - period_;
    if (at(last).key != at(earlier).key) return {};
    const std::uint64_t life = std::max(life_of(last), life_of(earlier));
    requests[i] = {at(last).key, life <= period_ ? life : 0};
  }
  return requests;
}

std::vector<PeriodRequest> PeriodDetector::requests(std::uint64_t from, std::uint64_t length) const {
  std::vector<PeriodRequest> requests(length);
  for (std::uint64_t i = 0; i < length; ++i) {
    const std::uint64_t life = life_of(from + i);
    requests[i] = {at(from + i).key, life <= length ? life : 0};
  }
  return requests;
}

}  // namespace vramlab
