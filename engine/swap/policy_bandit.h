#pragma once
// Learns which of a few policies stalls least, from what was measured of iterations. Policies are numbered from the
// most eager to the least, and last the one that plans; trying one costs what it stalls, so trying is done as little as
// it can be.
//
//   prior      the one to begin with, which was best on most recordings: a plan of what is foretold
//   classes    one learner for each kind of iteration (a contextual bandit: Lattimore and Szepesvari, "Bandit
//              Algorithms", 2020, chapter 18)
//   strata     two policies are compared on iterations of the same load alone: where shapes vary, a stall tells as much
//              of the shape as of the policy
//   settled    the first iteration of a policy does not count: it starts from what the one before left on the device
//   worth it   only where the best one so far stalls, and only a policy whose own transfers leave half of the link
//   budget     a trial begins when what trials before it lost beyond the best one, and what it may lose itself, is at
//              most 2% of the computation so far (a conservative bandit: Wu, Shariff, Lattimore and Szepesvari, ICML
//              2016); it ends at once where it stalls twice as long. What it may lose is half of a change of policy
//              (what one keeps away the other brings back) and in each iteration a quarter of the present stall
//   order      first the most eager one whose own transfers take at most a tenth of the time (beside a fast link what
//              is sent away early costs little), then the nearest in eagerness (a unimodal bandit: Combes and
//              Proutiere, ICML 2014), at a time jittered by the seed, so that trials do not always meet the same shape
//   drift      means forget: a best policy that becomes worse than another was is left for it; all is tried again after
//              32 iterations, then 64, ...
// A cost is the stall in parts per million of the computation: whole numbers, so that every machine learns the same.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// What an iteration was like.
struct WorkloadClass {
  bool repeats = false;         ///< it agreed with an earlier one
  std::uint32_t operators = 0;  ///< bits of their number
  std::uint32_t load = 0;       ///< its largest load, in quarters of a power of two: what is compared has the same
};

class PolicyBandit {
 public:
  /// `trials`: iterations that count before two policies are compared.
  PolicyBandit(std::size_t arms, std::size_t prior, std::uint64_t seed, std::uint32_t trials = 3);

  /// The policy for the iteration that begins; `ended` is what the one before it was like. `efforts`: by policy, the
  /// time that transfers of its own accord take in an iteration, in parts per million of its computation; empty = 0.
  /// `change`: what a change of policy may lose, likewise: what one keeps away the other has to bring back.
  std::size_t choose(const WorkloadClass& ended, std::span<const std::int64_t> efforts = {}, std::int64_t change = 0);
  /// What came of the latest choice.
  void learn(Nanoseconds stall, Nanoseconds iteration);

  /// The best one known for the class.
  std::size_t best(const WorkloadClass& workload) const;
  std::uint64_t trials_made() const { return trials_made_; }

 private:
  struct Mean {
    std::uint32_t runs = 0;
    std::int64_t cost = 0;  ///< parts per million
  };
  struct Arm {
    std::map<std::uint32_t, Mean> costs;  ///< by stratum
    bool tried = false;
  };
  struct Learner {
    std::vector<Arm> arms;
    std::size_t best = 0;
    std::optional<std::size_t> trying;
    std::uint32_t counted = 0;     ///< iterations of the trial, or of the best one, that counted
    std::uint32_t wait = 0;        ///< iterations before the next trial
    std::int64_t lost = 0;         ///< in trials, parts per million of one iteration
    std::uint64_t iterations = 0;  ///< of this class
    std::uint64_t renew_at = 32;
  };
  using Key = std::pair<bool, std::uint32_t>;  ///< repeats, and operators where it does

  Learner& learner(const WorkloadClass& workload);
  std::uint64_t draw(std::uint64_t below);
  void note(Learner& of, std::uint32_t stratum, std::int64_t cost);
  void note_trial(Learner& of, std::uint32_t stratum, std::int64_t cost) const;
  void settle(Learner& of);
  void begin_trial(Learner& of, std::span<const std::int64_t> efforts, std::int64_t change);
  std::optional<std::size_t> candidate(const Learner& of, std::span<const std::int64_t> efforts,
                                       std::int64_t change) const;
  static std::int64_t mean_stall(const Learner& of);

  std::size_t arms_, prior_;
  std::uint64_t state_;
  std::uint32_t trials_;
  std::map<Key, Learner> learners_;
  std::optional<std::int64_t> cost_;  ///< of the latest choice
  std::size_t chosen_;
  std::uint32_t settled_ = 0;  ///< iterations in a row with the same policy
  std::uint64_t trials_made_ = 0;
};

}  // namespace vramlab
