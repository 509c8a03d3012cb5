#include "engine/swap/published_timetable.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace vramlab {

void PublishedTimetable::put(std::span<const AbsenceCandidate> chosen) {
  absences_.clear();
  for (const AbsenceCandidate& candidate : chosen)
    absences_.push_back({.candidate = candidate, .settle = candidate.last + 2, .in = candidate.next, .out_done = {}});
  std::ranges::sort(absences_, [](const TimedAbsence& a, const TimedAbsence& b) {
    const AbsenceCandidate &x = a.candidate, &y = b.candidate;
    return std::tie(x.last, x.next, x.id) < std::tie(y.last, y.next, y.id);
  });
}

void PublishedTimetable::schedule(std::span<const AbsenceCandidate> chosen) {
  put(chosen);
  time_outs();
  time_ins();
  subtract();
}

void PublishedTimetable::cover_ideally(const AbsenceCandidate& candidate) {
  for (std::uint32_t slot = candidate.last + 2; slot < candidate.next; ++slot)
    left_[slot - window_.first] -= candidate.bytes;
}

void PublishedTimetable::time_outs() {
  Nanoseconds free = out_free_;
  for (TimedAbsence& absence : absences_) {
    const AbsenceCandidate& candidate = absence.candidate;
    free = std::max(free, program_->end[candidate.last] + candidate.out_time.codec) + candidate.out_time.link;
    absence.out_done = free;
    // Given up at a slot whose operator before is not done sooner: what is brought back there does not wait either.
    const auto until = program_->end.begin() + candidate.next - 1;
    const auto from = std::min(program_->end.begin() + candidate.last + 1, until);
    absence.settle = static_cast<std::uint32_t>(std::lower_bound(from, until, free) - program_->end.begin()) + 1;
  }
}

// The copy is put right before operator `in`, and so can start when operator in - 1 is done.
void PublishedTimetable::time_ins() {
  by_need_.resize(absences_.size());
  std::iota(by_need_.begin(), by_need_.end(), 0U);
  std::ranges::sort(by_need_, [&](std::uint32_t a, std::uint32_t b) {
    const AbsenceCandidate &first = absences_[a].candidate, &second = absences_[b].candidate;
    return std::tie(first.next, first.id) > std::tie(second.next, second.id);
  });
  Nanoseconds before{std::numeric_limits<std::int64_t>::max()};
  for (const std::uint32_t index : by_need_) {
    const AbsenceCandidate& candidate = absences_[index].candidate;
    before = std::min(before, program_->begin[candidate.next] - candidate.in_time.codec) - candidate.in_time.link;
    const auto from = program_->end.begin() + candidate.last;
    const auto until = program_->end.begin() + candidate.next;
    absences_[index].in = static_cast<std::uint32_t>(std::upper_bound(from, until, before) - program_->end.begin());
  }
}

void PublishedTimetable::subtract() {
  left_.assign(program_->load.begin() + window_.first, program_->load.begin() + window_.last);
  std::vector<std::uint64_t> change(left_.size() + 1);  // wraps around; the sums do not
  for (const TimedAbsence& absence : absences_) {
    if (absence.empty()) continue;
    change[absence.settle - window_.first] += absence.candidate.bytes.value;
    change[absence.in - window_.first] -= absence.candidate.bytes.value;
  }
  std::uint64_t absent = 0;
  for (std::size_t i = 0; i < left_.size(); ++i) left_[i] -= Bytes(absent += change[i]);
}

// To [settle, in), which holds what it covered so far.
void PublishedTimetable::cover(TimedAbsence& absence, std::uint32_t settle, std::uint32_t in) {
  const auto lower = [&](std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t slot = from; slot < to; ++slot) left_[slot - window_.first] -= absence.candidate.bytes;
  };
  lower(settle, absence.empty() ? in : absence.settle);
  if (!absence.empty()) lower(absence.in, in);
  absence.settle = settle;
  absence.in = in;
}

void PublishedTimetable::stick_to(Bytes limit) {
  for (std::uint32_t slot = window_.first; slot < window_.last; ++slot) {
    const Bytes& left = left_[slot - window_.first];
    const auto stays = [&](const TimedAbsence& absence) { return absence.could_cover(slot) && !absence.covers(slot); };
    for (std::size_t i = 0; i < absences_.size() && left > limit; ++i) {
      TimedAbsence& absence = absences_[i];
      if (stays(absence) && absence.settle > slot) cover(absence, slot, std::max(absence.in, slot + 1));
    }
    for (std::size_t i = 0; i < by_need_.size() && left > limit; ++i) {
      TimedAbsence& absence = absences_[by_need_[i]];
      if (stays(absence)) cover(absence, absence.settle, slot + 1);
    }
  }
}

Bytes PublishedTimetable::peak() const { return *std::ranges::max_element(left_); }

Bytes PublishedTimetable::excess(Bytes limit) const {
  Bytes sum{};
  for (const Bytes bytes : left_) sum += bytes > limit ? bytes - limit : Bytes(0);
  return sum;
}

bool PublishedTimetable::any_empty() const { return std::ranges::any_of(absences_, &TimedAbsence::empty); }

Nanoseconds PublishedTimetable::out_free_after() const {
  return absences_.empty() ? out_free_ : std::max(out_free_, absences_.back().out_done);
}

}  // namespace vramlab
