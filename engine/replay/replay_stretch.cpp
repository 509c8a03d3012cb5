#include "engine/replay/replay_stretch.h"

#include <algorithm>

#include "engine/replay/access_window.h"

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

}  // namespace

std::unique_ptr<ReplayStretch> make_stretch(const Trace& trace, const ReplayRequest& request) {
  if (!request.swap.swaps()) return nullptr;
  auto stretch = std::make_unique<ReplayStretch>();
  stretch->window = operator_window(trace);
  stretch->program = access_program(stretch->window, request.swap.timing);
  stretch->setup = {
      .request = &request.swap, .window = &stretch->window, .program = &stretch->program, .seed = request.seed};
  check_limit(stretch->setup, swapper_settings(request.swap));
  return stretch;
}

std::array<Bytes, 4> tiers_taken_by(RunSetup setup) {
  TierMeter meter;
  setup.sink = &meter;
  setup.progress = nullptr;
  static_cast<void>(ReplayRun(setup).run());
  return meter.peak();
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
