#include "engine/swap/bound.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "engine/core/error.h"
#include "engine/swap/linear_program.h"

namespace vramlab {
namespace {

constexpr double mebibyte = 1 << 20;
constexpr std::uint32_t none = ~std::uint32_t{0};

/// A gap between moments [first, last].
struct MomentGap {
  std::uint32_t first = 0, last = 0;
  bool returns = false;
  friend auto operator<=>(const MomentGap&, const MomentGap&) = default;
};

/// One version of an object's contents, with the gaps in which it may be absent, in order of time.
struct Version {
  std::uint32_t copied =
      0;  ///< first moment before which it can be copied out; none: a copy is there from the beginning
  std::vector<MomentGap> gaps;
  friend auto operator<=>(const Version&, const Version&) = default;
};

using Shape = std::vector<Version>;

/// Moments 0 to M-1 are the chosen operators. Time is cut into phases: 2j before the operator of moment j, 2j+1 while
/// it runs, 2M after the last. The stretch is unrolled, so that the last version of a persistent object is one piece:
/// moment M stands for its end, M+1+j for moment j of the next one; likewise with phases.
class BoundProgram {
 public:
  BoundProgram(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
               std::vector<std::uint32_t> moments)
      : program_(program),
        machine_(machine),
        request_(request),
        moments_(std::move(moments)),
        end_(static_cast<std::uint32_t>(moments_.size())) {}

  struct Result {
    std::optional<double> load;  ///< MiB
    std::uint32_t columns = 0, rows = 0;
  };

  Result solve(double at_least) {
    gather_shapes();
    add_frame(at_least);
    for (const auto& [shape, bytes] : shapes_)
      for (const Version& version : shape) add(version, static_cast<double>(bytes.value) / mebibyte);
    const auto solution = lp_.minimise();
    Result result{.load = {}, .columns = lp_.columns(), .rows = lp_.rows()};
    if (solution) result.load = solution->value;
    return result;
  }

 private:
  // --- Shapes ------------------------------------------------------------------------------------------------------

  void gather_shapes() {
    for (std::uint32_t object = 0; object < program_.objects.size(); ++object) {
      if (program_.objects[object].bytes < request_.min_swap) continue;
      const Shape shape = shape_of(object);
      if (!shape.empty()) shapes_[shape] += program_.objects[object].bytes;
    }
  }

  // First moment at or after `slot`.
  std::uint32_t moment_from(std::uint32_t slot) const {
    return static_cast<std::uint32_t>(std::lower_bound(moments_.begin(), moments_.end(), slot) - moments_.begin());
  }

  Shape shape_of(std::uint32_t number) const {
    const ProgramObject& object = program_.objects[number];
    const bool wraps = object.persistent() && !object.accesses.empty();
    const bool written = std::any_of(object.accesses.begin(), object.accesses.end(), [](Access a) { return a.writes; });
    Shape shape;
    std::vector<MomentGap> next_time;  // of the last version, before the first write
    for (const SwapGap& gap : gaps_of(program_, number)) {
      MomentGap found{.first = moment_from(gap.from), .last = moment_from(gap.to), .returns = gap.returns};
      if (wraps && gap.from == 0) {
        next_time.push_back({.first = end_ + 1, .last = end_ + 1 + found.last, .returns = true});
      } else if (wraps && written && gap.copied == 0) {
        next_time.push_back({.first = end_ + 1 + found.first, .last = end_ + 1 + found.last, .returns = true});
      } else {
        const std::uint32_t copied = object.persistent() && !written ? none : moment_from(gap.copied);
        note(shape, copied, found);
      }
    }
    if (wraps) append_next_time(shape, object, written, next_time);
    tidy(shape);
    return shape;
  }

  static void note(Shape& shape, std::uint32_t copied, const MomentGap& gap) {
    if (shape.empty() || shape.back().copied != copied) shape.push_back({.copied = copied, .gaps = {}});
    shape.back().gaps.push_back(gap);
  }

  // The gap at the end and the one at the next beginning are one.
  void append_next_time(Shape& shape, const ProgramObject& object, bool written, std::vector<MomentGap> gaps) const {
    std::uint32_t last_write = 0;
    for (const Access access : object.accesses)
      if (access.writes) last_write = access.slot + 1;
    const std::uint32_t copied = written ? moment_from(last_write) : none;
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
    for (const MomentGap& gap : gaps) note(shape, copied, gap);
  }

