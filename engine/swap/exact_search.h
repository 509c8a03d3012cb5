#pragma once
// The search of exact_plan.h for one peak: its states, and how one follows from another.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/swap/exact_gaps.h"
#include "engine/swap/exact_plan.h"

namespace vramlab {

class ExactSearch {
 public:
  /// All must outlive it.
  ExactSearch(const AccessProgram& program, const SwapMachine& machine, const ExactRequest& request,
              const ExactGaps& gaps);

  struct Outcome {
    std::optional<SwapPlan> plan;  ///< peak at most the one asked for
    bool complete = false;         ///< without a plan: there is none
    /// Least peak of what would be a plan if link directions did not slow each other down.
    std::optional<Bytes> alone;
  };
  Outcome find(Bytes peak);
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::uint32_t never = ~std::uint32_t{0};
  enum class Choice : std::uint8_t { open, no, yes };

  struct CopyState {
    std::uint32_t slot = never;  ///< of the copy out
    Nanoseconds begin{}, done{};
  };
  struct GapState {
    Choice choice{};
    bool home = false;                          ///< not used to its end: back before the stretch ends
    std::uint32_t settled = never, in = never;  ///< slots
    Nanoseconds begin{}, back{};                ///< of the copy in
  };
  struct State {
    std::uint32_t slot = 0;
    std::vector<CopyState> copies;      ///< by version
    std::vector<GapState> gaps;         ///< by gap
    std::vector<Nanoseconds> launched;  ///< by slot: when the operator before it ended
    double out_free = 0, in_free = 0;   ///< when a direction has nothing more to do, ns
    std::uint32_t last_out = 0;         ///< slot of the last copy out
    Nanoseconds ended{};
    std::uint64_t left = 0;  ///< load of the slot before
  };
  /// What was queued in the slot at hand.
  struct OutList {
    std::uint32_t first = never;  ///< version
    double free_before = 0;
    std::uint32_t last_before = 0;
  };

  State first_state() const;
  void mark_useful();
  void decide(const State& state, std::uint32_t gap);
  bool to_be_decided(const State& state, std::uint32_t gap) const;
  enum class Use : std::uint8_t { closing, alone, other_alone, none };
  bool choose(State& state, std::uint32_t gap, Use use) const;
  void send(const State& state, const OutList& list);
  bool sendable(const State& state, const OutList& list, std::uint32_t version) const;
  bool wanted(const State& state, std::uint32_t version) const;
  bool passed_idle_link(const State& state, const OutList& list, std::uint32_t version) const;
  void bring(const State& state, std::uint32_t last);
  bool bringable(const State& state, std::uint32_t gap, std::uint32_t last) const;
  bool out_of_order(std::uint32_t first, std::uint32_t second) const;
  bool must_return(const State& state, std::uint32_t gap) const;
  void run(State state);
  std::optional<Nanoseconds> earliest_begin(const State& state) const;
  std::vector<std::uint32_t> pending(const State& state) const;
  bool fill_load(State& state, Nanoseconds& begin) const;
  bool hopeless(const State& state) const;
  bool coverable(const State& state, std::uint32_t slot) const;
  void finish(const State& state);
  SwapPlan plan_of(const State& state) const;
  bool absent(const State& state, std::uint32_t gap) const;
  bool stopped() const { return outcome_.plan || steps_ >= request_.steps; }
  std::uint64_t bytes_of(std::uint32_t gap) const { return program_.objects[gaps_.gaps[gap].object].bytes.value; }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const ExactRequest& request_;
  const ExactGaps& gaps_;
  Nanoseconds late_{};   ///< most that an operator may begin late
  Nanoseconds until_{};  ///< when all has to be done
  std::uint64_t peak_ = 0;
  std::vector<bool> useful_;  ///< by gap
  std::uint64_t steps_ = 0;
  Outcome outcome_;
};

}  // namespace vramlab
