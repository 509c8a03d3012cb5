// Runs that swap: ReplayRun's events with a SwapDriver between the program and the pool.

#include "engine/replay/replay_run.h"

namespace vramlab {

void ReplayRun::run_batch_swapping(std::span<const Step> steps) {
  for (const Step& step : steps) {
    deliver_inputs();
    perform_swapping(step);
  }
}

void ReplayRun::perform_swapping(const Step& step) {
  const ObjectId object(trace_.subjects[position_++]);
  switch (step.kind) {
    case EventKind::alloc:
      allocate_swapping(step);
      break;
    case EventKind::free_requested:
      compare_before();
      swap_->free_requested(object, step.block());
      break;
    case EventKind::free_completed:
      free_swapping(step, object);
      break;
    case EventKind::op:
      launch_swapping(step.subject);
      break;
    case EventKind::iteration:
      compare_before();
      begin_iteration(step.subject);
      break;
    case EventKind::segment:
    case EventKind::oom:
    case EventKind::snapshot:
      return;
  }
  load_.set_away(swap_->away());
  load_.after_event(port_, position_);
}

void ReplayRun::allocate_swapping(const Step& step) {
  const ObjectId object(next_object_);
  port_.bind(step.block(), object);
  AllocRequest request{
      .block = step.block(), .object = object, .bytes = step.bytes(), .stream = step.stream(), .hints = {}};
  if (!lifetimes_.empty()) request.hints.lifetime = lifetimes_[next_object_];
  swap_->allocate(request);
  if (contents_) follow_contents();
  swap_->allocated(request);
  ++next_object_;
  load_.on_alloc(step.bytes());
}

void ReplayRun::free_swapping(const Step& step, ObjectId object) {
  const bool placed = swap_->freed(object);
  if (placed) {
    compare_before();
    pool_->release(step.block());
  }
  load_.on_free(step.bytes());
}

void ReplayRun::launch_swapping(std::uint32_t op) {
  if (!launched_ && !in_iteration_) {
    begin_stretch();
    iteration_begin_ = timetable_now();
  }
  if (measuring_begins()) stats_before_ = swap_->stats();
  begin_launches();
  swap_->before_operator(op);
  compare_before();
  if (observation_ != nullptr) {
    --position_;
    tell_launch();
    ++position_;
  }
  put_operator(op);
  if (contents_) follow_contents();
  swap_->after_operator(op);
}

// The program reads its loss here, which waits for its operators, not for copies beside them. Those of the last
// iteration are waited for at the end.
void ReplayRun::begin_iteration_swapping(std::uint32_t number) {
  const std::optional<TokenId> mark = stretch_begun_ ? std::optional(swap_->mark_iteration()) : std::nullopt;
  mark ? device_->synchronize(*mark) : device_->synchronize();
  inputs_.deliver_measured(position_);
  if (mark) inputs_.deliver_iteration(position_, *mark, timetable_now() - iteration_begin_);
  begin_stretch();
  iteration_begin_ = timetable_now();
  in_iteration_ = true;
  if (measuring_begins()) stats_before_ = swap_->stats();
  if (!launched_ || measuring_begins()) begin_window();
  steady_.begin(*device_);
  swap_->iteration(number);
}

// What a plan sends away beforehand is no part of the stretch's time.
void ReplayRun::begin_stretch() {
  if (stretch_begun_) return;
  stretch_begun_ = true;
  swap_->begin();
  device_->synchronize();
  stats_before_ = swap_->stats();
  load_.after_event(port_, position_);
}

// The clock that inputs come from.
Nanoseconds ReplayRun::timetable_now() const {
  return device_->timetable() != nullptr ? device_->timetable()->now() : device_->now();
}

// What the event reads or gives up, once it is there.
void ReplayRun::compare_before() {
  if (!contents_) return;
  log_.flush();
  contents_->follow_moves(position_ - 1);
  contents_->before(position_ - 1);
}

// Failures that happen here are no inputs of the run: it is over.
void ReplayRun::come_home() {
  const std::size_t inputs = setup_.log_out != nullptr ? setup_.log_out->inputs.size() : 0;
  swap_->settle_arrivals();
  log_.flush();
  if (contents_) contents_->finish();
  swap_->bring_home([this](ObjectId object) {
    log_.flush();
    if (contents_) contents_->come_home(object);
  });
  log_.flush();
  if (contents_) contents_->poll();
  device_->synchronize();
  if (setup_.log_out != nullptr) setup_.log_out->inputs.resize(inputs);
}

SwapStats ReplayRun::stretch_stats() const {
  SwapStats stats = swap_->stats();
  stats.outs -= stats_before_.outs;
  stats.ins -= stats_before_.ins;
  stats.spared_outs -= stats_before_.spared_outs;
  stats.out_bytes -= stats_before_.out_bytes;
  stats.in_bytes -= stats_before_.in_bytes;
  stats.packed_bytes -= stats_before_.packed_bytes;
  return stats;
}

}  // namespace vramlab
