#pragma once
// When the absences chosen by the published AutoSwap begin and end.
//
// Outs go one after the other in order of last access, each as soon as the operator of that access is done. Ins are
// packed backwards from when they are needed: the last one needed ends there, the one before ends no later than it
// starts. Memory is given up right after the first operator that ends after the copy out, and taken again at
// the latest slot that leaves the copy in its time. That makes no operator wait; where it leaves too much memory taken,
// outs can be waited for and ins delayed (stick_to()).

#include <cstdint>
#include <span>
#include <vector>

#include "engine/swap/absence_scores.h"
#include "engine/swap/access_program.h"

namespace vramlab {

/// Absent while the operators of slots [settle, in) run; never where settle >= in.
struct TimedAbsence {
  AbsenceCandidate candidate;
  std::uint32_t settle = 0;
  std::uint32_t in = 0;
  Nanoseconds out_done{};

  bool covers(std::uint32_t slot) const { return settle <= slot && slot < in; }
  bool empty() const { return settle >= in; }
  /// Could it be absent there if operators waited?
  bool could_cover(std::uint32_t slot) const { return candidate.last + 2 <= slot && slot < candidate.next; }
};

/// Absences of one window.
class PublishedTimetable {
 public:
  /// `out_free`: when the link out is done with what earlier windows gave it.
  PublishedTimetable(const AccessProgram& program, const PeakWindow& window, Nanoseconds out_free)
      : program_(&program), window_(window), out_free_(out_free) {}

  /// Times for these absences, given in any order.
  void schedule(std::span<const AbsenceCandidate> chosen);
  /// Lowers what is left as if an absence more took no transfers: for as long as it could be. Not scheduled.
  void cover_ideally(const AbsenceCandidate& candidate);
  /// Waits for outs (those with the earliest last access first), then delays ins (those needed last first), until no
  /// slot holds more than `limit` or nothing more can be done there. REQUIRES: scheduled.
  void stick_to(Bytes limit);

  /// In order of last access, then of need.
  std::span<const TimedAbsence> absences() const { return absences_; }
  std::uint32_t first_slot() const { return window_.first; }
  /// Load that is left, by slot of the window.
  std::span<const Bytes> left() const { return left_; }
  Bytes peak() const;
  /// Sum over slots of what is over `limit`.
  Bytes excess(Bytes limit) const;
  bool any_empty() const;
  Nanoseconds out_free_after() const;

 private:
  void put(std::span<const AbsenceCandidate> chosen);
  void time_outs();
  void time_ins();
  void subtract();
  void cover(TimedAbsence& absence, std::uint32_t settle, std::uint32_t in);

  const AccessProgram* program_;
  PeakWindow window_;
  Nanoseconds out_free_;
  std::vector<TimedAbsence> absences_;
  std::vector<std::uint32_t> by_need_;  ///< what is needed last first
  std::vector<Bytes> left_;
};

}  // namespace vramlab
