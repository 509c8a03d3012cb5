#pragma once
// Runs a list of operators against one swap policy, on any device, with everything around it that a test looks at: the
// program's side of swapping, reduced to what it must do.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/device/port.h"
#include "engine/swap/stream_order.h"
#include "engine/swap/swap_plan.h"
#include "engine/swap/swap_policy.h"
#include "swap_script.h"

namespace vramlab::testing {

/// Objects at first fit in one segment. Memory given up is used again in the order of streams.
class HarnessPlaces : public Places {
 public:
  HarnessPlaces(Port& port, Bytes bytes, const SwapScript& script) : port_(port), script_(script) {
    const std::optional<Space> space = port.take_segment(bytes, StreamId(0));
    if (!space) throw OutOfMemory("the test's device is too small");
    space_ = *space;
    holes_[0] = {bytes.value, {}, {}};
  }
  ~HarnessPlaces() override { port_.return_segment(space_); }

  Extent extent_of(ObjectId object) const override {
    return {space_.id, Bytes(places_.at(object.value)), script_.sizes[object.value]};
  }
  bool place(ObjectId object) override {
    const std::uint64_t bytes = rounded(object);
    const StreamId stream = script_.streams[object.value];
    const auto hole = std::ranges::find_if(holes_, [&](const auto& entry) { return entry.second.bytes >= bytes; });
    if (hole == holes_.end()) return false;
    const auto [offset, found] = *hole;
    holes_.erase(hole);
    for (std::size_t i = 0; i < found.tokens.size(); ++i)
      if (found.streams[i] != stream) port_.wait(stream, found.tokens[i]);
    if (found.bytes > bytes) holes_[offset + bytes] = {found.bytes - bytes, found.tokens, found.streams};
    places_[object.value] = offset;
    held_ += bytes;
    peak_ = std::max(peak_, held_);
    return true;
  }
  void release(ObjectId object) override {
    const auto found = places_.find(object.value);
    ASSERT_NE(found, places_.end()) << "object " << object.value << " has no place to give up";
    const StreamId stream = script_.streams[object.value];
    Hole hole{rounded(object), {}, {}};
    if (std::ranges::any_of(script_.streams, [&](StreamId other) { return other != stream; }))
      hole = {hole.bytes, {port_.record(stream)}, {stream}};  // others would have to wait
    put_hole(found->second, std::move(hole));
    places_.erase(found);
    held_ -= rounded(object);
  }

  bool placed(ObjectId object) const { return places_.contains(object.value); }
  Bytes held() const { return Bytes(held_); }
  Bytes peak() const { return Bytes(peak_); }

 private:
  struct Hole {
    std::uint64_t bytes = 0;
    std::vector<TokenId> tokens;  ///< of the streams that used it
    std::vector<StreamId> streams;
  };

  std::uint64_t rounded(ObjectId object) const { return round_up(script_.sizes[object.value], 512_B).value; }
  static void join(Hole& into, const Hole& more) {
    into.bytes += more.bytes;
    into.tokens.insert(into.tokens.end(), more.tokens.begin(), more.tokens.end());
    into.streams.insert(into.streams.end(), more.streams.begin(), more.streams.end());
  }
  void put_hole(std::uint64_t offset, Hole hole) {
    const auto after = holes_.find(offset + hole.bytes);
    if (after != holes_.end()) {
      join(hole, after->second);
      holes_.erase(after);
    }
    auto before = holes_.lower_bound(offset);
    if (before != holes_.begin() && (--before)->first + before->second.bytes == offset)
      return join(before->second, hole);
    holes_[offset] = std::move(hole);
  }

