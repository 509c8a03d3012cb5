#include "engine/swap/bound_program.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace vramlab {
namespace {

constexpr std::uint32_t kept = ~std::uint32_t{0};
// Loads and times are of about this size in the linear program; its solver keeps its conditions within 1e-7.
constexpr double scale = 1000;
constexpr double solver_slack = 1e-5;
// Classes of sizes, by their bits: where the latency counts much, little, hardly. More make the program slow.
constexpr std::array<std::uint32_t, 3> classes{22, 25, 64};

std::uint32_t class_of(Bytes bytes) {
  const auto bits = static_cast<std::uint32_t>(std::bit_width(bytes.value));
  return *std::ranges::lower_bound(classes, bits);
}

}  // namespace

BoundProgram::BoundProgram(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
                           std::vector<std::uint32_t> moments)
    : program_(program),
      machine_(machine),
      request_(request),
      moments_(std::move(moments)),
      end_(static_cast<std::uint32_t>(moments_.size())) {
  unit_bytes_ = static_cast<double>(std::max<std::uint64_t>(1, std::ranges::max_element(program.load)->value)) / scale;
  unit_ns_ = static_cast<double>(std::max<std::int64_t>(1, program.duration.value)) / scale;
}

BoundProgram::Result BoundProgram::solve(Bytes at_least) {
  gather_groups();
  add_frame(at_least);
  const SwapLink& link = machine_.link(request_.tier);
  for (const auto& [key, group] : groups_) {
    out_ = weights(link.out, group.largest, key.second);
    in_ = weights(link.in, group.largest, key.second);
    for (const Version& version : key.first) add(version, units(group.bytes));
  }
  const auto solution = lp_.minimise();
  Result result{.load = {}, .columns = lp_.columns(), .rows = lp_.rows()};
  // Loads are whole bytes.
  if (solution)
    result.load =
        Bytes(static_cast<std::uint64_t>(std::max(0.0, std::ceil((solution->value - solver_slack) * unit_bytes_))));
  return result;
}

// --- Shapes --------------------------------------------------------------------------------------------------------

void BoundProgram::gather_groups() {
  for (std::uint32_t object = 0; object < program_.objects.size(); ++object) {
    const Bytes bytes = program_.objects[object].bytes;
    if (bytes < request_.min_swap || bytes == Bytes(0)) continue;
    const Shape shape = shape_of(object);
    if (shape.empty()) continue;
    Group& group = groups_[{shape, class_of(bytes)}];
    group.bytes += bytes;
    group.largest = std::max(group.largest, bytes);
  }
}

// First moment at or after `slot`.
std::uint32_t BoundProgram::moment_from(std::uint32_t slot) const {
  return static_cast<std::uint32_t>(std::lower_bound(moments_.begin(), moments_.end(), slot) - moments_.begin());
}

// The gaps of a persistent object before its first write belong to its last version, next time.
BoundProgram::Shape BoundProgram::shape_of(std::uint32_t number) const {
  const ProgramObject& object = program_.objects[number];
  const bool wraps = object.persistent() && !object.accesses.empty();
  const bool written = std::ranges::any_of(object.accesses, [](Access a) { return a.writes; });
  Shape shape;
  std::vector<MomentGap> next_time;
  for (const SwapGap& gap : gaps_of(program_, number)) {
    MomentGap found{.first = moment_from(gap.from), .last = moment_from(gap.to), .returns = gap.returns};
    if (wraps && (gap.from == 0 || (written && gap.copied == 0))) {
      next_time.push_back({.first = end_ + 1 + found.first, .last = end_ + 1 + found.last, .returns = true});
    } else {
      note(shape, object.persistent() && !written ? kept : moment_from(gap.copied), found);
    }
  }
  if (wraps) append_next_time(shape, object, written, next_time);
  tidy(shape);
  return shape;
}

void BoundProgram::note(Shape& shape, std::uint32_t copied, const MomentGap& gap) {
  if (shape.empty() || shape.back().copied != copied) shape.push_back({.copied = copied, .gaps = {}});
  shape.back().gaps.push_back(gap);
}

