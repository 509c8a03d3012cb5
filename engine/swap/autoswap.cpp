// The AutoSwap policy of the AutoSwap document, on-line: it sees no program, only what happens.
//
// Everything that leaves is decided by the AutoSwapManager: by pressure, priority and DOA score. This file tells it
// what happens, and gives it what earlier iterations foretell (iteration_history.h):
//   priorities   of objects that nobody gave another one than medium, by the time until their next use: idle where both
//                transfers fit into it twice and few are used later, low where they fit and it is among the later half,
//                medium where the way in fits or nothing is foretold, high where not even that does
//   outs         what the coming part of the iteration will need beyond the limit is made room for beforehand
//   ins          what is away begins to come back as late as it may to be there in time, packed backwards
// How far ahead and how early is a matter of the policy in force (autoswap_settings.h: Tactics). Where iterations vary
// so that nothing can be foretold, memory is given up when it is missing or pressure is high, and comes back when used.

#include <algorithm>
#include <bit>
#include <functional>

#include "engine/swap/autoswap_guide.h"
#include "engine/swap/autoswap_manager.h"
#include "engine/swap/foresight.h"
#include "engine/swap/iteration_history.h"
#include "engine/swap/swap_policy.h"

namespace vramlab {
namespace {

constexpr std::uint32_t device = 0;
constexpr Nanoseconds not_again{std::int64_t{1} << 60};

class AutoSwap final : public SwapPolicy {
 public:
  AutoSwap(const AutoSwapSettings& settings, const SwapContext& context)
      : manager_(settings),
        history_({.kept = 8, .sizes = true, .least_life = settings.min_swap, .most_life = settings.max_swap}),
        foresight_(history_),
        guide_(history_, manager_, device, *context.machine,
               [this](ObjectId object) { return ranked_.contains(object); }),
        limit_(context.machine->limit) {
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
    guide_.bring_back();
    foresight_.update(to_bring_back());
    bring_back();
  }

  void after_operator(std::uint32_t /*slot*/, std::span<const Operand> operands) override {
    const bool foretold = history_.foretold() != nullptr;
    const Nanoseconds time = history_.until(1);
    for (const Operand& operand : operands) manager_.record_access(device, operand.object, operand.writes);
    history_.ran(operands);
    foresight_.advance();
    if (foretold && history_.foretold() == nullptr) foresight_.renew();
    if (plans()) guide_.advance();
    for (const Operand& operand : operands) rank(operand.object);
    if (++operators_ % manager_.settings().monitoring_interval == 0) look_ahead();
    manager_.operator_ran(device, time);
  }

  void iteration(std::uint32_t /*number*/) override {
    history_.iteration();
    foresight_.renew();
    manager_.iteration_begins(workload());
    if (plans())
      guide_.begin_iteration();
    else
      guide_.rest();
  }

  void stalled(Nanoseconds stall, Nanoseconds iteration) override {
    history_.measured(iteration, stall);
    manager_.iteration_measured(stall, iteration);
  }

  bool make_room(Bytes bytes, std::span<const ObjectId> needed) override {
    rank_all();
    if (plans()) let_farthest_go(bytes, needed);
    return manager_.handle_pressure(bytes, device, needed) > Bytes(0);
  }

 private:
  bool plans() const { return manager_.settings().predictive && manager_.tactics().plans; }

  /// Where what is leaving is not enough and the rest of the iteration is foretold: whose next use is farthest.
  void let_farthest_go(Bytes bytes, std::span<const ObjectId> needed) {
    const Bytes leaving = manager_.leaving(device);
    if (leaving >= bytes || history_.foretold() == nullptr) return;
    guide_.missed(bytes - leaving);
    std::vector<std::pair<std::uint32_t, ObjectId>> uses;
    for (const ObjectId object : ranked_)
      if (std::ranges::find(needed, object) == needed.end() && manager_.may_leave(device, object))
        uses.emplace_back(*history_.next_use(object), object);
    std::ranges::sort(uses, std::greater());
    SwapDecision decision{.device = device, .objects = {}};
    for (auto at = uses.begin(); at != uses.end() && leaving + decision.bytes < bytes; ++at) {
      decision.objects.push_back(at->second);
      decision.bytes += bytes_[at->second.value];
    }
    manager_.execute_swap_decision(decision);
  }

  /// Until its next use; nullopt: nothing is foretold. Not again: farther than all others.
  std::optional<Nanoseconds> until(ObjectId object) const {
    const std::optional<std::uint32_t> use = history_.next_use(object);
    if (!use) return std::nullopt;
    return *use == IterationHistory::never ? not_again : history_.until(*use);
  }