  Port& port_;
  const SwapScript& script_;
  Space space_;
  std::map<std::uint64_t, Hole> holes_;  ///< by offset; no two side by side
  std::map<std::uint32_t, std::uint64_t> places_;
  std::uint64_t held_ = 0, peak_ = 0;
};

/// How a run is set up.
struct SwapRunOptions {
  std::string policy = "lru";
  std::vector<std::pair<std::string, std::string>> options{};
  SwapMachine machine{};  ///< with the limit
  SwapperSettings swapper{};
  std::uint64_t seed = 0;
  std::vector<std::uint32_t> pinned{};  ///< from their allocation on
  bool contents = false;                ///< the device holds bytes: they are written and compared
};

/// What came of it.
struct SwapRunResult {
  bool lacked_memory = false;
  Nanoseconds time{};
  std::vector<Nanoseconds> iterations{};  ///< time of each
  std::vector<Nanoseconds> stalls{};      ///< of each, against `ideal`
  Bytes peak{};
  SwapStats stats{};
  std::vector<std::string> moves{};  ///< every operation in words, for comparisons
  std::optional<Mismatch> mismatch{};
  Nanoseconds stall() const {
    Nanoseconds sum{};
    for (const Nanoseconds one : stalls) sum += one;
    return sum;
  }
};

class SwapHarness {
 public:
  /// `ideal`: the times of iterations without a limit; empty: stalls are not told.
  SwapHarness(RunnableDevice& device, const SwapScript& script, const SwapRunOptions& options,
              std::vector<Nanoseconds> ideal = {})
      : device_(device),
        script_(script),
        options_(options),
        ideal_(std::move(ideal)),
        program_(program_of(script)),
        port_(device, log_),
        order_(port_, log_),
        places_(port_, round_up(options_.machine.limit, 512_B), script),
        swapper_(port_, places_, options_.machine, options_.swapper, &order_),
        patterns_(script.sizes.size()) {
    const SwapInfo& info = find_row(swaps(), "swap policy", options.policy);
    if (info.make == nullptr) return;
    OptionValues values(info.name, info.options);
    for (const auto& [name, text] : options.options) values.set(name, text, "test");
    if (info.plan != nullptr) plan_ = info.plan(values, program_, options_.machine);
    policy_ = info.make(values, {.swapper = &swapper_,
                                 .machine = &options_.machine,
                                 .program = info.needs_program ? &program_ : nullptr,
                                 .plan = plan_ ? &*plan_ : nullptr,
                                 .seed = options.seed});
  }

  SwapRunResult run() {
    try {
      for (const SwapEvent& event : script_.events) step(event);
      end_iteration();
      if (options_.contents) bring_home();
    } catch (const OutOfMemory&) {
      result_.lacked_memory = true;
    }
    device_.synchronize();
    drain();
    swapper_.validate();
    if (device_.contents() != nullptr) result_.mismatch = device_.contents()->first_mismatch();
    result_.time = device_.now();
    result_.peak = places_.peak();
    result_.stats = swapper_.stats();
    for (const SwapOperation& operation : swapper_.operations()) result_.moves.push_back(text_of(operation));
    return result_;
  }

  PrioritySwapper& swapper() { return swapper_; }

