#include "engine/replay/plan_trials.h"

#include <fmt/format.h>
#include <algorithm>
#include <exception>

#include "engine/core/error.h"

namespace vramlab {
namespace {

// Of the limit, left to the pool; doubled until the plan fits.
constexpr double first_headroom = 1.0 / 512;
constexpr double most_headroom = 0.5;
// So many times what was asked, a run is near it.
constexpr double near = 1.5;
constexpr double just_below = 0.99;
constexpr int most_lowered = 4;
// A plan whose run waits less than this part of what was asked may have been charged too much for its transfers.
constexpr double well_below = 0.75;
// Where no waiting is asked for, such a part of the time is as good as none.
constexpr std::int64_t none_of = 10'000;

std::uint64_t transfers_of(const SwapPlan& plan, std::uint32_t slots) {
  std::uint64_t count = 0;
  for (const PlannedAbsence& absence : plan.absences)
    count += (absence.copies ? 1u : 0u) + (absence.in_slot < slots ? 1u : 0u);
  return count;
}

class PlanTrials {
 public:
  PlanTrials(ReplayStretch& stretch, const SwapRequest& request, const std::function<TrialResult()>& run)
      : stretch_(stretch),
        request_(request),
        run_(run),
        options_(request.options),
        overhead_(options_.real("overhead")),
        granted_(overhead_),
        headroom_(options_.real("headroom")),
        cost_(options_.integer("transfer_cost")),
        bounded_(options_.text("mode") == "no-overhead") {}

  void settle() {
    std::int64_t left = options_.integer("trials");
    for (; !holds(); --left) {
      if (left > 0 && plan_again()) continue;
      fall_back();
      return;
    }
    if (!limited() && bounded_) charge_less(left);
  }

 private:
  bool limited() const { return request_.machine.limit != unlimited_bytes; }

  bool holds() {
    last_.reset();
    try {
      last_ = run_();
    } catch (const OutOfMemory&) {
      if (!failure_) failure_ = std::current_exception();
      return false;
    }
    if (!bounded_ || last_->overhead() <= overhead_ || as_good_as_none()) return true;
    if (best_plan_ && last_->stall >= best_stall_) return false;
    best_plan_ = stretch_.setup.plan;
    best_stall_ = last_->stall;
    return false;
  }

  // Between what transfers cost in a plan that waited too long and in the one at hand, by halves.
  void charge_less(std::int64_t left) {
    std::int64_t held = cost_;
    std::optional<SwapPlan> kept = stretch_.setup.plan;
    double overhead = last_->overhead();
    bool at_hand = true;
    for (; left > 0 && overhead < overhead_ * well_below && held - too_cheap_ > 1; --left) {
      cost_ = too_cheap_ + (held - too_cheap_) / 2;
      options_.set("transfer_cost", fmt::format("{}", cost_), "trial");
      stretch_.setup.plan = request_.policy->plan(options_, stretch_.program, request_.machine);
      at_hand = holds();
      if (!at_hand) {
        too_cheap_ = cost_;
        continue;
      }
      held = cost_;
      kept = stretch_.setup.plan;
      overhead = last_->overhead();
    }
    if (at_hand) return;
    stretch_.setup.plan = kept;
    static_cast<void>(run_());
  }

  bool as_good_as_none() const {
    const Nanoseconds foretold = stretch_.setup.plan->stall;
    return overhead_ == 0 && last_->stall <= std::max(foretold, last_->ideal / none_of);
  }

  // False where nothing is left that could be asked of another plan.
  bool plan_again() {
    const bool asked = last_ ? count_calls() : spare_memory();
    if (!asked) return false;
    try {
      stretch_.setup.plan = request_.policy->plan(options_, stretch_.program, request_.machine);
    } catch (const ConfigError&) {
      return false;  // what is left of the limit is less than an operator needs at once
    }
    return true;
  }

  // Where a run waited much longer than allowed, or than foretold, that is put on its transfers.
  bool count_calls() {
    const std::uint64_t transfers = transfers_of(*stretch_.setup.plan, stretch_.program.slots());
    if (transfers == 0) return spare_memory();
    if (overhead_ == 0) return larger_transfers();
    if (last_->overhead() <= overhead_ * near && lowered_ < most_lowered) return less_waiting();
    const auto each = [&](Nanoseconds time) { return time.value / static_cast<std::int64_t>(transfers) + 1; };
    const Nanoseconds allowed(static_cast<std::int64_t>(overhead_ * static_cast<double>(last_->ideal.value)));
    const std::int64_t over = each(last_->stall - allowed);
    too_cheap_ = cost_;
    cost_ += std::max(over, each(last_->stall - stretch_.setup.plan->stall));
    options_.set("transfer_cost", fmt::format("{}", cost_), "trial");
    return true;
  }

  // What is little too much is taken off what the plan may wait.
  bool less_waiting() {
    ++lowered_;
    granted_ *= overhead_ / last_->overhead() * just_below;
    options_.set("overhead", fmt::format("{}", granted_), "trial");
    return true;
  }

  bool larger_transfers() {
    const Bytes least = options_.bytes("min_swap");
    options_.set("min_swap", fmt::format("{}", std::max(least, Bytes(1)).value * 2), "trial");
    return true;
  }

  bool spare_memory() {
    if (!limited()) return false;
    headroom_ = std::max(headroom_ + first_headroom, 2 * headroom_);
    if (headroom_ > most_headroom) return false;
    options_.set("headroom", fmt::format("{}", headroom_), "trial");
    return true;
  }

  void fall_back() {
    if (!limited()) {
      stretch_.setup.plan = SwapPlan{};
    } else if (best_plan_) {
      stretch_.setup.plan = best_plan_;
    } else {
      std::rethrow_exception(failure_);
    }
    static_cast<void>(run_());
  }

  ReplayStretch& stretch_;
  const SwapRequest& request_;
  const std::function<TrialResult()>& run_;
  OptionValues options_;
  double overhead_, granted_, headroom_;
  std::int64_t cost_;           // ns, of a transfer
  std::int64_t too_cheap_ = 0;  // a cost whose plan waited too long, if one did
  int lowered_ = 0;
  bool bounded_;
  std::optional<TrialResult> last_;
  std::optional<SwapPlan> best_plan_;
  Nanoseconds best_stall_{};
  std::exception_ptr failure_;
};

}  // namespace

bool tries_plans(const SwapRequest& request) {
  return request.policy->plan != nullptr && request.options.has("trials") && request.options.integer("trials") > 0;
}

void settle_plan(ReplayStretch& stretch, const SwapRequest& request, const std::function<TrialResult()>& run) {
  PlanTrials(stretch, request, run).settle();
}

}  // namespace vramlab
