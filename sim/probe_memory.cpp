// Segments, pinned memory, pages and ranges: what their calls cost the host, by size.

#include <algorithm>

#include "engine/core/error.h"
#include "sim/fit.h"
#include "sim/probe_parts.h"

namespace vramlab::probe {
namespace {

void predict(std::vector<ProbeRow>& rows, std::string_view figure, const CostCurve& curve) {
  for (ProbeRow& row : rows)
    if (row.figure == figure) row.predicted = curve.at(row.bytes) * static_cast<std::int64_t>(row.count);
}

// The host's time to take `count` of them, and to return them when the device is idle.
std::vector<Nanoseconds> segment_round(Session& session, Bytes bytes, std::uint32_t count) {
  std::vector<SegmentId> held;
  held.reserve(count);
  Stopwatch watch(session.device());
  Nanoseconds taken, given;
  for (std::uint32_t i = 0; i < count; ++i) {
    session.disturb();
    watch.lap();
    held.push_back(session.take(Tier::device, bytes));
    taken += watch.lap();
  }
  for (const SegmentId id : held) {
    session.disturb();
    session.device().synchronize();
    watch.lap();
    session.device().return_segment(id, Tier::device, bytes);
    given += watch.lap();
  }
  return {taken, given};
}

struct PinTimes {
  Nanoseconds pin, unpin;
  Nanoseconds again;  // pinning once more what was just given back
};

PinTimes pin_times(Session& session, Bytes bytes) {
  Stopwatch watch(session.device());
  std::vector<SegmentId> held;
  const Nanoseconds pin = session.median_of([&] {
    watch.lap();
    held.push_back(session.take(Tier::host, bytes));
    return watch.lap();
  });
  std::vector<Nanoseconds> unpin;
  for (const SegmentId id : held) {
    watch.lap();
    session.device().return_segment(id, Tier::host, bytes);
    unpin.push_back(watch.lap());
  }
  const Nanoseconds again = session.median_of([&] {
    watch.lap();
    const SegmentId id = session.take(Tier::host, bytes);
    const Nanoseconds taken = watch.lap();
    session.device().return_segment(id, Tier::host, bytes);
    return taken;
  });
  return {pin, median(std::move(unpin)), again};
}

struct PageTimes {
  enum Step : std::size_t { reserve, create, map, unmap, destroy, release, steps };
};

// One pass over `count` pages: the host's time in each command.
std::vector<Nanoseconds> page_round(Session& session, Bytes page, std::uint32_t count) {
  RunnableDevice& device = session.device();
  const SegmentId range = session.new_segment();
  const PageId first = session.new_pages(count);
  std::vector<Nanoseconds> times;
  Stopwatch watch(device);
  const auto timed = [&](auto&& command) {
    session.disturb();
    watch.lap();
    const bool carried_out = command();
    times.push_back(watch.lap());
    if (!carried_out)
      throw OutOfMemory("the probe got no pages", {}, "end what else uses this GPU's memory, or probe with --quick");
  };
  const auto always = [](auto&& command) { return [command] { return command(), true; }; };
  timed([&] { return device.reserve_range(range, page * count); });
  timed([&] { return device.create_pages(first, count, page); });
  timed([&] { return device.map_pages(range, Bytes(0), first, count, page); });
  timed(always([&] { device.unmap_pages(range, Bytes(0), page * count); }));
  timed(always([&] { device.destroy_pages(first, count, page); }));
  timed(always([&] { device.release_range(range, page * count); }));
  return times;
}

struct PageFigure {
  PageTimes::Step step;
  const char* name;
  CostCurve CallCosts::* curve;
};
constexpr PageFigure page_figures[] = {{PageTimes::create, "calls.page_create", &CallCosts::page_create},
                                       {PageTimes::map, "calls.map", &CallCosts::map},
                                       {PageTimes::unmap, "calls.unmap", &CallCosts::unmap},
                                       {PageTimes::destroy, "calls.page_destroy", &CallCosts::page_destroy}};

void fit_pages(Probe& probe, Bytes page, std::span<const std::uint32_t> counts,
               const std::vector<std::vector<Nanoseconds>>& times) {
  for (const PageFigure& figure : page_figures) {
    std::vector<BatchSample> samples;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      samples.push_back({counts[i], times[i][figure.step]});
      probe.rows.push_back({figure.name, page, counts[i], times[i][figure.step], {}, false});
    }
    (probe.machine.calls.*figure.curve).points.push_back({page, fit_each(samples)});
  }
}

}  // namespace

