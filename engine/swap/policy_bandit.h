#pragma once
// Learns which of a few policies stalls least, from what was measured of iterations.
//
// A bandit that explores, then commits (Lattimore and Szepesvári, "Bandit Algorithms", 2020, chapter 6), one for each
// class of workload (a contextual bandit, chapter 18), and that starts anew where the chosen policy does much worse
// than it did (change detection for piecewise stationary bandits: Cao, Wen, Kveton and Xie, AISTATS 2019).
//   explore   every policy runs `trials` iterations in a row, in an order drawn from the seed; the first of them does
//             not count: it starts from what the policy before left on the device
//   commit    the policy with the least mean cost; ties go to the first by number
//   restart   after `patience` iterations in a row, each costing more than twice the policy's mean and 1% of its time
//             beyond it
// Nothing is learnt from an iteration whose class is another than that of the one before: its policy was chosen for a
// workload that was over.
// A cost is the stall in parts per million of the iteration: whole numbers, so that every machine learns the same.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// What is known of the next iteration when it begins: what the one before was like.
struct WorkloadClass {
  bool repeats = false;         ///< it agreed with an earlier one
  std::uint32_t operators = 0;  ///< bits of their number
  std::uint32_t load = 0;       ///< bits of the largest load in MiB
  friend auto operator<=>(const WorkloadClass&, const WorkloadClass&) = default;
};

class PolicyBandit {
 public:
  PolicyBandit(std::size_t arms, std::uint64_t seed, std::uint32_t trials = 3, std::uint32_t patience = 4);

  /// The policy for the iteration that begins; `workload` is the class of the one that ended.
  std::size_t choose(const WorkloadClass& workload);
  /// What came of the latest choice.
  void learn(Nanoseconds stall, Nanoseconds iteration);

  /// Whether the class is through with exploring.
  bool committed(const WorkloadClass& workload) const;
  std::uint64_t restarts() const { return restarts_; }

 private:
  struct Arm {
    std::uint32_t runs = 0;
    std::int64_t mean = 0;  ///< parts per million
  };
  struct Learner {
    std::vector<std::size_t> order;  ///< of exploring
    std::size_t exploring = 0;       ///< index into order; arms when through
    std::vector<Arm> arms;
    std::uint32_t worse = 0;  ///< iterations in a row
  };

  Learner fresh();
  std::uint64_t draw();
  static std::size_t best(const Learner& learner);
  void learn(Learner& learner, std::int64_t cost);
  void explored(Learner& learner, Arm& arm, std::int64_t cost) const;
  void watched(Learner& learner, Arm& arm, std::int64_t cost);

  std::size_t arms_;
  std::uint64_t state_;
  std::uint32_t trials_, patience_;
  std::map<WorkloadClass, Learner> learners_;
  Learner* asked_ = nullptr;          ///< who made the latest choice
  std::optional<std::int64_t> cost_;  ///< of it
  std::size_t chosen_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace vramlab
