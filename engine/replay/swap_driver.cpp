#include "engine/replay/swap_driver.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"
#include "engine/replay/live_operators.h"

namespace vramlab {

namespace {

std::unique_ptr<SwapPolicy> make_policy(const SwapSetup& setup, PrioritySwapper& swapper) {
  const SwapInfo& info = *setup.request->policy;
  return info.make(setup.request->options, {.swapper = &swapper,
                                            .machine = &setup.request->machine,
                                            .program = info.needs_program ? setup.program : nullptr,
                                            .plan = setup.plan ? &*setup.plan : nullptr,
                                            .seed = setup.seed});
}

}  // namespace

SwapDriver::SwapDriver(const SwapSetup& setup, Port& port, Pool& pool, DecisionLog& log, const PlacementTable& table,
                       StreamOrder& order)
    : setup_(setup),
      window_(*setup.window),
      port_(port),
      pool_(pool),
      log_(log),
      table_(table),
      swapper_(port, *this, setup.request->machine, swapper_settings(*setup.request, setup.taken_before), &order),
      policy_(make_policy(setup, swapper_)),
      block_of_(window_.object_count()) {}

SwapDriver::~SwapDriver() = default;

// --- Events ----------------------------------------------------------------------------------------------------------

void SwapDriver::allocate(const AllocRequest& request) {
  AllocRequest placing = request;
  placing.object = ObjectId(placings_);
  for (bool placed = false; !placed;) {
    try {
      pool_.allocate(placing);
      placed = true;
      ++placings_;
    } catch (const OutOfMemory&) {
      if (!make_room(request.bytes, {})) throw;
    }
  }
  block_of_[request.object.value] = request.block;
  swapper_.allocated(request.object, request.bytes, request.stream);
}

void SwapDriver::allocated(const AllocRequest& request) {
  policy_->allocated(request.object, request.bytes, request.stream);
}

// The pool knows nothing of an object that is away.
void SwapDriver::free_requested(ObjectId object, BlockId block) {
  if (swapper_.state(object) != SwapState::away) pool_.free_requested(block);
}

bool SwapDriver::freed(ObjectId object) {
  policy_->freed(object);
  freed_ = object;
  const bool placed = swapper_.freed(object);
  if (!placed) away_ -= window_.sizes[object.value];
  return placed;
}

void SwapDriver::begin() {
  swapper_.reserve();
  policy_->begin();
  mark_slot_ = slot_;
}

TokenId SwapDriver::mark_iteration() {
  mark_ = port_.record(operator_stream);
  iteration_.reset();
  return *mark_;
}

void SwapDriver::measured(TokenId token, Nanoseconds duration) {
  if (token == mark_) {
    iteration_ = duration;
    return;
  }
  swapper_.measured(token, duration);
  policy_->measured(token, duration);
}

// The ideal is the program's own timetable: it must be the same on every device.
void SwapDriver::iteration(std::uint32_t number) {
  if (iteration_) {
    const Nanoseconds ideal = ideal_time(mark_slot_, slot_);
    policy_->stalled(std::max(Nanoseconds(0), *iteration_ - ideal), *iteration_);
  }
  mark_slot_ = slot_;
  policy_->iteration(number);
}

Nanoseconds SwapDriver::ideal_time(std::uint32_t from, std::uint32_t to) const {
  const AccessProgram& program = *setup_.program;
  const auto at = [&](std::uint32_t slot) { return slot < program.slots() ? program.begin[slot] : program.duration; };
  return at(to) - at(from);
}

void SwapDriver::before_operator(std::uint32_t op) {
  gather(op);
  policy_->before_operator(slot_, operands_);
  for (const Operand& operand : operands_) use(operand, op);
  for (const StreamId stream : streams_) port_.wait(operator_stream, port_.record(stream));
}

void SwapDriver::after_operator(std::uint32_t op) {
  if (!streams_.empty()) {
    const TokenId done = port_.record(operator_stream);
    for (const StreamId stream : streams_) port_.wait(stream, done);
  }
  swapper_.operator_launched();
  ++slot_;
  policy_->after_operator(op, operands_);
}

// Each object once, in the order of its first mention.
void SwapDriver::gather(std::uint32_t op) {
  operands_.clear();
  needed_.clear();
  streams_.clear();
  const auto visit = [&](const Lists& lists, bool reads) {
    for (std::uint64_t i = lists.begin_of(op); i < lists.ends[op]; ++i) note(lists.values[i], reads, !reads);
  };
  visit(window_.operators.reads, true);
  visit(window_.operators.writes, false);
}

void SwapDriver::note(std::uint32_t object, bool reads, bool writes) {
  const auto known = std::find_if(operands_.begin(), operands_.end(),
                                  [&](const Operand& operand) { return operand.object.value == object; });
  if (known != operands_.end()) {
    known->reads |= reads;
    known->writes |= writes;
    return;
  }
  operands_.push_back({ObjectId(object), reads, writes});
  needed_.emplace_back(object);
  const StreamId stream = window_.streams[object];
  if (stream != operator_stream && std::find(streams_.begin(), streams_.end(), stream) == streams_.end())
    streams_.push_back(stream);
}

// In the object's own stream, after which the operators' stream comes.
void SwapDriver::use(const Operand& operand, std::uint32_t op) {
  const Bytes bytes = window_.sizes[operand.object.value];
  while (!swapper_.use(operand.object, window_.streams[operand.object.value], operand.writes))
    if (!make_room(bytes, needed_)) fail(operand, op);
}

void SwapDriver::fail(const Operand& operand, std::uint32_t op) const {
  Bytes together{};
  for (const Operand& one : operands_) together += round_up(window_.sizes[one.object.value], Bytes(512));
  throw OutOfMemory(
      fmt::format("operator {} ({}) needs object {} of {}, which is away, and nothing more can leave; its "
                  "operands take {} together",
                  op, window_.operators.names[window_.operators.name[op]], operand.object.value,
                  format_bytes(window_.sizes[operand.object.value]), format_bytes(together)),
      {}, "raise the limit, or take a pool that fragments less");
}

void SwapDriver::settle_arrivals() {
  log_.flush();
  for (std::uint32_t object = 0; object < window_.object_count(); ++object)
    if (table_.live(ObjectId(object)) && swapper_.state(ObjectId(object)) == SwapState::arriving)
      static_cast<void>(swapper_.use(ObjectId(object), window_.streams[object], false));
}

void SwapDriver::bring_home(const std::function<void(ObjectId)>& each) {
  homecoming_ = true;
  swapper_.bring_home(each);
  homecoming_ = false;
}

// --- Places ----------------------------------------------------------------------------------------------------------

Extent SwapDriver::extent_of(ObjectId object) const {
  log_.flush();
  return table_.extent_of(object, window_.sizes[object.value]);
}

void SwapDriver::release(ObjectId object) {
  pool_.release(block_of_[object.value]);
  away_ += window_.sizes[object.value];
}

bool SwapDriver::place(ObjectId object) {
  bool placed = place_once(object);
  while (!placed && homecoming_ && make_room(window_.sizes[object.value], {&object, 1})) placed = place_once(object);
  return placed;
}

bool SwapDriver::place_once(ObjectId object) {
  try {
    pool_.allocate({.block = block_of_[object.value],
                    .object = ObjectId(placings_),
                    .bytes = window_.sizes[object.value],
                    .stream = window_.streams[object.value],
                    .hints = {}});
    ++placings_;
    away_ -= window_.sizes[object.value];
    return true;
  } catch (const OutOfMemory&) {
    return false;
  }
}

bool SwapDriver::readable(ObjectId object) const {
  log_.flush();
  return table_.live(object) && (object == freed_ || swapper_.state(object) != SwapState::arriving);
}

}  // namespace vramlab
