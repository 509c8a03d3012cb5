#include "engine/swap/iteration_history.h"

#include <algorithm>

#include "engine/core/wide.h"

namespace vramlab {
namespace {

// The two high bits of a role say how old its object is.
constexpr IterationHistory::Role born_now = 0, born_one_before = IterationHistory::Role{1} << 62,
                                 older = IterationHistory::Role{2} << 62, ages = IterationHistory::Role{3} << 62;

}  // namespace

// --- A kept iteration --------------------------------------------------------------------------------------------

std::span<const IterationHistory::Role> IterationHistory::Iteration::operands(std::uint32_t position) const {
  const std::uint32_t begins = position == 0 ? 0 : ends[position - 1];
  return std::span(roles).subspan(begins, ends[position] - begins);
}

std::uint32_t IterationHistory::Iteration::next(Role role, std::uint32_t position) const {
  const auto at = std::ranges::lower_bound(uses, std::pair(role, position));
  return at == uses.end() || at->first != role ? never : at->second;
}

Bytes IterationHistory::Iteration::bytes(Role role) const {
  const auto at = std::ranges::lower_bound(sizes, std::pair(role, Bytes(0)));
  return at == sizes.end() || at->first != role ? Bytes(0) : at->second;
}

Nanoseconds IterationHistory::Iteration::time(std::uint32_t position) const {
  if (computation <= Nanoseconds(0)) return unmeasured_operator * position;
  const Wide scaled = static_cast<Wide>(begin[position]) * static_cast<std::uint64_t>(computation.value);
  return Nanoseconds(static_cast<std::int64_t>(scaled / std::max<std::uint64_t>(1, begin.back())));
}

// --- What happens ------------------------------------------------------------------------------------------------

void IterationHistory::allocated(ObjectId object, Bytes bytes) {
  if (object.value >= objects_.size()) objects_.resize(object.value + 1);
  objects_[object.value] = {bytes, number_, static_cast<std::uint32_t>(born_.size()), true};
  if (number_ > 0) born_.push_back(object);
  load_ += bytes;
  if (!notes_life(bytes)) return;
  living_.insert(object);
  note_life(object);
}

void IterationHistory::freed(ObjectId object) {
  if (object.value >= objects_.size() || !objects_[object.value].live) return;
  if (living_.contains(object)) note_life(object).death = position();
  living_.erase(object);
  objects_[object.value].live = false;
  load_ -= objects_[object.value].bytes;
}

IterationHistory::Life& IterationHistory::note_life(ObjectId object) {
  Object& entry = objects_[object.value];
  if (entry.noted != number_) {
    const bool before = entry.born < number_ || number_ == 0;
    entry.noted = number_;
    entry.life = static_cast<std::uint32_t>(current_.lives.size());
    current_.lives.push_back({.role = role(object),
                              .bytes = entry.bytes,
                              .birth = before ? 0 : position(),
                              .death = never,
                              .before = before});
  }
  return current_.lives[entry.life];
}

void IterationHistory::ran(std::span<const Operand> operands) {
  std::vector<Role> roles;
  roles.reserve(operands.size());
  std::uint64_t weight = operator_weight.value;
  for (const Operand& operand : operands) {
    const Bytes bytes = objects_[operand.object.value].bytes;
    roles.push_back(role(operand.object));
    weight += bytes.value;
    current_.uses.emplace_back(roles.back(), position());
    if (operand.writes) current_.writes.emplace_back(roles.back(), position());
    current_.sizes.emplace_back(roles.back(), bytes);
  }
  std::ranges::sort(roles);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    agreeing_[i] = agreeing_[i] && agrees(kept_[i], roles);
    same_size_[i] = same_size_[i] && agreeing_[i] && weight == kept_[i].weight(position());
  }
  current_.roles.insert(current_.roles.end(), roles.begin(), roles.end());
  current_.ends.push_back(static_cast<std::uint32_t>(current_.roles.size()));
  if (current_.begin.empty()) current_.begin.push_back(0);
  current_.begin.push_back(current_.begin.back() + weight);
  current_.load.push_back(load_);
}

bool IterationHistory::agrees(const Iteration& kept, std::span<const Role> roles) const {
  return position() < kept.operators() && std::ranges::equal(kept.operands(position()), roles);
}

void IterationHistory::iteration() {
  if (position() > 0) close();
  ++number_;
  current_ = {};
  born_before_ = std::move(born_);
  born_.clear();
  agreeing_.assign(kept_.size(), true);
  same_size_.assign(kept_.size(), true);
}

