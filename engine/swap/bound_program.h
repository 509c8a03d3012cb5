#pragma once
// The linear program of the bound (bound.h says what it means) for a given set of moments.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/bound.h"
#include "engine/swap/linear_program.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Moments 0 to M-1 are the chosen operators. Time is cut into phases: 2j before the operator of moment j, 2j+1 while
/// it runs, 2M after the last. The stretch is unrolled, so that the last version of a persistent object is one piece:
/// moment M stands for its end, M+1+j for moment j of the next one; likewise with phases.
class BoundProgram {
 public:
  /// All must outlive it. `moments`: slots, ascending.
  BoundProgram(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
               std::vector<std::uint32_t> moments);

  struct Result {
    std::optional<Bytes> load;  ///< none where the solver found no optimum
    std::uint32_t columns = 0, rows = 0;
  };
  /// `at_least`: no schedule has a lower maximum, as is known. To be called once.
  Result solve(Bytes at_least);

 private:
  /// A gap between moments [first, last].
  struct MomentGap {
    std::uint32_t first = 0, last = 0;
    bool returns = false;
    friend auto operator<=>(const MomentGap&, const MomentGap&) = default;
  };
  /// One version of an object's contents, with the gaps in which it may be absent, in order of time.
  struct Version {
    std::uint32_t copied = 0;  ///< first moment before which it can be copied out; kept: a copy is there always
    std::vector<MomentGap> gaps;
    friend auto operator<=>(const Version&, const Version&) = default;
  };
  using Shape = std::vector<Version>;
  /// Objects of one shape and about one size, as one.
  struct Group {
    Bytes bytes{};
    Bytes largest{};  ///< of them
  };
  /// Of one phase: rows of the linear program. Those of sharing only where directions slow each other down.
  struct LinkRows {
    int out = -1, in = -1, out_shared = -1, in_shared = -1;
  };
  /// What a unit of bytes takes of the rows of its own direction, and of the row of the other where they share.
  struct Weights {
    double own = 0, own_shared = 0, other_shared = 0;
  };

  void gather_groups();
  std::uint32_t moment_from(std::uint32_t slot) const;
  Shape shape_of(std::uint32_t object) const;
  static void note(Shape& shape, std::uint32_t copied, const MomentGap& gap);
  void append_next_time(Shape& shape, const ProgramObject& object, bool written, std::vector<MomentGap> gaps) const;
  void tidy(Shape& shape) const;

  void add_frame(Bytes at_least);
  void add_phase(std::uint32_t phase, int waiting);
  double time_of(std::uint32_t phase) const;
  double units(Bytes bytes) const { return static_cast<double>(bytes.value) / unit_bytes_; }
  double units(Nanoseconds time) const { return static_cast<double>(time.value) / unit_ns_; }
  Weights weights(const LinkSpeed& link, Bytes largest, std::uint32_t bits) const;

  std::uint32_t phase_before(std::uint32_t moment) const;
  const LinkRows& rows_of(std::uint32_t phase) const;
  void add(const Version& version, double size);
  int absent_at(std::uint32_t moment, double size);
  int copied_by(std::uint32_t phase, int before, double size);
  void flow_in(std::uint32_t phase, std::uint32_t phases, int before, int after);
  void take_out(std::uint32_t phase, int column, double sign);
  void take_in(std::uint32_t phase, int column);
  void cover(int absent, int copied);

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const BoundRequest& request_;
  std::vector<std::uint32_t> moments_;
  std::uint32_t end_;
  double unit_bytes_ = 1, unit_ns_ = 1;
  double slowed_ = 0;                                        ///< b of bound.h
  Weights out_, in_;                                         ///< of the group at hand
  std::map<std::pair<Shape, std::uint32_t>, Group> groups_;  ///< by shape and bits of the size
  LinearProgram lp_;
  int peak_ = 0;
  std::vector<LinkRows> links_;  ///< by phase
  std::vector<int> loads_;       ///< by moment
};

}  // namespace vramlab
