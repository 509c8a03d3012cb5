#pragma once
// Objects as the linear program of the bound (bound.h) sees them for a given set of moments: when each could be absent,
// and those of one shape and about one size together.

#include <cstdint>
#include <limits>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/bound.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// What the packed bytes of an object take alone on the link, without the latency, not rounded.
inline double bound_link_ns(const SwapMachine& machine, const LinkSpeed& link, double bytes) {
  return bytes * 1000 / machine.codec.ratio_per_mille / (static_cast<double>(link.bytes_per_second) / 1e9);
}

/// Moments 0 to M-1 are the chosen operators. The stretch is unrolled, so that the last version of a persistent object
/// is one piece: moment M stands for its end, M+1+j for moment j of the next one.
class BoundShapes {
 public:
  /// Of a version: a copy is there always.
  static constexpr std::uint32_t kept = ~std::uint32_t{0};
  static constexpr double no_lack = -std::numeric_limits<double>::infinity();

  /// A gap between moments [first, last]. Its times, of the unrolled stretch, do not count in comparisons.
  struct MomentGap {
    std::uint32_t first = 0, last = 0;
    bool returns = false;
    Nanoseconds written{}, returned{};  ///< when the contents were written; when they must be back
    std::uint32_t writer = 0;           ///< slot behind the writer
    std::uint32_t from = 0, to = 0;     ///< slots, unrolled; the last needs them back
    std::tuple<std::uint32_t, std::uint32_t, bool> key() const { return {first, last, returns}; }
    friend bool operator<(const MomentGap& a, const MomentGap& b) { return a.key() < b.key(); }
  };
  /// One version of an object's contents, with the gaps in which it may be absent, in order of time.
  struct Version {
    std::uint32_t copied = 0;  ///< first moment before which it can be copied out; kept: a copy is there always
    std::vector<MomentGap> gaps;
    friend bool operator<(const Version& a, const Version& b) {
      return a.copied != b.copied ? a.copied < b.copied : a.gaps < b.gaps;
    }
  };
  using Shape = std::vector<Version>;

  /// Time that a whole object lacks to be absent at a moment of a gap, in ns, by moment from the gap's first: at least
  /// so much the operators wait between the write and the moment (out), between the moment and the next use (in). Below
  /// 0: it has more than enough. Of a group the least.
  struct Lack {
    std::vector<double> out, in;
  };
  /// Objects of one shape and about one size, as one.
  struct Group {
    Bytes bytes{};
    std::vector<Lack> lacks;             ///< of the gaps, one version after the other
    std::vector<std::uint32_t> members;  ///< objects
  };
  /// Of a group: which part of it is absent, by gap and moment from the gap's first.
  using Absent = std::vector<std::vector<double>>;
  /// Of a group, by version: which part of it is copied out in the phase in which it can begin; by gap: which part
  /// comes back in the phase in which it must be there.
  struct Hurried {
    std::vector<double> out, in;
  };
  /// By shape and the size that no object of the group exceeds.
  using Groups = std::map<std::pair<Shape, std::uint64_t>, Group>;

  /// All must outlive it. `moments`: slots, ascending.
  BoundShapes(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
              const std::vector<std::uint32_t>& moments);

  const Groups& groups() const { return groups_; }
  /// Of the smallest object that may leave, at any moments: the size that none of its group exceeds. At least 1.
  std::uint64_t smallest() const;
  /// About what is left of the load of every slot, in bytes: between its moments an object is away as at those, near
  /// the ends of its gap where there is time for that. `absent`: of the groups, in their order.
  std::vector<double> left(const std::vector<Absent>& absent) const;
  /// Where a phase before a moment, or behind all, holds copies that its time would not do if they kept to the end of
  /// their writer and the begin of their user: the slot at which a moment tells most of that, and how many ns are
  /// missing.
  struct Excess {
    std::uint32_t slot = 0;
    double ns = 0;
  };
  std::vector<Excess> excesses(const std::vector<Hurried>& hurried) const;
  /// Of pauses before operators up to `slot`, what waiting can use up: their waiting then delays nothing.
  Nanoseconds pauses(std::uint32_t slot) const { return pauses_[slot]; }

 private:
  void sum_pauses();
  void gather();
  std::uint32_t moment_from(std::uint32_t slot) const;
  Shape shape_of(std::uint32_t object) const;
  static void note(Shape& shape, std::uint32_t copied, const MomentGap& gap);
  void append_next_time(Shape& shape, const ProgramObject& object, bool written, std::vector<MomentGap> gaps) const;
  void tidy(Shape& shape) const;
  Nanoseconds begin_of(std::uint32_t moment) const;
  Nanoseconds end_of(std::uint32_t moment) const;
  Nanoseconds writer_end(std::uint32_t slot) const { return slot == 0 ? Nanoseconds(0) : program_.end[slot - 1]; }
  double pauses_since(std::uint32_t moment, std::uint32_t slot) const;
  double pauses_until(std::uint32_t slot, std::uint32_t moment) const;
  double handover(Nanoseconds call) const;
  double out_need(Bytes bytes) const;
  double in_need(Bytes bytes) const;
  double use_need(Bytes bytes) const;
  void take_off(std::vector<double>& left, std::uint32_t object, const Absent& absent) const;
  void take_off(std::vector<double>& left, const MomentGap& gap, Bytes bytes, const std::vector<double>& parts) const;
  std::uint32_t slot_of(std::uint32_t moment) const;
  void hurry(std::vector<std::vector<std::pair<std::uint32_t, double>>>& outs,
             std::vector<std::vector<std::pair<std::uint32_t, double>>>& ins, std::uint32_t object,
             const Hurried& parts) const;
  Lack lack_of(const Version& version, const MomentGap& gap, Bytes bytes) const;

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const BoundRequest& request_;
  const std::vector<std::uint32_t>& moments_;
  std::uint32_t end_;
  std::vector<Nanoseconds> pauses_;  ///< by slot, summed
  Groups groups_;
};

}  // namespace vramlab