  SwapPriority priority_of(ObjectId object, std::optional<Nanoseconds> until) const {
    if (!until) return SwapPriority::medium;
    const Bytes bytes = bytes_[object.value];
    const Nanoseconds in = manager_.in_time(device, bytes), both = in + manager_.out_time(device, bytes);
    if (*until >= std::max(2 * both, farthest_ * 7 / 8)) return SwapPriority::idle;
    if (*until >= std::max(both, farthest_ / 2)) return SwapPriority::low;
    return *until >= in ? SwapPriority::medium : SwapPriority::high;
  }

  void rank(ObjectId object) {
    if (ranked_.contains(object)) manager_.set_priority(device, object, priority_of(object, until(object)));
  }
  void rank_all() {
    if (ranked_at_ == operators_) return;
    ranked_at_ = operators_;
    std::vector<std::pair<ObjectId, std::optional<Nanoseconds>>> uses;
    farthest_ = {};
    for (const ObjectId object : ranked_) {
      uses.emplace_back(object, until(object));
      if (uses.back().second && uses.back().second != not_again) farthest_ = std::max(farthest_, *uses.back().second);
    }
    for (const auto& [object, until] : uses) manager_.set_priority(device, object, priority_of(object, until));
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

  /// What no plan brings back.
  std::set<ObjectId> to_bring_back() const {
    std::set<ObjectId> away = manager_.absent(device);
    std::erase_if(away, [&](ObjectId object) { return guide_.minds(object); });
    return away;
  }

  void bring_back() {
    if (foresight_.returning().empty()) return;
    const Tactics tactics = manager_.tactics();
    const auto in = [&](ObjectId object) {
      return manager_.in_time(device, bytes_[object.value]) * tactics.lead / 1000;
    };
    const auto both = [&](ObjectId object) {
      return in(object) + manager_.out_time(device, bytes_[object.value]) * tactics.lead / 1000;
    };
    const std::vector<ObjectId> now = first(foresight_.due(in));
    if (!guide_.guided()) make_way(tactics.way_ahead ? first(foresight_.due(both)) : now);
    for (const ObjectId object : now)
      if (!manager_.swap_in(object, device)) return;
  }

  std::vector<ObjectId> first(std::size_t count) const {
    std::vector<ObjectId> objects;
    for (auto at = foresight_.returning().begin(); objects.size() < count; ++at) objects.push_back(at->second);
    return objects;
  }

  /// Those that come back need room. What is leaving already makes some.
  void make_way(const std::vector<ObjectId>& objects) {
    Bytes wanted{};
    for (const ObjectId object : objects) wanted += bytes_[object.value];
    const Bytes room = manager_.room(device);
    if (wanted <= room) return;
    rank_all();
    manager_.prepare(wanted - room, device);
  }

  WorkloadClass workload() const {
    const IterationHistory::Iteration* const latest = history_.latest();
    if (latest == nullptr) return {};
    Bytes most{};
    for (const Bytes load : latest->load) most = std::max(most, load);
    const std::uint64_t quarters = std::max<std::uint64_t>(4, most.value >> 18);
    const auto bits = static_cast<std::uint32_t>(std::bit_width(quarters));
    return {.repeats = history_.repeated(),
            .operators = static_cast<std::uint32_t>(std::bit_width(latest->operators())),
            .load = bits * 4 + static_cast<std::uint32_t>(quarters >> (bits - 3) & 3)};
  }

  AutoSwapManager manager_;
  IterationHistory history_;
  Foresight foresight_;
  AutoSwapGuide guide_;
  Bytes limit_;
  Nanoseconds farthest_{};     ///< of the next uses that are foretold, when they were looked at last
  std::vector<Bytes> bytes_;   ///< by ObjectId
  std::set<ObjectId> ranked_;  ///< those whose priority follows what is foretold
  std::uint64_t operators_ = 0, ranked_at_ = ~std::uint64_t{0};  ///< that ran; when all were ranked
  bool begun_ = false;
};

}  // namespace

SwapInfo autoswap_swap_row() {
  return {.name = "autoswap",
          .summary =
              "by pressure, priority and score of absence; aggressive, "
              "balanced, conservative or adaptive",
          .options = autoswap_options(),
          .make = [](const OptionValues& values, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            return std::make_unique<AutoSwap>(autoswap_settings(values, context.seed), context);
          }};
}

}  // namespace vramlab