// An iteration as one that is kept takes its place, and its measure where it has none itself; else the one that was
// seen longest ago is forgotten.
void IterationHistory::close() {
  for (const ObjectId object : living_) note_life(object);
  std::ranges::sort(current_.lives, {}, &Life::role);
  std::ranges::sort(current_.uses);
  std::ranges::sort(current_.writes);
  std::ranges::sort(current_.sizes);
  current_.sizes.erase(std::ranges::unique(current_.sizes).begin(), current_.sizes.end());
  const std::uint64_t before = kept_.empty() ? 0 : kept_.front().number;
  current_.number = number_ + 1;
  repeated_ = false;
  for (std::size_t i = kept_.size(); i-- > 0;) {
    if (!agreeing_[i] || kept_[i].operators() != position()) continue;
    repeated_ = true;
    if (settings_.sizes && !same_size_[i]) continue;
    if (current_.computation == Nanoseconds(0)) current_.computation = kept_[i].computation;
    if (current_.load == kept_[i].load && current_.sizes == kept_[i].sizes) current_.number = kept_[i].number;
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  successors_[before] = current_.number;
  kept_.push_front(std::move(current_));
  if (kept_.size() > settings_.kept) {
    successors_.erase(kept_.back().number);
    kept_.pop_back();
  }
  const auto next = successors_.find(kept_.front().number);
  expected_ = next == successors_.end() ? 0 : next->second;
}

void IterationHistory::measured(Nanoseconds iteration, Nanoseconds stall) {
  if (iteration <= stall) return;
  if (position() > 0) {
    current_.computation = iteration - stall;
  } else if (!kept_.empty()) {
    kept_.front().computation = iteration - stall;
  }
}

// --- What is foretold --------------------------------------------------------------------------------------------

const IterationHistory::Iteration* IterationHistory::foretold() const {
  const Iteration* best = nullptr;
  int rank = -1;
  for (std::size_t i = 0; i < agreeing_.size(); ++i) {
    if (!agreeing_[i] || position() >= kept_[i].operators()) continue;
    const int now = settings_.sizes ? 2 * same_size_[i] + (kept_[i].number == expected_) : 0;
    if (now <= rank) continue;
    best = &kept_[i];
    rank = now;
  }
  return best;
}

bool IterationHistory::sure() const {
  const Iteration* const kept = foretold();
  if (position() == 0) return kept->number == expected_;
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (&kept_[i] == kept) return same_size_[i];
  return false;
}

IterationHistory::Role IterationHistory::role(ObjectId object) const {
  const Object& entry = objects_[object.value];
  if (entry.born == 0 || entry.born + 1 < number_) return older | object.value;
  return (entry.born == number_ ? born_now : born_one_before) | entry.order;
}

std::optional<ObjectId> IterationHistory::lasting(Role role) {
  if ((role & ages) != older) return std::nullopt;
  return ObjectId(static_cast<std::uint32_t>(role & ~ages));
}

std::optional<ObjectId> IterationHistory::object(Role role) const {
  const Role age = role & ages;
  const auto number = static_cast<std::uint32_t>(role & ~ages);
  ObjectId object(number);
  if (age != older) {
    const std::vector<ObjectId>& born = age == born_now ? born_ : born_before_;
    if (number >= born.size()) return std::nullopt;
    object = born[number];
  }
  if (object.value >= objects_.size() || !objects_[object.value].live) return std::nullopt;
  return object;
}

std::optional<std::uint32_t> IterationHistory::next_use(ObjectId object) const {
  const Iteration* const kept = foretold();
  if (kept == nullptr) return std::nullopt;
  const Role now = role(object);
  const std::uint32_t use = kept->next(now, position());
  if (use != never) return use - position();
  if ((now & ages) == born_one_before) return never;
  const Role then = (now & ages) == born_now ? born_one_before | (now & ~ages) : now;
  const std::uint32_t again = kept->next(then, 0);
  return again == never ? never : kept->operators() - position() + again;
}

Nanoseconds IterationHistory::until(std::uint32_t operators) const {
  const Iteration* const kept = foretold();
  if (kept == nullptr) return unmeasured_operator * operators;
  const std::uint32_t at = position() + operators, all = kept->operators();
  const Nanoseconds now = kept->time(position());
  if (at <= all) return kept->time(at) - now;
  return kept->time(all) - now + kept->time(std::min(at - all, all));
}

}  // namespace vramlab
