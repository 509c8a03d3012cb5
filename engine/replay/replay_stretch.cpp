#include "engine/replay/replay_stretch.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/instance.h"
#include "engine/core/registry.h"
#include "engine/replay/access_window.h"
#include "engine/replay/load.h"

namespace vramlab {
namespace {

/// Of the stretch, by begin. Returns its bounds.
std::pair<Nanoseconds, Nanoseconds> follow(RunSetup setup, std::vector<TimelineSpan>& spans) {
  spans.clear();
  setup.timeline = &spans;
  setup.progress = nullptr;
  const RunResult run = ReplayRun(setup).run();
  std::erase_if(spans, [&](const TimelineSpan& span) { return span.begin < run.window_begin; });
  std::stable_sort(spans.begin(), spans.end(),
                   [](const TimelineSpan& a, const TimelineSpan& b) { return a.begin < b.begin; });
  return {run.window_begin, run.window_end};
}

class TierMeter : public EventSink {
 public:
  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch) {
      const auto tier = static_cast<std::size_t>(d.tier);
      if (d.kind == DecisionKind::segment_take && d.tier != Tier::device) held_[tier] += Bytes(d.bytes);
      if (d.kind == DecisionKind::segment_return && d.tier != Tier::device) held_[tier] -= Bytes(d.bytes);
      peak_[tier] = std::max(peak_[tier], held_[tier]);
    }
  }
  const std::array<Bytes, 4>& peak() const { return peak_; }

 private:
  std::array<Bytes, 4> held_{}, peak_{};
};

/// Placings and releases as buffers, by the number of such decisions so far.
class PlacingRecorder : public EventSink {
 public:
  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch) {
      if (d.kind == DecisionKind::place) place(d);
      if (d.kind == DecisionKind::release) instance_.buffers[placing_of_[d.object]].upper = position_++;
    }
  }

  Instance finish(const std::string& name) {
    instance_.name = name;
    for (Buffer& buffer : instance_.buffers)
      if (buffer.upper == 0) buffer.upper = position_;
    return std::move(instance_);
  }

 private:
  void place(const Decision& d) {
    if (d.object >= placing_of_.size()) placing_of_.resize(d.object + 1);
    placing_of_[d.object] = static_cast<std::uint32_t>(instance_.buffers.size());
    const Bytes size = round_up(Bytes(d.bytes), load_granule);
    instance_.buffers.push_back({.lower = position_++, .upper = 0, .size = size, .alignment = load_granule});
  }

  Instance instance_;
  std::vector<std::uint32_t> placing_of_;  // the latest, by object
  std::uint64_t position_ = 0;
};

}  // namespace

std::unique_ptr<ReplayStretch> make_stretch(const Trace& trace, const ReplayRequest& request) {
  if (!request.swap.swaps()) return nullptr;
  if (request.swap.rounds_before > 0 && request.swap.policy->plan != nullptr)
    throw ConfigError(
        fmt::format("swap policy {} plans the stretch alone: with rounds before it, it would wait in those, "
                    "where nothing is measured",
                    request.swap.policy->name),
        {}, "warm up policies that decide as they go on");
  auto stretch = std::make_unique<ReplayStretch>();
  OperatorWindow window = repeated_window(trace, request.swap.rounds_before);
  stretch->window = std::move(window.trace);
  stretch->measured_from = window.measured_from;
  stretch->program = access_program(stretch->window, request.swap.timing);
  stretch->setup = {
      .request = &request.swap, .window = &stretch->window, .program = &stretch->program, .seed = request.seed};
  check_limit(stretch->setup, swapper_settings(request.swap));
  const SwapInfo& policy = *request.swap.policy;
  if (policy.plan != nullptr)
    stretch->setup.plan = policy.plan(request.swap.options, stretch->program, request.swap.machine);
  return stretch;
}

std::array<Bytes, 4> tiers_taken_by(RunSetup setup) {
  TierMeter meter;
  setup.sink = &meter;
  setup.progress = nullptr;
  static_cast<void>(ReplayRun(setup).run());
  return meter.peak();
}

Instance placings_of(RunSetup setup, const SwapRequest& request) {
  if (request.policy->plan == nullptr)
    throw ConfigError(fmt::format("pool {} plans a run beforehand, which swap policy {} decides while it goes on",
                                  setup.pool->name, request.policy->name),
                      {}, "take another pool, or a policy that plans too");
  const PoolInfo& pool = find_row(pools(), "pool", "cuda-malloc");
  setup.pool = &pool;
  setup.options = OptionValues(pool.name, pool.options);
  setup.capacity = unlimited_bytes;
  PlacingRecorder recorder;
  setup.sink = &recorder;
  setup.progress = nullptr;
  const Observation homecoming;
  static_cast<void>(ReplayRun(setup, &homecoming).run());
  return recorder.finish(setup.trace->name);
}

SwapReport swap_report(const RunResult& run, const SwapRequest& request) {
  Bytes held{};
  for (const Bytes tier : run.swap->peak_held) held += tier;
  return {.oracle = request.policy->needs_program,
          .options = changed_options(request.options),
          .operations = run.swap->outs + run.swap->ins,
          .spared = run.swap->spared_outs,
          .held = held};
}

ReplayTimeline timeline_of(RunSetup swapped, RunSetup ideal) {
  ReplayTimeline timeline;
  std::tie(timeline.swapped_begin, timeline.swapped_end) = follow(std::move(swapped), timeline.swapped);
  std::tie(timeline.ideal_begin, timeline.ideal_end) = follow(std::move(ideal), timeline.ideal);
  return timeline;
}

}  // namespace vramlab