 private:
  void step(const SwapEvent& event) {
    begin_if_due(event);
    switch (event.kind) {
      case SwapEvent::Kind::alloc:
        return allocate(event);
      case SwapEvent::Kind::free:
        return give_back(ObjectId(event.object));
      case SwapEvent::Kind::op:
        return launch(event);
      case SwapEvent::Kind::iteration:
        end_iteration();
        if (policy_) policy_->iteration(++iteration_);
    }
  }
  void begin_if_due(const SwapEvent& event) {
    if (begun_ || event.kind == SwapEvent::Kind::alloc) return;
    begun_ = true;
    if (policy_) policy_->begin();
  }
  bool make_room(Bytes bytes, std::span<const ObjectId> needed) {
    if (!policy_) return false;
    const Bytes before = places_.held();
    const bool given = policy_->make_room(bytes, needed);
    EXPECT_EQ(given, places_.held() < before) << "make_room() says what is not so";
    for (const ObjectId object : needed)
      EXPECT_TRUE(!present_.contains(object.value) || places_.placed(object)) << "an operand went while it was needed";
    return given;
  }
  void allocate(const SwapEvent& event) {
    const ObjectId object(event.object);
    while (!places_.place(object))
      if (!make_room(event.bytes, {})) throw OutOfMemory("allocation");
    fill(object, event.stream);  // a policy may send it away at once
    swapper_.allocated(object, event.bytes, event.stream);
    if (std::ranges::find(options_.pinned, event.object) != options_.pinned.end()) {
      swapper_.pin(object);
      pinned_.insert(event.object);
    }
    if (policy_) policy_->allocated(object, event.bytes, event.stream);
    order(event.stream, StreamId(0));
  }
  StreamId stream_of(ObjectId object) const { return script_.streams[object.value]; }
  /// What was put into `before` so far comes before what is put into `after` from now on.
  void order(StreamId before, StreamId after) {
    if (before != after) port_.wait(after, port_.record(before));
  }
  void give_back(ObjectId object) {
    order(StreamId(0), stream_of(object));
    pinned_.erase(object.value);
    if (policy_) policy_->freed(object);
    if (swapper_.freed(object)) places_.release(object);
  }
  void launch(const SwapEvent& event) {
    if (policy_) policy_->before_operator(slot_, event.operands);
    std::vector<ObjectId> needed;
    std::vector<Extent> reads, writes;
    for (const Operand& operand : event.operands) needed.push_back(operand.object);
    for (const Operand& operand : event.operands) bring(operand, needed);
    present_.clear();
    for (const Operand& operand : event.operands) {
      ASSERT_TRUE(places_.placed(operand.object)) << "operand " << operand.object.value << " is absent";
      ASSERT_EQ(swapper_.state(operand.object), SwapState::resident);
      check(operand.object);
      if (operand.reads) reads.push_back(places_.extent_of(operand.object));
      if (operand.writes) writes.push_back(places_.extent_of(operand.object));
    }
    device_.launch(StreamId(0), Work(event.time, reads, writes));
    for (const Operand& operand : event.operands)
      if (operand.writes) fill(operand.object, StreamId(0));
    swapper_.operator_launched();
    if (policy_) policy_->after_operator(slot_, event.operands);
    ++slot_;
    drain();
    EXPECT_LE(places_.held(), round_up(options_.machine.limit, 512_B));
    for (const std::uint32_t object : pinned_)
      EXPECT_EQ(swapper_.state(ObjectId(object)), SwapState::resident) << "object " << object << " is pinned";
  }
  void bring(const Operand& operand, std::span<const ObjectId> needed) {
    while (!swapper_.use(operand.object, StreamId(0), operand.writes))
      if (!make_room(script_.sizes[operand.object.value], needed)) throw OutOfMemory("operand");
    order(stream_of(operand.object), StreamId(0));
    present_.insert(operand.object.value);
  }
  void end_iteration() {
    if (iteration_ == 0 && slot_ == 0) return;
    device_.synchronize();
    drain();
    const Nanoseconds took = device_.now() - mark_;
    mark_ = device_.now();
    const std::size_t number = result_.iterations.size();
    result_.iterations.push_back(took);
    if (number >= ideal_.size()) return;
    result_.stalls.push_back(std::max(Nanoseconds(0), took - ideal_[number]));
    if (policy_) policy_->stalled(result_.stalls.back(), took);
  }
  void drain() {
    TokenId token;
    Nanoseconds duration{};
    while (device_.next_completed(token, duration)) {
      swapper_.measured(token, duration);
      if (policy_) policy_->measured(token, duration);
    }
  }

  // --- Contents ----------------------------------------------------------------------------------------------------

  void fill(ObjectId object, StreamId stream) {
    if (!options_.contents) return;
    patterns_[object.value] = ++pattern_;
    device_.contents()->fill(stream, places_.extent_of(object), pattern_);
  }
  void check(ObjectId object) {
    if (!options_.contents) return;
    device_.contents()->check(StreamId(0), places_.extent_of(object), patterns_[object.value], object.value);
  }
  void bring_home() {
    swapper_.bring_home([&](ObjectId object) {
      order(stream_of(object), StreamId(0));
      check(object);
      order(StreamId(0), stream_of(object));
    });
  }

  static std::string text_of(const SwapOperation& operation) {
    return std::to_string(operation.operator_index) + (operation.direction == SwapDirection::out ? " out " : " in ") +
           std::to_string(operation.object.value) + " tier " + std::to_string(static_cast<int>(operation.tier)) + " " +
           std::to_string(operation.packed.value);
  }

  RunnableDevice& device_;
  const SwapScript& script_;
  SwapRunOptions options_;
  std::vector<Nanoseconds> ideal_;
  AccessProgram program_;
  DecisionLog log_;
  Port port_;
  StreamOrder order_;
  HarnessPlaces places_;
  PrioritySwapper swapper_;
  std::optional<SwapPlan> plan_;
  std::unique_ptr<SwapPolicy> policy_;
  std::vector<std::uint64_t> patterns_;
  std::uint64_t pattern_ = 0;
  bool begun_ = false;
  std::uint32_t slot_ = 0, iteration_ = 0;
  Nanoseconds mark_{};
  std::set<std::uint32_t> pinned_;   ///< and live
  std::set<std::uint32_t> present_;  ///< operands of the operator at hand that were brought already
  SwapRunResult result_;
};

}  // namespace vramlab::testing