  // `last` has been one beyond so far. Gaps without a moment go.
  void tidy(Shape& shape) const {
    for (Version& version : shape) {
      std::erase_if(version.gaps, [&](const MomentGap& gap) {
        const bool end_alone = gap.first == end_ && gap.last == end_ + 1;
        return gap.first >= gap.last || end_alone;
      });
      for (MomentGap& gap : version.gaps) --gap.last;
    }
    std::erase_if(shape, [](const Version& version) { return version.gaps.empty(); });
  }

  // --- The frame: peak, links, waiting -----------------------------------------------------------------------------

  double ms(Nanoseconds time) const { return static_cast<double>(time.value) / 1e6; }
  static double mib_per_ms(std::uint64_t bytes_per_second) {
    return static_cast<double>(bytes_per_second) / 1e3 / mebibyte;
  }

  void add_frame(double at_least) {
    const SwapLink& link = machine_.link(request_.tier);
    const double packed = 1000.0 / machine_.codec.ratio_per_mille;
    share_ = packed;
    const std::uint64_t both = link.duplex_bytes_per_second != 0 ? link.duplex_bytes_per_second
                                                                 : link.out.bytes_per_second + link.in.bytes_per_second;
    peak_ = lp_.column(at_least, LinearProgram::infinite, 1);
    const int waiting = lp_.row(-LinearProgram::infinite, request_.max_overhead * ms(program_.duration));
    for (std::uint32_t phase = 0; phase <= 2 * end_; ++phase) {
      const double time = time_of(phase);
      const int wait = request_.max_overhead > 0 ? lp_.column(0, LinearProgram::infinite) : -1;
      if (wait >= 0) lp_.entry(waiting, wait, 1);
      outs_.push_back(link_row(mib_per_ms(link.out.bytes_per_second), time, wait));
      ins_.push_back(link_row(mib_per_ms(link.in.bytes_per_second), time, wait));
      boths_.push_back(link_row(mib_per_ms(both), time, wait));
    }
    for (const std::uint32_t slot : moments_) {
      const int row = lp_.row(static_cast<double>(program_.load[slot].value) / mebibyte, LinearProgram::infinite);
      lp_.entry(row, peak_, 1);
      loads_.push_back(row);
    }
  }

  int link_row(double speed, double time, int wait) {
    const int row = lp_.row(-LinearProgram::infinite, speed * time);
    if (wait >= 0) lp_.entry(row, wait, -speed);
    return row;
  }

  double time_of(std::uint32_t phase) const {
    const std::uint32_t moment = phase / 2;
    if (phase % 2 == 1) return ms(program_.end[moments_[moment]] - program_.begin[moments_[moment]]);
    const Nanoseconds from = moment == 0 ? Nanoseconds(0) : program_.end[moments_[moment - 1]];
    return ms((moment == end_ ? program_.duration : program_.begin[moments_[moment]]) - from);
  }

  // --- One version -------------------------------------------------------------------------------------------------

  // The phase before an unrolled moment, and the row of an unrolled phase.
  std::uint32_t phase_before(std::uint32_t moment) const { return moment <= end_ ? 2 * moment : 2 * moment - 1; }
  std::uint32_t row_of(std::uint32_t phase) const { return phase <= 2 * end_ ? phase : phase - 2 * end_ - 1; }

  void add(const Version& version, double size) {
    std::uint32_t next = version.copied == none ? 0 : phase_before(version.copied);
    int copied = -1;  // by the end of phase next - 1
    for (const MomentGap& gap : version.gaps) {
      int absent = -1;
      for (std::uint32_t m = gap.first; m <= gap.last; ++m) {
        const int now = absent_at(m, size);
        if (version.copied != none) {
          for (; next <= phase_before(m); ++next) copied = copy_in(next, copied, size);
          cover(now, copied);
        }
        // What comes back while the operator of m runs takes memory there already.
        if (absent >= 0) flow_in(phase_before(m), m == end_ ? 1 : 2, absent, now);
        absent = now;
      }
      if (gap.returns) flow_in(phase_before(gap.last + 1), 1, absent, -1);
    }
  }

  int absent_at(std::uint32_t moment, double size) {
    const int column = lp_.column(0, size);
    if (moment != end_) lp_.entry(loads_[moment < end_ ? moment : moment - end_ - 1], column, 1);
    return column;
  }

