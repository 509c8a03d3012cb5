#pragma once
// What earlier iterations foretell of the current one, for policies that get no program.
//
// Object numbers differ by iteration, so accesses are kept by role:
//   born in this iteration          the order of its allocation in the iteration
//   born in the one before          that order, and that it is one iteration old (gradients, losses, batches)
//   older, or there at the start    its own number (weights, states of the optimizer)
// An iteration kept agrees with the current one as long as every operator so far used the same roles at the same
// position. Sizes may differ: with another batch or sequence length the same program runs over other shapes. Where
// these are told apart (HistorySettings::sizes), each is kept, and one of the same sizes foretells before others. Where
// no kept iteration agrees any more, nothing is foretold until the next one begins.
//
// No clock is read. Within an iteration, time is foretold in proportion to weight: an operator weighs as much as the
// bytes of its operands plus a constant (most operators are bound by memory), and an iteration lasts as long as the
// computation last measured for it.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/swap/swap_policy.h"

namespace vramlab {

/// What is kept of iterations.
struct HistorySettings {
  std::size_t kept = 4;  ///< different ones
  bool sizes = false;    ///< those of other sizes are different, too: shapes come back
  /// Lives are kept of objects from least to most bytes.
  Bytes least_life = unlimited_bytes, most_life{};
};

class IterationHistory {
 public:
  static constexpr std::uint32_t never = ~std::uint32_t{0};
  static constexpr Bytes operator_weight{std::uint64_t{1} << 20};  ///< beside its operands
  static constexpr Nanoseconds unmeasured_operator{10'000};        ///< before any iteration was measured

  using Role = std::uint64_t;

  /// Of an object that lived in a kept iteration. Positions are those of the operator to come when it happened.
  struct Life {
    Role role{};
    Bytes bytes{};
    std::uint32_t birth = 0;      ///< 0 for what was there before
    std::uint32_t death = never;  ///< never: it lived on
    bool before = false;          ///< it was there before the iteration
  };

  /// One operator of a kept iteration after the other.
  struct Iteration {
    std::vector<Role> roles;           ///< of operands, operator by operator, ascending
    std::vector<std::uint32_t> ends;   ///< of each operator in roles
    std::vector<std::uint64_t> begin;  ///< weight before each operator, and of all: one more than there are operators
    std::vector<Bytes> load;           ///< live bytes at each operator
    std::vector<std::pair<Role, std::uint32_t>> uses;    ///< role and position, ascending
    std::vector<std::pair<Role, Bytes>> sizes;           ///< of the roles used, ascending
    std::vector<std::pair<Role, std::uint32_t>> writes;  ///< as uses: those that write
    std::vector<Life> lives;                             ///< of the objects of the sizes asked for, by role, ascending
    std::uint64_t number = 0;   ///< of the first one like it: equal where operators, roles, sizes and loads were
    Nanoseconds computation{};  ///< 0 = not measured

    std::uint32_t operators() const { return static_cast<std::uint32_t>(ends.size()); }
    std::span<const Role> operands(std::uint32_t position) const;
    /// The first use from `position` on; never where there is none.
    std::uint32_t next(Role role, std::uint32_t position) const;
    Bytes bytes(Role role) const;
    std::uint64_t weight(std::uint32_t position) const { return begin[position + 1] - begin[position]; }
    /// From the iteration's begin to that of its operator `position` <= operators().
    Nanoseconds time(std::uint32_t position) const;
  };

  explicit IterationHistory(const HistorySettings& settings = {}) : settings_(settings) {}

  void allocated(ObjectId object, Bytes bytes);
  void freed(ObjectId object);
  void ran(std::span<const Operand> operands);
  /// A new one begins.
  void iteration();
  /// What was measured of the iteration that ended last: all, and what of it was spent waiting. Right before
  /// iteration() or before the next operator.
  void measured(Nanoseconds iteration, Nanoseconds stall);

  /// The kept iteration that agrees with this one so far: of several the one that followed the iteration that ended
  /// when it was there before, else the latest; one of the same sizes before others where those are told apart. null:
  /// nothing is foretold.
  const Iteration* foretold() const;
  /// Whether that one may well go on as foretold: operators of the same sizes ran, or before the first it followed the
  /// iteration that ended last time, too. REQUIRES: foretold() gave something.
  bool sure() const;
  /// Whether the iteration that ended last agreed with a kept one from begin to end.
  bool repeated() const { return repeated_; }
  /// The iteration that ended last; null before the first.
  const Iteration* latest() const { return kept_.empty() ? nullptr : &kept_.front(); }
  /// Operators of this iteration that ran: the position of the next one.
  std::uint32_t position() const { return current_.operators(); }
  /// Live bytes.
  Bytes load() const { return load_; }

  Role role(ObjectId object) const;
  /// The object that has the role in this iteration, if it lives.
  std::optional<ObjectId> object(Role role) const;
  /// The object of a role that names it for good: it lasts over iterations. nullopt: others have the role in others.
  static std::optional<ObjectId> lasting(Role role);
  /// Operators before the next use of the object: 0 = the operator to come uses it. never: not in this iteration nor,
  /// where that can be told, in the next. nullopt: nothing is foretold.
  std::optional<std::uint32_t> next_use(ObjectId object) const;
  /// Until that operator begins; as next_use, for a number that it gave (not never).
  Nanoseconds until(std::uint32_t operators) const;

 private:
  struct Object {
    Bytes bytes{};
    std::uint32_t born = 0;   ///< iteration; 0 = before the first
    std::uint32_t order = 0;  ///< of allocation in it
    bool live = false;
    std::uint32_t noted = ~std::uint32_t{0};  ///< iteration in which its life was noted last ...
    std::uint32_t life = 0;                   ///< ... and where, in current_.lives
  };

  void close();
  Life& note_life(ObjectId object);
  bool notes_life(Bytes bytes) const { return bytes >= settings_.least_life && bytes <= settings_.most_life; }
  bool agrees(const Iteration& kept, std::span<const Role> roles) const;

  HistorySettings settings_;
  std::set<ObjectId> living_;                          ///< those whose lives are noted
  std::deque<Iteration> kept_;                         ///< latest first
  std::vector<bool> agreeing_;                         ///< by kept_
  std::vector<bool> same_size_;                        ///< by kept_: of what ran so far
  std::map<std::uint64_t, std::uint64_t> successors_;  ///< by number of an iteration: the one that followed it last
  std::uint64_t expected_ = 0;                         ///< number of the one that followed last time; 0 = none
  Iteration current_;
  std::vector<Object> objects_;               ///< by ObjectId
  std::vector<ObjectId> born_, born_before_;  ///< by order of allocation, of this iteration and the one before
  std::uint32_t number_ = 0;                  ///< of this iteration
  Bytes load_{};
  bool repeated_ = false;
};

}  // namespace vramlab