// The gap at the end and the one at the next beginning are one.
void BoundProgram::append_next_time(Shape& shape, const ProgramObject& object, bool written,
                                    std::vector<MomentGap> gaps) const {
  std::uint32_t last_write = 0;
  for (const Access access : object.accesses)
    if (access.writes) last_write = access.slot + 1;
  const bool tail = object.accesses.back().slot + 1 < program_.slots();
  if (tail && !shape.empty()) {
    MomentGap& last = shape.back().gaps.back();
    last.returns = true;
    last.last = end_ + 1;
    if (!gaps.empty() && gaps.front().first == end_ + 1) {
      last.last = gaps.front().last;
      gaps.erase(gaps.begin());
    }
  }
  for (const MomentGap& gap : gaps) note(shape, written ? moment_from(last_write) : kept, gap);
}

// `last` has been one beyond so far. Gaps without a moment go.
void BoundProgram::tidy(Shape& shape) const {
  for (Version& version : shape) {
    std::erase_if(version.gaps, [&](const MomentGap& gap) {
      const bool end_alone = gap.first == end_ && gap.last == end_ + 1;
      return gap.first >= gap.last || end_alone;
    });
    for (MomentGap& gap : version.gaps) --gap.last;
  }
  std::erase_if(shape, [](const Version& version) { return version.gaps.empty(); });
}

// --- The frame: peak, links, waiting -------------------------------------------------------------------------------

void BoundProgram::add_frame(Bytes at_least) {
  const SwapLink& link = machine_.link(request_.tier);
  const double sum = static_cast<double>(link.out.bytes_per_second) + static_cast<double>(link.in.bytes_per_second);
  const auto both = static_cast<double>(link.duplex_bytes_per_second);
  const double share = both > 0 ? std::min(1.0, both / sum) : 1.0;
  slowed_ = std::min(1.0, (1 - share) / share);
  peak_ = lp_.column(units(at_least), LinearProgram::infinite, 1);
  const int waiting = lp_.row(-LinearProgram::infinite, request_.max_overhead * units(program_.duration));
  for (std::uint32_t phase = 0; phase <= 2 * end_; ++phase) add_phase(phase, waiting);
  for (const std::uint32_t slot : moments_) {
    const int row = lp_.row(units(program_.load[slot]), LinearProgram::infinite);
    lp_.entry(row, peak_, 1);
    loads_.push_back(row);
  }
}

// Operators wait before they run.
void BoundProgram::add_phase(std::uint32_t phase, int waiting) {
  const int wait = request_.max_overhead > 0 && phase % 2 == 0 ? lp_.column(0, LinearProgram::infinite) : -1;
  if (wait >= 0) lp_.entry(waiting, wait, 1);
  const auto row = [&] {
    const int found = lp_.row(-LinearProgram::infinite, time_of(phase));
    if (wait >= 0) lp_.entry(found, wait, -1);
    return found;
  };
  LinkRows rows{.out = row(), .in = row()};
  if (slowed_ > 0) {
    rows.out_shared = row();
    rows.in_shared = row();
  }
  links_.push_back(rows);
}

double BoundProgram::time_of(std::uint32_t phase) const {
  const std::uint32_t moment = phase / 2;
  if (phase % 2 == 1) return units(program_.end[moments_[moment]] - program_.begin[moments_[moment]]);
  const Nanoseconds from = moment == 0 ? Nanoseconds(0) : program_.end[moments_[moment - 1]];
  return units((moment == end_ ? program_.duration : program_.begin[moments_[moment]]) - from);
}

