// The AutoSwap policy of the AutoSwap document, on-line: it sees no program, only what happens.
//
// Everything that leaves is decided by the AutoSwapManager: by pressure, priority and DOA score. This file tells it
// what happens, and gives it what earlier iterations foretell (iteration_history.h):
//   priorities   of objects that nobody gave another one than medium, by the time until their next use: idle where both
//                transfers fit into it twice, low where they fit, medium where the way in fits or nothing is foretold,
//                high where not even that does
//   outs         what the coming part of the iteration will need beyond the limit is made room for beforehand
//   ins          what is away begins to come back as late as it may to be there in time, packed backwards
// How far ahead and how early is a matter of the policy in force (autoswap_settings.h: Tactics). Where iterations vary
// so that nothing can be foretold, memory is given up when it is missing or pressure is high, and comes back when used.

#include <bit>

#include "engine/swap/autoswap_manager.h"
#include "engine/swap/foresight.h"
#include "engine/swap/iteration_history.h"
#include "engine/swap/swap_policy.h"

namespace vramlab {
namespace {

constexpr std::uint32_t device = 0;

class AutoSwap final : public SwapPolicy {
 public:
  AutoSwap(const AutoSwapSettings& settings, const SwapContext& context)
      : manager_(settings), foresight_(history_), limit_(context.machine->limit) {
    manager_.add_device(*context.swapper, *context.machine);
  }

  void begin() override { begun_ = true; }

  void allocated(ObjectId object, Bytes bytes, StreamId stream) override {
    const AutoSwapSettings& settings = manager_.settings();
    const SwapPriority priority = begun_ ? SwapPriority::medium : settings.resident_priority;
    manager_.add(device, object, bytes, stream, priority);
    history_.allocated(object, bytes);
    if (object.value >= bytes_.size()) bytes_.resize(object.value + 1);
    bytes_[object.value] = bytes;
    if (priority == SwapPriority::medium && bytes >= settings.min_swap && bytes <= settings.max_swap)
      ranked_.insert(object);
  }

  void freed(ObjectId object) override {
    manager_.remove(device, object);
    history_.freed(object);
    ranked_.erase(object);
  }

  void before_operator(std::uint32_t /*slot*/, std::span<const Operand> /*operands*/) override {
    if (!manager_.settings().predictive) return;
    foresight_.update(manager_.absent(device));
    bring_back();
  }

  void after_operator(std::uint32_t /*slot*/, std::span<const Operand> operands) override {
    const bool foretold = history_.foretold() != nullptr;
    const Nanoseconds time = history_.until(1);
    for (const Operand& operand : operands) manager_.record_access(device, operand.object, operand.writes);
    history_.ran(operands);
    foresight_.advance();
    if (foretold && history_.foretold() == nullptr) foresight_.renew();
    for (const Operand& operand : operands) rank(operand.object);
    if (++operators_ % manager_.settings().monitoring_interval == 0) look_ahead();
    manager_.operator_ran(device, time);
  }

  void iteration(std::uint32_t /*number*/) override {
    history_.iteration();
    foresight_.renew();
    manager_.iteration_begins(workload());
  }

  void stalled(Nanoseconds stall, Nanoseconds iteration) override {
    history_.measured(iteration, stall);
    manager_.iteration_measured(stall, iteration);
  }

  bool make_room(Bytes bytes, std::span<const ObjectId> needed) override {
    if (ranked_at_ != operators_) rank_all();
    return manager_.handle_pressure(bytes, device, needed) > Bytes(0);
  }

 private:
  SwapPriority priority_of(ObjectId object) const {
    const std::optional<std::uint32_t> use = history_.next_use(object);
    if (!use) return SwapPriority::medium;
    if (*use == IterationHistory::never) return SwapPriority::idle;
    const Bytes bytes = bytes_[object.value];
    const Nanoseconds in = manager_.in_time(device, bytes), both = in + manager_.out_time(device, bytes);
    const Nanoseconds until = history_.until(*use);
    if (until >= 2 * both) return SwapPriority::idle;
    if (until >= both) return SwapPriority::low;
    return until >= in ? SwapPriority::medium : SwapPriority::high;
  }

  void rank(ObjectId object) {
    if (ranked_.contains(object)) manager_.set_priority(device, object, priority_of(object));
  }
  void rank_all() {
    for (const ObjectId object : ranked_) manager_.set_priority(device, object, priority_of(object));
    ranked_at_ = operators_;
  }

  void look_ahead() {
    rank_all();
    const IterationHistory::Iteration* const kept = history_.foretold();
    const Tactics tactics = manager_.tactics();
    if (!manager_.settings().predictive || kept == nullptr || tactics.look_ahead == 0) return;
    const std::uint64_t operators = std::uint64_t{kept->operators()} * tactics.look_ahead / 1000;
    const std::set<ObjectId> absent = manager_.absent(device);
    foresight_.update(absent);
    Bytes away{};
    for (const ObjectId object : absent) away += bytes_[object.value];
    const std::optional<Bytes> peak =
        foresight_.peak(static_cast<std::uint32_t>(operators), away + manager_.leaving(device),
                        [this](ObjectId object) { return bytes_[object.value]; });
    if (peak && *peak > limit_) manager_.prepare(*peak - limit_, device);
  }

  void bring_back() {
    const std::uint32_t lead = manager_.tactics().lead;
    const std::size_t due =
        foresight_.due([&](ObjectId object) { return manager_.in_time(device, bytes_[object.value]) * lead / 1000; });
    std::vector<ObjectId> first;
    for (auto at = foresight_.returning().begin(); first.size() < due; ++at) first.push_back(at->second);
    for (const ObjectId object : first)
      if (!manager_.swap_in(object, device)) {
        make_way(bytes_[object.value]);
        return;
      }
  }

  /// What is on its way out already will do; it is only not out yet.
  void make_way(Bytes bytes) {
    if (manager_.leaving(device) < bytes) manager_.prepare(bytes, device);
  }

  WorkloadClass workload() const {
    const IterationHistory::Iteration* const latest = history_.latest();
    if (latest == nullptr) return {};
    Bytes most{};
    for (const Bytes load : latest->load) most = std::max(most, load);
    return {.repeats = history_.repeated(),
            .operators = static_cast<std::uint32_t>(std::bit_width(latest->operators())),
            .load = static_cast<std::uint32_t>(std::bit_width(most.value >> 20))};
  }

  AutoSwapManager manager_;
  IterationHistory history_;
  Foresight foresight_;
  Bytes limit_;
  std::vector<Bytes> bytes_;   ///< by ObjectId
  std::set<ObjectId> ranked_;  ///< those whose priority follows what is foretold
  std::uint64_t operators_ = 0, ranked_at_ = 0;
  bool begun_ = false;
};

}  // namespace

SwapInfo autoswap_swap_row() {
  return {.name = "autoswap",
          .summary = "by pressure, priority and score of absence; aggressive, balanced, conservative or adaptive",
          .options = autoswap_options(),
          .make = [](const OptionValues& values, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            return std::make_unique<AutoSwap>(autoswap_settings(values, context.seed), context);
          }};
}

}  // namespace vramlab