  // A cumulated amount: what leaves in the phase is its rise.
  int copy_in(std::uint32_t phase, int before, double size) {
    const int column = lp_.column(0, size);
    for (const int row : {outs_[row_of(phase)], boths_[row_of(phase)]}) {
      lp_.entry(row, column, share_);
      if (before >= 0) lp_.entry(row, before, -share_);
    }
    if (before < 0) return column;
    const int rises = lp_.row(0, LinearProgram::infinite);
    lp_.entry(rises, column, 1);
    lp_.entry(rises, before, -1);
    return column;
  }

  // What comes back in `phases` of them: the fall of an absent amount.
  void flow_in(std::uint32_t phase, std::uint32_t phases, int before, int after) {
    const int enough = lp_.row(0, LinearProgram::infinite);
    for (std::uint32_t p = phase; p < phase + phases; ++p) {
      const int flow = lp_.column(0, LinearProgram::infinite);
      for (const int row : {ins_[row_of(p)], boths_[row_of(p)]}) lp_.entry(row, flow, share_);
      lp_.entry(enough, flow, 1);
    }
    lp_.entry(enough, before, -1);
    if (after >= 0) lp_.entry(enough, after, 1);
  }

  void cover(int absent, int copied) {
    const int row = lp_.row(-LinearProgram::infinite, 0);
    lp_.entry(row, absent, 1);
    lp_.entry(row, copied, -1);
  }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const BoundRequest& request_;
  std::vector<std::uint32_t> moments_;
  std::uint32_t end_;
  std::map<Shape, Bytes> shapes_;
  LinearProgram lp_;
  double share_ = 1;  // of the bytes that pass the link
  int peak_ = 0;
  std::vector<int> outs_, ins_, boths_, loads_;
};

// Operators whose load is above what is known of the bound, at most `most` of them, of each stretch of neighbours the
// fullest: only they can bind.
std::vector<std::uint32_t> fullest(const AccessProgram& program, Bytes above, std::uint32_t most) {
  std::vector<std::uint32_t> full;
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot)
    if (program.load[slot] > above) full.push_back(slot);
  if (full.size() <= most) return full;
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t part = 0; part < most; ++part) {
    const auto begin = full.begin() + static_cast<std::ptrdiff_t>(full.size() * part / most);
    const auto end = full.begin() + static_cast<std::ptrdiff_t>(full.size() * (part + 1) / most);
    chosen.push_back(*std::max_element(
        begin, end, [&](std::uint32_t a, std::uint32_t b) { return program.load[a] < program.load[b]; }));
  }
  return chosen;
}

// Half of the moments are where the load is, half evenly spread in time: between two moments the program knows no
// order, so that an object could be copied out before it is written.
std::vector<std::uint32_t> choose_moments(const AccessProgram& program, Bytes above, std::uint32_t most) {
  std::vector<std::uint32_t> chosen = fullest(program, above, std::max(1u, most / 2));
  const std::int64_t parts = most - most / 2;
  for (std::int64_t part = 1; part <= parts; ++part) {
    const Nanoseconds time = program.duration * part / (parts + 1);
    const auto slot = std::lower_bound(program.begin.begin(), program.begin.end(), time) - program.begin.begin();
    if (slot < program.slots()) chosen.push_back(static_cast<std::uint32_t>(slot));
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

Bytes bytes_below(double mib) { return Bytes(static_cast<std::uint64_t>(std::floor(mib * mebibyte))); }

}  // namespace

SwapBound swap_bound(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request) {
  if (!machine.link(request.tier).there())
    throw ConfigError("the machine has no link to the tier that is to be swapped to", {}, "choose another tier");
  SwapBound bound{.max_load = *std::max_element(program.load.begin(), program.load.end())};
  bound.largest_operator = bound.load = working_set(program, largest_operator(program));
  // The first, coarse solution says which operators cannot matter: more of the moments then fall to the others.
  for (const std::uint32_t moments : {request.moments / 4, request.moments}) {
    const std::vector<std::uint32_t> chosen = choose_moments(program, bound.load, std::max(1u, moments));
    if (chosen.empty()) break;
    BoundProgram linear(program, machine, request, chosen);
    const auto result = linear.solve(static_cast<double>(bound.load.value) / mebibyte);
    bound.moments = static_cast<std::uint32_t>(chosen.size());
    bound.columns = result.columns;
    bound.rows = result.rows;
    bound.optimal = result.load.has_value();
    if (!result.load) break;
    bound.load = std::max(bound.load, bytes_below(*result.load));
  }
  return bound;
}

}  // namespace vramlab
