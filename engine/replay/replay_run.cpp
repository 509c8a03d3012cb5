#include "engine/replay/replay_run.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/replay/replay_clock.h"

namespace vramlab {
namespace {

// With more live objects than this their records do not stay in the second-level cache, and looking ahead pays.
constexpr std::uint32_t many_slots = 16 << 10;

// Events between the stages of a look-ahead: long enough for memory to answer, short enough to be still in cache.
constexpr std::size_t look_ahead_stride = 8;
constexpr unsigned look_ahead_stages = 3;

// Whether the pool is told what a program may know of an object beforehand, here what the recording says came of it.
bool tells_hints(const RunSetup& setup) {
  return setup.pool->takes_hints && setup.options.has("hints") && setup.options.text("hints") == "recorded";
}

// Events from each allocation to its free, or to the end of the trace. What no trace should hold Program refuses.
std::vector<std::uint64_t> lifetimes_in(const Trace& trace) {
  std::vector<std::uint64_t> begin(trace.object_count()), lifetimes(trace.object_count());
  for (std::uint64_t position = 0; position < trace.event_count(); ++position) {
    const std::uint32_t object = trace.subjects[position];
    if (object >= trace.object_count()) continue;
    if (trace.kinds[position] == EventKind::alloc) {
      begin[object] = position;
      lifetimes[object] = trace.event_count() - position;
    } else if (trace.kinds[position] == EventKind::free_completed) {
      lifetimes[object] = position - begin[object];
    }
  }
  return lifetimes;
}

}  // namespace

ReplayRun::ReplayRun(const RunSetup& setup, const Observation* observation)
    : setup_(setup),
      observation_(observation),
      trace_(*setup.trace),
      device_(setup.make_device()),
      port_(*device_, log_, setup.capacity),
      pool_(make_pool()),
      inputs_(port_, *pool_, *device_, setup.log_in, setup.log_out),
      lifetimes_(tells_hints(setup) ? lifetimes_in(trace_) : std::vector<std::uint64_t>()),
      program_(trace_) {
  if (setup.swap != nullptr) {
    swap_.emplace(*setup.swap, port_, *pool_, log_, places_, *order_);
    inputs_.tell_measured([this](TokenId token, Nanoseconds duration) { swap_->measured(token, duration); });
  }
  if (setup.timeline != nullptr && !device_->follow_timeline(setup.timeline))
    throw ConfigError("this device cannot tell its timeline", {}, "draw it of a simulated device");
  if (device_->contents() == nullptr) return;
  operators_.emplace(trace_, places_, *device_);
  if (observation_ != nullptr && observation_->check_contents) contents_.emplace(trace_, places_, *device_->contents());
  if (contents_ && swap_) contents_->expect_absences([this](ObjectId object) { return swap_->readable(object); });
}

std::unique_ptr<Pool> ReplayRun::make_pool() {
  log_.add_sink(digest_);
  if (device_->contents() != nullptr || setup_.swap != nullptr) log_.add_sink(places_);
  if (setup_.swap != nullptr) order_.emplace(port_, log_);
  if (setup_.sink != nullptr) log_.add_sink(*setup_.sink);
  if (observation_ != nullptr)
    for (ReplayWatcher* watcher : observation_->watchers) log_.add_sink(*watcher);
  if (!setup_.recorded_addresses.empty()) port_.use_recorded_addresses(setup_.recorded_addresses);
  if (setup_.log_in != nullptr) port_.replay_failures(*setup_.log_in);
  if (setup_.log_out != nullptr) port_.record_inputs(*setup_.log_out, position_);
  return setup_.pool->make(port_, setup_.options, setup_.context);
}

RunResult ReplayRun::run() {
  name_failures([this] { run_all(); });
  finish();
  const RunResult found = result();
  device_->follow_timeline(nullptr);
  if (observation_ == nullptr) return found;
  if (swap_) name_failures([this] { come_home(); });
  for (ReplayWatcher* watcher : observation_->watchers) watcher->on_end(trace_);
  return found;
}

template <class Work>
void ReplayRun::name_failures(Work&& work) const {
  try {
    work();
  } catch (const OutOfMemory& error) {
    throw OutOfMemory(failure_text(error), {trace_.name, {}, {}, {}});
  } catch (const PoolError& error) {
    throw PoolError(failure_text(error), {trace_.name, {}, {}, {}});
  }
}

void ReplayRun::run_all() {
  for (std::span<const Step> steps = program_.next(); !steps.empty(); steps = program_.next()) {
    const Stopwatch watch;
    if (observation_ == nullptr) {
      run_batch(steps);
    } else {
      observe_batch(steps);
    }
    loop_seconds_ += watch.seconds();
    if (setup_.progress) setup_.progress(static_cast<double>(position_) / static_cast<double>(trace_.event_count()));
  }
}

void ReplayRun::run_until(std::uint64_t events) {
  while (position_ < events) {
    if (rest_.empty()) rest_ = program_.next();
    const std::size_t steps = std::min<std::size_t>(rest_.size(), events - position_);
    run_batch(rest_.first(steps));
    rest_ = rest_.subspan(steps);
  }
  log_.flush();
}

void ReplayRun::finish() {
  const Stopwatch watch;
  inputs_.finish(position_);
  log_.flush();
  loop_seconds_ += watch.seconds();
  if (contents_ && !swap_) contents_->finish();
  device_->synchronize();
}

void ReplayRun::run_batch(std::span<const Step> steps) {
  if (swap_) return run_batch_swapping(steps);
  if (!lifetimes_.empty()) return run_batch_hinted(steps);
  if (program_.slots() > many_slots) return run_batch_looking_ahead(steps);
  for (const Step& step : steps) {
    deliver_inputs();
    perform(step);
  }
}

void ReplayRun::run_batch_hinted(std::span<const Step> steps) {
  for (const Step& step : steps) {
    deliver_inputs();
    perform<true>(step);
  }
}

void ReplayRun::run_batch_looking_ahead(std::span<const Step> steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    look_ahead(steps, i);
    deliver_inputs();
    perform(steps[i]);
  }
}