// Of the larger the latency is left out where the other direction's slowing counts for more. Which those are depends on
// the class alone, so that fewer moments, and so larger groups, only make a byte cheaper.
BoundProgram::Weights BoundProgram::weights(const LinkSpeed& link, Bytes largest, std::uint32_t bits) const {
  const auto link_time = [&](double bytes) {
    return bytes * 1000 / machine_.codec.ratio_per_mille / (static_cast<double>(link.bytes_per_second) / 1e9);
  };
  const auto latency = static_cast<double>(link.latency.value);
  const double moving = link_time(static_cast<double>(largest.value));
  const double whole = moving + latency;
  const double unit = 1 / (unit_ns_ * units(largest));
  if (slowed_ == 0 || latency > slowed_ * (latency + link_time(std::ldexp(1.0, static_cast<int>(bits)))))
    return {.own = whole * unit, .own_shared = (1 - slowed_) * whole * unit, .other_shared = 0};
  return {.own = moving * unit, .own_shared = moving * unit, .other_shared = slowed_ * moving * unit};
}

// --- One version ---------------------------------------------------------------------------------------------------

// The phase before an unrolled moment, and the rows of an unrolled phase.
std::uint32_t BoundProgram::phase_before(std::uint32_t moment) const {
  return moment <= end_ ? 2 * moment : 2 * moment - 1;
}
const BoundProgram::LinkRows& BoundProgram::rows_of(std::uint32_t phase) const {
  return links_[phase <= 2 * end_ ? phase : phase - 2 * end_ - 1];
}

void BoundProgram::add(const Version& version, double size) {
  std::uint32_t next = version.copied == kept ? 0 : phase_before(version.copied);
  int copied = -1;  // by the end of phase next - 1
  for (const MomentGap& gap : version.gaps) {
    int absent = -1;
    for (std::uint32_t m = gap.first; m <= gap.last; ++m) {
      const int now = absent_at(m, size);
      if (version.copied != kept) {
        for (; next <= phase_before(m); ++next) copied = copied_by(next, copied, size);
        cover(now, copied);
      }
      // What comes back while the operator of m runs takes memory there already.
      if (absent >= 0) flow_in(phase_before(m), m == end_ ? 1 : 2, absent, now);
      absent = now;
    }
    if (gap.returns) flow_in(phase_before(gap.last + 1), 1, absent, -1);
  }
}

int BoundProgram::absent_at(std::uint32_t moment, double size) {
  const int column = lp_.column(0, size);
  if (moment != end_) lp_.entry(loads_[moment < end_ ? moment : moment - end_ - 1], column, 1);
  return column;
}

// A cumulated amount: what leaves in the phase is its rise.
int BoundProgram::copied_by(std::uint32_t phase, int before, double size) {
  const int column = lp_.column(0, size);
  take_out(phase, column, 1);
  if (before < 0) return column;
  take_out(phase, before, -1);
  const int rises = lp_.row(0, LinearProgram::infinite);
  lp_.entry(rises, column, 1);
  lp_.entry(rises, before, -1);
  return column;
}

// What comes back in `phases` of them: the fall of an absent amount.
void BoundProgram::flow_in(std::uint32_t phase, std::uint32_t phases, int before, int after) {
  const int enough = lp_.row(0, LinearProgram::infinite);
  for (std::uint32_t p = phase; p < phase + phases; ++p) {
    const int flow = lp_.column(0, LinearProgram::infinite);
    take_in(p, flow);
    lp_.entry(enough, flow, 1);
  }
  lp_.entry(enough, before, -1);
  if (after >= 0) lp_.entry(enough, after, 1);
}

void BoundProgram::take_out(std::uint32_t phase, int column, double sign) {
  const LinkRows& rows = rows_of(phase);
  lp_.entry(rows.out, column, sign * out_.own);
  if (slowed_ == 0) return;
  lp_.entry(rows.out_shared, column, sign * out_.own_shared);
  lp_.entry(rows.in_shared, column, sign * out_.other_shared);
}

void BoundProgram::take_in(std::uint32_t phase, int column) {
  const LinkRows& rows = rows_of(phase);
  lp_.entry(rows.in, column, in_.own);
  if (slowed_ == 0) return;
  lp_.entry(rows.in_shared, column, in_.own_shared);
  lp_.entry(rows.out_shared, column, in_.other_shared);
}

void BoundProgram::cover(int absent, int copied) {
  const int row = lp_.row(-LinearProgram::infinite, 0);
  lp_.entry(row, absent, 1);
  lp_.entry(row, copied, -1);
}

}  // namespace vramlab
