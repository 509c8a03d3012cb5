// What operators would have to wait for one absence more (plan_builder.h).

#include <algorithm>

#include "engine/swap/plan_builder.h"

namespace vramlab {

namespace {
// A slot that is still over the limit after so many waits is left so.
constexpr int most_waits = 4;
}  // namespace

// By one absence more, which operators may wait for.
bool PlanBuilder::relieve(std::uint32_t slot, PlanWaits& waits) {
  if (take_best(slot)) return true;
  if (put_off_) {
    forget_covering(slot);
    if (take_best(slot)) return true;
  }
  for (int n = 0; n < most_waits; ++n) {
    const Room room = least_room(slot, budget_.all - waited_ - calls());
    if (room.all() == Nanoseconds(0)) return false;
    wait_for(room, waits);
    forget_covering(slot);
    if (take_best(slot)) return true;
  }
  return false;
}

void PlanBuilder::forget_covering(std::uint32_t slot) {
  for (const std::uint32_t choice : covering_[slot]) forget(choice);
}

// The later wait first: it leaves the earlier one where it is.
void PlanBuilder::wait_for(const Room& room, PlanWaits& waits) {
  waits[room.before_out] += room.out;
  waits[room.before_in] += room.in;
  waited_ += room.all();
  if (room.before_in < room.before_out) {
    put_off(room.before_out, room.out);
    put_off(room.before_in, room.in);
  } else {
    put_off(room.before_in, room.in);
    put_off(room.before_out, room.out);
  }
}

// The operators from `slot` on, and the transfers that begin on the link no earlier than the first of them.
void PlanBuilder::put_off(std::uint32_t slot, Nanoseconds time) {
  if (time == Nanoseconds(0)) return;
  put_off_ = true;
  const Nanoseconds from = begin_of(slot);
  for (std::uint32_t later = slot; later < program_.slots(); ++later) {
    begins_[later] += time;
    ends_[later] += time;
  }
  duration_ += time;
  outs_.put_off(from, time);
  ins_.put_off(from, time);
  for (Copy& copy : copies_)
    if (copy.there && copy.begin >= from) copy = {.there = true, .begin = copy.begin + time, .done = copy.done + time};
  for (auto& [number, fit] : taken_) {
    const std::uint32_t version = choices_.choices[number].version;
    if (fit.copies && fit.copy + out_times_[version].lead >= from) fit.copy += time;
    if (fit.comes_back && fit.back + in_times_[version].lead >= from) fit.back += time;
  }
  weighed_ += (program_.slots() + taken_.size()) / 64;
}

// For the absence that needs least of it for what it takes off the excess; `most` at most.
PlanBuilder::Room PlanBuilder::least_room(std::uint32_t slot, Nanoseconds most) {
  double best_value = 0;
  Room best;
  for (const std::uint32_t i : covering_[slot]) {
    if (!takeable(i)) continue;
    ++weighed_;
    Room found;
    if (!room(choices_.choices[i], slot, found) || found.all() > most) continue;
    const double value =
        worth_of(choices_.choices[i], found, slot) / static_cast<double>(found.all().value + 1000) * (*weights_)[i];
    if (value <= best_value) continue;
    best_value = value;
    best = found;
  }
  return best;
}

double PlanBuilder::worth_of(const AbsenceChoice& choice, const Room& room, std::uint32_t slot) const {
  const std::uint64_t bytes = program_.objects[choice.object].bytes.value;
  if (!style_.wait_for_all) return std::min(static_cast<double>(bytes), excess_[full_before_[slot]]);
  const std::uint32_t end = room.in > Nanoseconds(0) ? room.before_in
                            : choice.in_head(slot)   ? choice.head_to
                                                     : choice.to;
  return benefit(bytes, slot, std::max(slot + 1, end));
}

bool PlanBuilder::room(const AbsenceChoice& choice, std::uint32_t slot, Room& room) const {
  return room_out(choice, slot, room) && room_in(choice, slot, room) && room.all() > Nanoseconds(0);
}

// Before the operator of `slot`: until the copy is done that there is, or the one that has begun and then this one.
bool PlanBuilder::room_out(const AbsenceChoice& choice, std::uint32_t slot, Room& room) const {
  const ContentVersion& version = choices_.versions[choice.version];
  const bool head = choice.in_head(slot);
  room.before_out = head ? program_.slots() : slot;
  const Nanoseconds needed = begin_of(room.before_out);
  if (copies_[choice.version].there) {
    room.out = std::max(Nanoseconds(0), copies_[choice.version].done - needed);
    return true;
  }
  if (version.kept) return true;
  if (version.copied >= room.before_out) return false;
  const CopyTime& time = out_times_[choice.version];
  const Nanoseconds found = earliest_out(version, time) + time.total();
  room.out = std::clamp(found - needed, Nanoseconds(0), outs_.free_from(needed) + time.total() - needed);
  return true;
}

// After the operator of `slot`, or after later ones over the limit: until the copy in has room before the next use.
bool PlanBuilder::room_in(const AbsenceChoice& choice, std::uint32_t slot, Room& room) const {
  if (!choice.returns) return true;
  const CopyTime& time = in_times_[choice.version];
  const std::uint32_t to = choice.next_time() ? choice.head_to : choice.to;
  const bool tail = choice.next_time() && slot >= choice.from;
  std::uint32_t last = slot;
  if (!tail && style_.wait_for_all)
    for (std::uint32_t full = full_before_[slot]; full < full_before_[to]; ++full)
      if (excess_[full] > 0) last = full_[full];
  const Nanoseconds earliest = tail ? Nanoseconds(0) : ends_[last];
  if (latest_in(earliest, to, time)) return true;
  room.before_in = tail ? to : last + 1;
  const Nanoseconds needed = tail ? begin_of(to) : ends_[last];
  const auto late = latest_in(Nanoseconds(0), to, time);
  room.in = ins_.free_from(needed) + time.total() - needed;
  if (late && *late < needed) room.in = std::min(room.in, needed - *late);
  return true;
}

}  // namespace vramlab