// Tells the pool which objects come, stage by stage nearer. Touches memory only; decides nothing.
inline void ReplayRun::look_ahead(std::span<const Step> steps, std::size_t from) const {
  for (unsigned stage = 0; stage < look_ahead_stages; ++stage) {
    const std::size_t at = from + (look_ahead_stages - stage) * look_ahead_stride;
    if (at >= steps.size()) continue;
    const Step& step = steps[at];
    if (step.kind == EventKind::free_completed) {
      if (stage == 0) port_.prefetch(step.block());
      pool_->expect_release(step.block(), stage);
    } else if (step.kind == EventKind::alloc) {
      if (stage == 0) port_.prefetch(step.block());
      pool_->expect_allocate(step.bytes(), stage);
    }
  }
}

void ReplayRun::observe_batch(std::span<const Step> steps) {
  for (const Step& step : steps) {
    deliver_inputs();
    log_.flush();
    if (contents_) contents_->follow_moves(position_);
    for (ReplayWatcher* watcher : observation_->watchers) watcher->on_event(trace_, position_);
    if (swap_) {
      perform_swapping(step);
    } else {
      if (contents_) contents_->before(position_);
      if (step.kind == EventKind::op) tell_launch();
      lifetimes_.empty() ? perform(step) : perform<true>(step);
    }
    if (contents_ && !swap_) follow_contents();
    if (observation_->compare_addresses && step.kind == EventKind::alloc) compare_address(step);
  }
  if (observation_->validate) pool_->validate();
}

// After an event.
void ReplayRun::follow_contents() {
  const std::uint64_t event = position_ - 1;
  log_.flush();
  contents_->follow_moves(event);
  contents_->after(event);
}

template <bool hinted>
inline void ReplayRun::perform(const Step& step) {
  ++position_;
  switch (step.kind) {
    case EventKind::alloc:
      allocate<hinted>(step);
      break;
    case EventKind::free_requested:
      pool_->free_requested(step.block());
      break;
    case EventKind::free_completed:
      pool_->release(step.block());
      load_.on_free(step.bytes());
      break;
    case EventKind::op:
      launch(step.subject);
      break;
    case EventKind::iteration:
      begin_iteration(step.subject);
      break;
    case EventKind::segment:
    case EventKind::oom:
    case EventKind::snapshot:
      return;
  }
  load_.after_event(port_, position_);
}

template <bool hinted>
inline void ReplayRun::allocate(const Step& step) {
  const ObjectId object(next_object_);
  port_.bind(step.block(), object);
  AllocRequest request{.block = step.block(), .object = object, .bytes = step.bytes(), .stream = step.stream()};
  if constexpr (hinted) request.hints.lifetime = lifetimes_[next_object_];
  pool_->allocate(request);
  ++next_object_;
  load_.on_alloc(step.bytes());
}

// A training loop reads its loss once an iteration, so the host waits for the device here.
void ReplayRun::begin_iteration(std::uint32_t number) {
  if (swap_) return begin_iteration_swapping(number);
  device_->synchronize();
  inputs_.deliver_measured(position_);
  in_iteration_ = true;
  if (!launched_ || measuring_begins()) begin_window();
  steady_.begin(*device_);
}

void ReplayRun::launch(std::uint32_t op) {
  begin_launches();
  put_operator(op);
}

void ReplayRun::begin_launches() {
  if ((!launched_ && !in_iteration_) || measuring_begins()) begin_window();
  launched_ = true;
  steady_.launch(*device_);
}

void ReplayRun::put_operator(std::uint32_t op) {
  if (!operators_) return device_->launch(operator_stream, trace_.operators.gpu_time[op]);
  log_.flush();
  operators_->launch(op);
}

void ReplayRun::begin_window() {
  window_start_ = device_->now();
  if (device_->timetable() != nullptr) predicted_window_start_ = device_->timetable()->now();
  late_before_window_ = pacing().late_time;
  load_.restart();
  steady_ = {};
}

void ReplayRun::tell_launch() {
  log_.flush();
  for (ReplayWatcher* watcher : observation_->watchers) watcher->on_launch(trace_, position_);
}

void ReplayRun::compare_address(const Step& step) {
  if (pool_->address_of(step.block()) != trace_.addresses[next_object_ - 1]) ++address_mismatches_;
}

}  // namespace vramlab