// Several held, since drivers keep room for more small ones once they have taken a chunk.
void probe_segments(Probe& probe) {
  constexpr std::uint64_t sizes[] = {4 * kib,  64 * kib, 512 * kib, 1 * mib, 2 * mib, 4 * mib,
                                     20 * mib, 64 * mib, 256 * mib, 1 * gib, 4 * gib};
  std::vector<CostCurve::Point> take, give;
  for (const std::uint64_t size : sizes) {
    const Bytes bytes(size);
    if (bytes > probe.most()) continue;
    const auto count = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(gib / size, 1, 16));
    const std::vector<Nanoseconds> times =
        probe.session.medians_of([&] { return segment_round(probe.session, bytes, count); });
    for (const bool taken : {true, false}) {
      const BatchSample sample{count, times[taken ? 0 : 1]};
      (taken ? take : give).push_back({bytes, fit_each(std::span(&sample, 1))});
      const char* const figure = taken ? "calls.segment_take" : "calls.segment_return";
      probe.rows.push_back({figure, bytes, count, sample.time, {}, false});
    }
  }
  CallCosts& calls = probe.machine.calls;
  calls.segment_take = fit_curve(std::move(take));
  calls.segment_return = fit_curve(std::move(give));
  predict(probe.rows, "calls.segment_take", calls.segment_take);
  predict(probe.rows, "calls.segment_return", calls.segment_return);
}

// Everything is held until all is measured: a device may give pinned memory that was given back out again.
void probe_pinning(Probe& probe) {
  constexpr std::uint64_t sizes[] = {64 * kib, 2 * mib, 20 * mib, 256 * mib, 1 * gib};
  CallCosts& calls = probe.machine.calls;
  std::vector<CostCurve::Point> pin, unpin;
  std::vector<Nanoseconds> again;
  for (const std::uint64_t size : sizes) {
    const Bytes bytes(size);
    if (bytes > probe.most()) continue;
    const PinTimes times = pin_times(probe.session, bytes);
    pin.push_back({bytes, times.pin});
    unpin.push_back({bytes, times.unpin});
    again.push_back(times.again);
    probe.rows.push_back({"calls.pin", bytes, 1, times.pin, {}, false});
    probe.rows.push_back({"calls.unpin", bytes, 1, times.unpin, {}, false});
  }
  calls.pin = fit_curve(std::move(pin));
  calls.unpin = fit_curve(std::move(unpin));
  predict(probe.rows, "calls.pin", calls.pin);
  predict(probe.rows, "calls.unpin", calls.unpin);
  if (again.back() < calls.pin.points.back().cost / 2) calls.pin_reuse = median(std::move(again));
}

void probe_pages(Probe& probe) {
  CallCosts& calls = probe.machine.calls;
  for (const PageFigure& figure : page_figures) (calls.*figure.curve).points.clear();
  std::vector<Nanoseconds> reserve, release;
  for (const std::uint64_t granules : {1u, 10u, 128u, 512u}) {
    const Bytes page = probe.machine.page_granularity * granules;
    if (page > probe.most()) continue;
    std::vector<std::uint32_t> counts{1};
    for (const std::uint32_t count : {16u, 128u})
      if (page * count <= probe.most()) counts.push_back(count);
    std::vector<std::vector<Nanoseconds>> times;
    for (const std::uint32_t count : counts) {
      times.push_back(probe.session.medians_of([&] { return page_round(probe.session, page, count); }));
      reserve.push_back(times.back()[PageTimes::reserve]);
      release.push_back(times.back()[PageTimes::release]);
      probe.rows.push_back({"calls.range_reserve", page * count, 1, reserve.back(), {}, false});
      probe.rows.push_back({"calls.range_release", page * count, 1, release.back(), {}, false});
    }
    fit_pages(probe, page, counts, times);
  }
  for (const PageFigure& figure : page_figures) {
    CostCurve& curve = calls.*figure.curve;
    curve = fit_curve(std::move(curve.points));
    predict(probe.rows, figure.name, curve);
  }
  calls.range_reserve = median(std::move(reserve));
  calls.range_release = median(std::move(release));
  predict(probe.rows, "calls.range_reserve", {{{Bytes(0), calls.range_reserve}}});
  predict(probe.rows, "calls.range_release", {{{Bytes(0), calls.range_release}}});
}

}  // namespace vramlab::probe
