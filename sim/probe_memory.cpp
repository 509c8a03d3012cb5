// Segments and pinned memory: what their calls cost the host, by size.

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "sim/fit.h"
#include "sim/probe_parts.h"

namespace vramlab::probe {
namespace {

void predict(std::vector<ProbeRow>& rows, std::string_view figure, const CostCurve& curve) {
  for (ProbeRow& row : rows)
    if (row.figure == figure) row.predicted = curve.at(row.bytes) * static_cast<std::int64_t>(row.count);
}

using SizeTimes = std::map<std::uint64_t, std::vector<Nanoseconds>>;  // by size

// Takes all of `sizes` in this order and holds them, as a program that grows does, then returns them while the device
// is idle.
void segment_round(Session& session, std::span<const std::uint64_t> sizes, SizeTimes& take, SizeTimes& give) {
  std::vector<SegmentId> held;
  for (const std::uint64_t size : sizes) {
    take[size].push_back(session.in_calls([&] { held.push_back(session.take(Tier::device, Bytes(size))); }));
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    session.device().synchronize();
    give[sizes[i]].push_back(
        session.in_calls([&] { session.device().return_segment(held[i], Tier::device, Bytes(sizes[i])); }));
  }
}

// Of small ones a driver cuts several from one chunk, so that only one in several costs much: their mean is what
// counts.
constexpr std::uint64_t smallest_whole = 2 * mib;

Nanoseconds cost_of(std::uint64_t size, const std::vector<Nanoseconds>& times) {
  if (size >= smallest_whole) return typical(times);
  return std::accumulate(times.begin(), times.end(), Nanoseconds(0)) / static_cast<std::int64_t>(times.size());
}

CostCurve segment_curve(Probe& probe, const char* figure, const SizeTimes& times) {
  std::vector<CostCurve::Point> points;
  for (const auto& [size, all] : times) {
    points.push_back({Bytes(size), cost_of(size, all)});
    probe.rows.push_back({figure, Bytes(size), 1, points.back().cost, {}, false});
  }
  CostCurve curve = fit_curve(std::move(points));
  predict(probe.rows, figure, curve);
  return curve;
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

}  // namespace

void probe_segments(Probe& probe) {
  constexpr std::uint64_t sizes[] = {4 * kib,  64 * kib, 512 * kib, 1 * mib,   2 * mib, 4 * mib, 12 * mib,
                                     20 * mib, 48 * mib, 96 * mib,  256 * mib, 1 * gib, 4 * gib};
  std::vector<std::uint64_t> all;
  for (const std::uint64_t size : sizes)
    if (Bytes(size) <= probe.most()) all.insert(all.end(), std::clamp<std::uint64_t>(512 * mib / size, 1, 8), size);
  SizeTimes take, give;
  std::mt19937 random(1);
  probe.session.repeat([&](int round) {
    std::shuffle(all.begin(), all.end(), random);
    SizeTimes unused;
    segment_round(probe.session, all, round == 0 ? unused : take, round == 0 ? unused : give);
  });
  probe.machine.calls.segment_take = segment_curve(probe, "calls.segment_take", take);
  probe.machine.calls.segment_return = segment_curve(probe, "calls.segment_return", give);
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

}  // namespace vramlab::probe
