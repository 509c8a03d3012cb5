#include "engine/swap/bound_program.h"

#include <algorithm>
#include <cmath>

namespace vramlab {
namespace {

// Loads and times are of about this size in the linear program.
constexpr double scale = 1000;

}  // namespace

BoundProgram::BoundProgram(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
                           std::vector<std::uint32_t> moments)
    : program_(program),
      machine_(machine),
      request_(request),
      moments_(std::move(moments)),
      shapes_(program, machine, request, moments_),
      end_(static_cast<std::uint32_t>(moments_.size())) {
  unit_bytes_ = static_cast<double>(std::max<std::uint64_t>(1, std::ranges::max_element(program.load)->value)) / scale;
  unit_ns_ = static_cast<double>(std::max<std::int64_t>(1, program.duration.value)) / scale;
}

BoundProgram::Result BoundProgram::solve(Bytes at_least) {
  add_frame(at_least);
  const SwapLink& link = machine_.link(request_.tier);
  for (const auto& [key, group] : shapes_.groups()) {
    out_ = weight(link.out, key.second);
    in_ = weight(link.in, key.second);
    const Lack* lacks = group.lacks.data();
    for (const Version& version : key.first) {
      add(version, lacks, units(group.bytes));
      lacks += version.gaps.size();
    }
  }
  const auto solution = lp_.minimise();
  Result result{.load = {}, .columns = lp_.columns(), .rows = lp_.rows(), .left = {}, .excesses = {}, .worth = {}};
  if (!solution) return result;
  // Loads are whole bytes.
  result.load = Bytes(
      static_cast<std::uint64_t>(std::max(0.0, std::ceil((solution->value - LinearProgram::tolerance) * unit_bytes_))));
  result.left = shapes_.left(absences(solution->columns));
  result.excesses = shapes_.excesses(hurried(solution->columns));
  result.worth = worth(solution->prices);
  return result;
}

// --- The frame: peak, links, waiting -------------------------------------------------------------------------------

void BoundProgram::add_frame(Bytes at_least) {
  const SwapLink& link = machine_.link(request_.tier);
  const double sum = static_cast<double>(link.out.bytes_per_second) + static_cast<double>(link.in.bytes_per_second);
  const auto both = static_cast<double>(link.duplex_bytes_per_second);
  const double share = both > 0 ? std::min(1.0, both / sum) : 1.0;
  slowed_ = std::min(1.0, (1 - share) / share);
  peak_ = lp_.column(units(at_least), std::max(units(at_least), scale), 1);
  if (slowed_ > 0) latencies_ = lp_.row(-LinearProgram::infinite, 0);
  add_lateness();
  for (std::uint32_t phase = 0; phase <= 2 * end_; ++phase) add_phase(phase);
  for (const std::uint32_t slot : moments_) {
    const int row = lp_.row(units(program_.load[slot]), LinearProgram::infinite);
    lp_.entry(row, peak_, 1);
    loads_.push_back(row);
  }
}

// Of the operators of moments, and of the end. It falls only where there are pauses.
void BoundProgram::add_lateness() {
  const double allowed = request_.max_overhead * static_cast<double>(program_.duration.value);
  most_late_ns_ = allowed + pauses_by(end_);
  if (most_late_ns_ <= 0) return;
  for (std::uint32_t moment = 0; moment <= end_; ++moment) {
    late_.push_back(lp_.column(0, (most_late_ns_ - pauses_by(moment)) / unit_ns_));
    if (moment == 0) continue;
    const int row = lp_.row((pauses_by(moment - 1) - pauses_by(moment)) / unit_ns_, LinearProgram::infinite);
    lp_.entry(row, late_[moment], 1);
    lp_.entry(row, late_[moment - 1], -1);
  }
}

// Operators wait before they run.
void BoundProgram::add_phase(std::uint32_t phase) {
  const std::uint32_t moment = phase / 2;
  const auto row = [&] {
    const int found = lp_.row(-LinearProgram::infinite, time_of(phase));
    if (phase % 2 != 0 || late_.empty()) return found;
    lp_.entry(found, late_[moment], -1);
    if (moment > 0) lp_.entry(found, late_[moment - 1], 1);
    return found;
  };
  LinkRows rows{.out = row(), .in = row()};
  if (slowed_ > 0) {
    rows.out_shared = row();
    rows.in_shared = row();
    const int latency = lp_.column(0, 2 * scale * (1 + request_.max_overhead));
    lp_.entry(rows.out_shared, latency, -slowed_);
    lp_.entry(rows.in_shared, latency, -slowed_);
    lp_.entry(latencies_, latency, 1);
    add_unseen(rows);
  }
  links_.push_back(rows);
}

// Copies that more moments would tell: their latencies must be there with fewer of them too.
void BoundProgram::add_unseen(const LinkRows& rows) {
  const SwapLink& link = machine_.link(request_.tier);
  const auto small = static_cast<double>(shapes_.smallest());
  const auto of_time = [&](const LinkSpeed& speed) {
    const auto latency = static_cast<double>(speed.latency.value);
    return Weight{.whole = 1, .latency = latency / (latency + bound_link_ns(machine_, speed, small))};
  };
  out_ = of_time(link.out);
  in_ = of_time(link.in);
  for (const bool out : {true, false}) take(rows, out, lp_.column(0, 2 * scale * (1 + request_.max_overhead)), 1);
}

double BoundProgram::time_of(std::uint32_t phase) const {
  const std::uint32_t moment = phase / 2;
  if (phase % 2 == 1) return units(program_.end[moments_[moment]] - program_.begin[moments_[moment]]);
  const Nanoseconds from = moment == 0 ? Nanoseconds(0) : program_.end[moments_[moment - 1]];
  return units((moment == end_ ? program_.duration : program_.begin[moments_[moment]]) - from);
}

BoundProgram::Weight BoundProgram::weight(const LinkSpeed& link, std::uint64_t largest) const {
  const auto bytes = static_cast<double>(largest);
  const auto latency = static_cast<double>(link.latency.value);
  const double unit = unit_bytes_ / (unit_ns_ * bytes);
  return {.whole = (latency + bound_link_ns(machine_, link, bytes)) * unit, .latency = latency * unit};
}

// --- One version ---------------------------------------------------------------------------------------------------

// The phase before an unrolled moment, and the rows of an unrolled phase.
std::uint32_t BoundProgram::phase_before(std::uint32_t moment) const {
  return moment <= end_ ? 2 * moment : 2 * moment - 1;
}
const BoundProgram::LinkRows& BoundProgram::rows_of(std::uint32_t phase) const {
  return links_[phase <= 2 * end_ ? phase : phase - 2 * end_ - 1];
}

void BoundProgram::add(const Version& version, const Lack* lacks, double size) {
  const bool kept = version.copied == BoundShapes::kept;
  std::uint32_t next = kept ? 0 : phase_before(version.copied);
  int copied = -1;  // by the end of phase next - 1
  first_outs_.push_back(-1);
  for (const MomentGap& gap : version.gaps) {
    int absent = -1;
    std::vector<int>& columns = absent_.emplace_back(gap.last - gap.first + 1, -1);
    for (std::uint32_t m = first_useful(gap, *lacks); m <= gap.last; ++m) {
      const int now = not_back(m, lacks->out[m - gap.first], version.copied, size);
      columns[m - gap.first] = lighten(m, gap, lacks->in[m - gap.first], now, size);
      if (!kept) {
        for (; next <= phase_before(m); ++next) {
          copied = copied_by(next, copied, size);
          if (first_outs_.back() < 0) first_outs_.back() = copied;
        }
        cover(now, copied);
      }
      // What comes back while the operator of m runs takes memory there already.
      if (absent >= 0) flow_in(phase_before(m), m == end_ ? 1 : 2, absent, now, size);
      absent = now;
    }
    last_ins_.push_back(gap.returns && absent >= 0 ? flow_in(phase_before(gap.last + 1), 1, absent, -1, size) : -1);
    ++lacks;
  }
}

// From which it can be out; one beyond the gap where it can be absent at no moment.
std::uint32_t BoundProgram::first_useful(const MomentGap& gap, const Lack& lack) const {
  std::uint32_t first = gap.last + 1;
  for (std::uint32_t n = gap.last + 1 - gap.first; n > 0; --n) {
    if (!possible(lack.out[n - 1])) break;
    if (first <= gap.last || possible(lack.in[n - 1])) first = gap.first + n - 1;
  }
  return first;
}

// What has left and not come back by the end of the moment.
int BoundProgram::not_back(std::uint32_t moment, double lack, std::uint32_t written, double size) {
  const int column = lp_.column(0, size);
  if (lack > 0) wait_between(written, moment, column, lack, size);
  return column;
}

// The load of the moment, by what is absent: all that is not back, where there is time for all to come back then.
int BoundProgram::lighten(std::uint32_t moment, const MomentGap& gap, double lack, int not_back, double size) {
  if (moment == end_) return not_back;
  if (!possible(lack)) return -1;
  const int row = loads_[moment < end_ ? moment : moment - end_ - 1];
  if (lack <= 0) {
    lp_.entry(row, not_back, 1);
    return not_back;
  }
  const int absent = lp_.column(0, size);
  lp_.entry(row, absent, 1);
  cover(absent, not_back);
  wait_between(moment + 1, gap.last + 1, absent, lack, size);
  return absent;
}

// The whole of `column` lacks so much time from behind moment `from` - 1 to `to`; where nothing of it is absent, what
// is late may catch up in the pauses between.
void BoundProgram::wait_between(std::uint32_t from, std::uint32_t to, int column, double lack, double size) {
  if (late_.empty()) return;  // a rounding error is all that it lacks
  const double caught_up = from > 0 ? pauses_by(to) - pauses_by(from - 1) : 0;
  const int row = lp_.row(-caught_up / unit_ns_, LinearProgram::infinite);
  enter_lateness(row, to, 1);
  if (from > 0) enter_lateness(row, from - 1, -1);
  lp_.entry(row, column, -(lack + caught_up) / unit_ns_ / size);
}

// Up to an unrolled moment, in ns.
double BoundProgram::pauses_by(std::uint32_t moment) const {
  if (moment > end_) return pauses_by(end_) + pauses_by(moment - end_ - 1);
  return static_cast<double>(shapes_.pauses(moment == end_ ? program_.slots() : moments_[moment]).value);
}

void BoundProgram::enter_lateness(int row, std::uint32_t moment, double sign) {
  if (moment > end_) {
    lp_.entry(row, late_[end_], sign);
    moment -= end_ + 1;
  }
  lp_.entry(row, late_[moment], sign);
}

// A cumulated amount: what leaves in the phase is its rise.
int BoundProgram::copied_by(std::uint32_t phase, int before, double size) {
  const int column = lp_.column(0, size);
  take(rows_of(phase), true, column, 1);
  if (before < 0) return column;
  take(rows_of(phase), true, before, -1);
  cover(before, column);
  return column;
}

// What comes back in `phases` of them: the fall of an absent amount.
int BoundProgram::flow_in(std::uint32_t phase, std::uint32_t phases, int before, int after, double size) {
  const int enough = lp_.row(0, LinearProgram::infinite);
  int flow = -1;
  for (std::uint32_t p = phase; p < phase + phases; ++p) {
    flow = lp_.column(0, size);
    take(rows_of(p), false, flow, 1);
    lp_.entry(enough, flow, 1);
  }
  lp_.entry(enough, before, -1);
  if (after >= 0) lp_.entry(enough, after, 1);
  return flow;
}

void BoundProgram::take(const LinkRows& rows, bool out, int column, double sign) {
  const Weight& weight = out ? out_ : in_;
  lp_.entry(out ? rows.out : rows.in, column, sign * weight.whole);
  if (slowed_ == 0) return;
  lp_.entry(out ? rows.out_shared : rows.in_shared, column, sign * weight.whole);
  lp_.entry(out ? rows.in_shared : rows.out_shared, column, sign * slowed_ * weight.whole);
  lp_.entry(latencies_, column, -sign * weight.latency);
}

void BoundProgram::cover(int covered, int by) {
  const int row = lp_.row(-LinearProgram::infinite, 0);
  lp_.entry(row, covered, 1);
  lp_.entry(row, by, -1);
}

}  // namespace vramlab
