#pragma once
// The linear program of the bound (bound.h says what it means) for a given set of moments.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/bound.h"
#include "engine/swap/bound_shapes.h"
#include "engine/swap/linear_program.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Time is cut into phases: 2j before the operator of moment j, 2j+1 while it runs, 2M after the last. Those of the
/// stretch after it are numbered on.
class BoundProgram {
 public:
  /// All must outlive it. `moments`: slots, ascending.
  BoundProgram(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
               std::vector<std::uint32_t> moments);

  struct Result {
    std::optional<Bytes> load;  ///< none where the solver found no optimum
    std::uint32_t columns = 0, rows = 0;
    std::vector<double> left;                   ///< about what the solution leaves of the load of every slot, in bytes
    std::vector<BoundShapes::Excess> excesses;  ///< of its phases
    std::vector<double> worth;  ///< of the time before each moment, and behind all: what the optimum owes to it
  };
  /// `at_least`: no schedule has a lower maximum, as is known. To be called once.
  Result solve(Bytes at_least);

 private:
  using MomentGap = BoundShapes::MomentGap;
  using Version = BoundShapes::Version;
  using Lack = BoundShapes::Lack;
  /// Of one phase: rows of the linear program. Those of sharing only where directions slow each other down.
  struct LinkRows {
    int out = -1, in = -1, out_shared = -1, in_shared = -1;
  };
  /// What a unit of bytes takes of its direction, latency included, and the latency alone.
  struct Weight {
    double whole = 0, latency = 0;
  };

  void add_frame(Bytes at_least);
  void add_lateness();
  void add_phase(std::uint32_t phase);
  void add_unseen(const LinkRows& rows);
  double time_of(std::uint32_t phase) const;
  double units(Bytes bytes) const { return static_cast<double>(bytes.value) / unit_bytes_; }
  double units(Nanoseconds time) const { return static_cast<double>(time.value) / unit_ns_; }
  Weight weight(const LinkSpeed& link, std::uint64_t largest) const;

  std::uint32_t phase_before(std::uint32_t moment) const;
  const LinkRows& rows_of(std::uint32_t phase) const;
  void add(const Version& version, const Lack* lacks, double size);
  int copied_by(std::uint32_t phase, int before, double size);
  int flow_in(std::uint32_t phase, std::uint32_t phases, int before, int after, double size);
  std::uint32_t first_useful(const MomentGap& gap, const Lack& lack) const;
  std::vector<BoundShapes::Absent> absences(const std::vector<double>& values) const;
  std::vector<BoundShapes::Hurried> hurried(const std::vector<double>& values) const;
  std::vector<double> worth(const std::vector<double>& prices) const;
  int not_back(std::uint32_t moment, double lack, std::uint32_t written, double size);
  int lighten(std::uint32_t moment, const MomentGap& gap, double lack, int not_back, double size);
  void wait_between(std::uint32_t from, std::uint32_t to, int column, double lack, double size);
  double pauses_by(std::uint32_t moment) const;
  void enter_lateness(int row, std::uint32_t moment, double sign);
  bool possible(double lack) const { return lack <= most_late_ns_ * (1 + 1e-9) + 1e-3; }
  void take(const LinkRows& rows, bool out, int column, double sign);
  void cover(int covered, int by);

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const BoundRequest& request_;
  std::vector<std::uint32_t> moments_;
  BoundShapes shapes_;
  std::uint32_t end_;
  double unit_bytes_ = 1, unit_ns_ = 1;
  double slowed_ = 0;        ///< k of bound.h
  double most_late_ns_ = 0;  ///< of one operator against another
  Weight out_, in_;          ///< of the group at hand
  LinearProgram lp_;
  int peak_ = 0;
  std::vector<int> first_outs_, last_ins_;  ///< by version, by gap: columns, or none
  int latencies_ = -1;                      ///< row: what all copies take
  std::vector<int> late_;                   ///< by moment: how late it begins; none where nothing waits
  std::vector<LinkRows> links_;             ///< by phase
  std::vector<int> loads_;                  ///< by moment
  std::vector<std::vector<int>> absent_;    ///< by gap of the groups and moment from its first: column, or none
};

}  // namespace vramlab
