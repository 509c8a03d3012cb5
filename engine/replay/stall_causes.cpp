#include "engine/replay/stall_causes.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <map>

#include "engine/core/error.h"

namespace vramlab {
namespace {

struct Operator {
  Nanoseconds begin{}, end{};
  StreamId stream;
};

/// By order. Operators before the stretch have no place in it.
std::vector<Operator> operators_of(std::span<const TimelineSpan> spans) {
  std::vector<const TimelineSpan*> launches;
  for (const TimelineSpan& span : spans)
    if (span.kind == TimelineSpan::Kind::launch) launches.push_back(&span);
  std::sort(launches.begin(), launches.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  std::vector<Operator> operators;
  for (const TimelineSpan* span : launches) operators.push_back({span->begin, span->end, span->stream});
  return operators;
}

/// What its stream did last before an operator: the pause before it, and when that began.
struct Pause {
  Nanoseconds from{};
  Nanoseconds length{};
};

std::vector<Pause> pauses_of(const std::vector<Operator>& operators, Nanoseconds begin) {
  std::map<StreamId, Nanoseconds> free_at;
  std::vector<Pause> pauses;
  for (const Operator& op : operators) {
    Nanoseconds& free = free_at.try_emplace(op.stream, begin).first->second;
    pauses.push_back({free, std::max(Nanoseconds(0), op.begin - free)});
    free = op.end;
  }
  return pauses;
}

bool is_in(const TimelineSpan& transfer) { return transfer.to == Tier::device || transfer.from == Tier::disk; }

bool same_link(const TimelineSpan& a, const TimelineSpan& b) { return a.from == b.from && a.to == b.to; }

/// Copies over links, found by when they end, and by when what waits for them may go on: an object that was packed is
/// unpacked in between. What waits begins at most the handing over later.
class Transfers {
 public:
  Transfers(std::span<const TimelineSpan> spans, const SwapMachine& machine)
      : codec_(machine.codec), handover_(machine.handover) {
    for (const TimelineSpan& span : spans) {
      if (span.kind != TimelineSpan::Kind::transfer) continue;
      by_end_.push_back({span.end, &span});
      const bool unpacks = codec_.packs() && span.to == Tier::device;
      by_done_.push_back({span.end + (unpacks ? codec_.decompress_time(span.bytes) : Nanoseconds(0)), &span});
    }
    std::sort(by_end_.begin(), by_end_.end(), earlier);
    std::sort(by_done_.begin(), by_done_.end(), earlier);
  }

  /// The one that is done last in [from, to], copies in before copies out; null where none is.
  const TimelineSpan* last_between(Nanoseconds from, Nanoseconds to) const {
    const TimelineSpan* out = nullptr;
    for (auto after = above(by_done_, to); after != by_done_.begin(); --after) {
      const auto at = std::prev(after);
      if (at->time < from - handover_) break;
      if (is_in(*at->span)) return at->span;
      if (out == nullptr) out = at->span;
    }
    return out;
  }

  /// With its packing.
  Nanoseconds begin_of(const TimelineSpan& transfer) const {
    const bool packs = codec_.packs() && transfer.from == Tier::device;
    return transfer.begin - (packs ? codec_.compress_time(transfer.bytes) : Nanoseconds(0));
  }

  /// What `transfer` followed at once: its own way to the link before, or another over the same one, else any copy out.
  const TimelineSpan* before(const TimelineSpan& transfer) const {
    const TimelineSpan* out = nullptr;
    for (auto after = above(by_end_, transfer.begin); after != by_end_.begin(); --after) {
      const auto at = std::prev(after);
      if (at->time < transfer.begin - handover_) break;
      if (at->span == &transfer || at->span->begin == at->span->end) continue;
      if (at->span->token == transfer.token || same_link(*at->span, transfer)) return at->span;
      if (!is_in(*at->span)) out = at->span;
    }
    return out;
  }

 private:
  struct Ended {
    Nanoseconds time{};
    const TimelineSpan* span;
  };
  // Of several that end at once the one that was issued first comes last.
  static bool earlier(const Ended& a, const Ended& b) {
    return a.time != b.time ? a.time < b.time : b.span->token < a.span->token;
  }
  static std::vector<Ended>::const_iterator above(const std::vector<Ended>& list, Nanoseconds time) {
    return std::upper_bound(list.begin(), list.end(), time,
                            [](Nanoseconds at, const Ended& ended) { return at < ended.time; });
  }

  CodecFigures codec_;
  Nanoseconds handover_;
  std::vector<Ended> by_end_, by_done_;
};

struct Explanation {
  StallCause cause{};
  Nanoseconds from{};  ///< nothing that explains it was under way before
};

/// Copies that followed each other at once are as late as the first of them. `next` is when the operator was next.
Explanation explain(const Transfers& transfers, const TimelineSpan& last, Nanoseconds next) {
  const TimelineSpan* head = &last;
  bool behind_out = !is_in(last);
  while (head->begin >= next) {
    const TimelineSpan* before = transfers.before(*head);
    if (before == nullptr) break;
    head = before;
    behind_out = behind_out || !is_in(*head);
  }
  const Nanoseconds from = transfers.begin_of(*head);
  if (behind_out) return {StallCause::memory, from};
  if (head->begin >= next) return {StallCause::no_prefetch, from};
  return {head->token == last.token ? StallCause::operand : StallCause::link_busy, from};
}

/// The pause, cut in two where part of it went by before any transfer that explains the rest had begun.
void add_stalls(const Transfers& transfers, const Stall& pause, Nanoseconds next, Nanoseconds launch_gap,
                std::vector<Stall>& stalls) {
  const TimelineSpan* last = transfers.last_between(pause.end - launch_gap, pause.end);
  const Explanation why = last == nullptr ? Explanation{StallCause::host, pause.end} : explain(transfers, *last, next);
  const Nanoseconds middle = std::clamp(why.from, pause.begin, pause.end);
  Stall host = pause, rest = pause;
  host.end = rest.begin = middle;
  if (host.begin < host.end) stalls.push_back(host);
  if (rest.begin == rest.end) return;
  rest.cause = why.cause;
  rest.token = last->token;
  rest.bytes = last->bytes;
  stalls.push_back(rest);
}

}  // namespace

std::vector<Stall> find_stalls(const ReplayTimeline& timeline, const SwapRequest& request) {
  const std::vector<Operator> operators = operators_of(timeline.swapped), ideal = operators_of(timeline.ideal);
  if (operators.size() != ideal.size())
    throw InvariantError(fmt::format("the run has {} operators and its ideal {}", operators.size(), ideal.size()));
  const Transfers transfers(timeline.swapped, request.machine);
  const std::vector<Pause> pauses = pauses_of(operators, timeline.swapped_begin);
  const std::vector<Pause> usual = pauses_of(ideal, timeline.ideal_begin);
  std::vector<Stall> stalls;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    const Nanoseconds length = pauses[i].length - usual[i].length;
    if (length <= Nanoseconds(0)) continue;
    const Nanoseconds end = operators[i].begin;
    add_stalls(transfers, {.begin = end - length, .end = end, .cause = StallCause::host, .order = i}, pauses[i].from,
               request.timing.gap, stalls);
  }
  return stalls;
}

std::array<StallSum, stall_causes> sum_stalls(std::span<const Stall> stalls) {
  std::array<StallSum, stall_causes> sums;
  for (const Stall& stall : stalls) {
    StallSum& sum = sums[static_cast<std::size_t>(stall.cause)];
    sum.time += stall.duration();
    ++sum.count;
    if (!sum.worst || sum.worst->duration() < stall.duration()) sum.worst = stall;
  }
  return sums;
}

}  // namespace vramlab
