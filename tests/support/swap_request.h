#pragma once
// Requests for replays that swap, and a small policy for them.

#include <algorithm>
#include <deque>
#include <utility>

#include "live_run.h"

namespace vramlab::test {

/// What leaves is what was used longest ago, settled at once.
class OldestFirst : public SwapPolicy {
 public:
  explicit OldestFirst(const SwapContext& context, Tier tier = Tier::host) : swapper_(*context.swapper), tier_(tier) {}
  void allocated(ObjectId object, Bytes, StreamId) override { order_.push_back(object); }
  void freed(ObjectId object) override { std::erase(order_, object); }
  void after_operator(std::uint32_t, std::span<const Operand> operands) override {
    for (const Operand& operand : operands) {
      std::erase(order_, operand.object);
      order_.push_back(operand.object);
    }
  }
  bool make_room(Bytes, std::span<const ObjectId> needed) override {
    for (const ObjectId object : order_) {
      if (std::find(needed.begin(), needed.end(), object) != needed.end()) continue;
      if (swapper_.state(object) != SwapState::resident || !swapper_.swap_out(object, tier_)) continue;
      swapper_.settle(object);
      return true;
    }
    return false;
  }

 protected:
  PrioritySwapper& swapper_;
  Tier tier_;
  std::deque<ObjectId> order_;  ///< live objects, least recently used first
};

template <class Policy = OldestFirst>
SwapInfo swap_row(bool needs_program = false) {
  return {.name = "test",
          .summary = "for tests",
          .options = {},
          .needs_program = needs_program,
          .make = [](const OptionValues&, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            return std::make_unique<Policy>(context);
          }};
}

/// Links, tiers and timing as `--machine NAME` gives them, but for objects of any size.
inline SwapRequest swap_request(const SwapInfo& policy, Bytes limit, const std::string& machine_name = "h200") {
  const MachineModel machine = load_machine(machine_name);
  SwapRequest swap;
  swap.policy = &policy;
  swap.options = OptionValues("swap policy", policy.options);
  swap.min_swap = Bytes(1);
  swap.machine.record_gap = machine.calls.record_gap;
  swap.machine.handover = machine.calls.handover;
  swap.timing = {machine.calls.launch, machine.calls.launch_gap, machine.calls.launch_floor};
  const auto link = [&](Tier tier, const LinkModel& model) {
    if (model.out.bytes_per_second == 0) return;
    swap.machine.links[static_cast<std::size_t>(tier)] = {.out = {model.out.latency, model.out.bytes_per_second},
                                                          .in = {model.in.latency, model.in.bytes_per_second},
                                                          .duplex_bytes_per_second = model.duplex_bytes_per_second};
    swap.tier_capacity[static_cast<std::size_t>(tier)] = unlimited_bytes;
  };
  link(Tier::host, machine.host_link);
  link(Tier::peer, machine.peer_link);
  swap.machine.limit = limit;
  return swap;
}

}  // namespace vramlab::test
