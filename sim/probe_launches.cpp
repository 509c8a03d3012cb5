// Operators and the order of streams: queue, launch, gap, record, wait, issue of a transfer.

#include <fmt/format.h>
#include <algorithm>

#include "sim/fit.h"
#include "sim/probe_parts.h"

namespace vramlab::probe {
namespace {

constexpr Nanoseconds long_enough{60'000'000};  // that the queue fills while one operator runs
constexpr Nanoseconds blocked{2'000'000};       // no launch takes so long unless the queue is full
constexpr std::uint32_t most_queue = 16384;
constexpr Nanoseconds least_long{5'000};

// Calls in a row that no full queue holds up.
std::uint32_t row_length(const Probe& probe) { return std::clamp(probe.machine.calls.launch_queue / 4, 1u, 256u); }

Nanoseconds each(Nanoseconds time, std::uint32_t count) { return Nanoseconds((time.value + count / 2) / count); }

void add(Probe& probe, const char* figure, std::uint32_t count, Nanoseconds measured, Nanoseconds fitted) {
  probe.rows.push_back({figure, {}, count, measured, fitted, false});
}

// `count` operators of `gpu_time` behind one that lasts until all are in the stream: the device's time for them.
Nanoseconds train_of(Session& session, Operators& operators, Nanoseconds gpu_time, Nanoseconds blocker,
                     std::uint32_t count) {
  RunnableDevice& device = session.device();
  device.launch(compute, blocker);
  const TokenId begin = session.record(compute);
  for (std::uint32_t i = 0; i < count; ++i) operators.launch(compute, gpu_time);
  const TokenId end = session.record(compute);
  device.synchronize(begin);
  Stopwatch watch(device);
  device.synchronize(end);
  const Nanoseconds time = watch.lap();
  session.settle();
  return time;
}

}  // namespace

// How many launches the host is ahead of a stream when one blocks: the first that takes long is one too many.
void probe_launch_queue(Probe& probe) {
  RunnableDevice& device = probe.session.device();
  device.launch(compute, Nanoseconds(1000));  // the kernel is loaded now
  probe.session.settle();
  std::uint32_t ahead = 1;
  device.launch(compute, long_enough);
  Stopwatch watch(device);
  for (; ahead < most_queue; ++ahead) {
    device.launch(compute, Nanoseconds(0));
    if (watch.lap() > blocked) break;
  }
  probe.session.settle();
  probe.machine.calls.launch_queue = ahead;
}

void probe_launches(Probe& probe) {
  RunnableDevice& device = probe.session.device();
  const std::uint32_t count = row_length(probe);
  Operators operators(probe.session);
  const Nanoseconds time = probe.session.median_of([&] {
    Stopwatch watch(device);
    for (std::uint32_t i = 0; i < count; ++i) operators.launch(compute, Nanoseconds(0));
    const Nanoseconds passed = watch.lap();
    probe.session.settle();
    return passed;
  });
  probe.machine.calls.launch = each(time, count);
  add(probe, "calls.launch", count, time, probe.machine.calls.launch * count);
}

void probe_launch_gap(Probe& probe) {
  const std::uint32_t count = row_length(probe);
  const Nanoseconds blocker = 4 * count * std::max(probe.machine.calls.launch, Nanoseconds(1000));
  Operators operators(probe.session);
  std::vector<LaunchSample> samples;
  std::vector<Nanoseconds> measured;
  for (const std::int64_t ns : {0, 1'100, 2'300, 5'700, 10'400, 20'900, 50'300}) {
    const Nanoseconds gpu_time(ns);
    measured.push_back(
        probe.session.median_of([&] { return train_of(probe.session, operators, gpu_time, blocker, count); }));
    samples.push_back({gpu_time, each(measured.back(), count)});
  }
  const LaunchFit fit = fit_launch(samples, least_long);
  probe.machine.calls.launch_gap = fit.gap;
  probe.machine.calls.launch_floor = fit.floor;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string figure =
        fmt::format("calls.launch_gap at {:.1f} us", static_cast<double>(samples[i].gpu_time.value) / 1000);
    add(probe, figure.c_str(), count, measured[i], count * (std::max(samples[i].gpu_time, fit.floor) + fit.gap));
  }
}

// While an operator runs: a completed token might be waited for at no cost.
void probe_order(Probe& probe) {
  Session& session = probe.session;
  RunnableDevice& device = session.device();
  CallCosts& calls = probe.machine.calls;
  const Memory on_device(session, Tier::device, Bytes(mib));
  const Memory on_host(session, Tier::host, Bytes(mib));
  constexpr std::uint32_t count = 64;
  const std::vector<Nanoseconds> times = session.medians_of([&] {
    device.launch(compute, Nanoseconds(5'000'000));
    Stopwatch watch(device);
    TokenId token;
    for (std::uint32_t i = 0; i < count; ++i) token = session.record(compute);
    const Nanoseconds records = watch.lap();
    for (std::uint32_t i = 0; i < count; ++i) device.wait(other, token);
    const Nanoseconds waits = watch.lap();
    for (std::uint32_t i = 0; i < count; ++i)
      session.transfer(on_device.end(), on_host.end(), Bytes(4 * kib), std::span(&token, 1));
    const Nanoseconds transfers = watch.lap();
    session.settle();
    return std::vector<Nanoseconds>{records, waits, transfers};
  });
  calls.record = each(times[0], count);
  calls.wait = each(times[1], count);
  calls.transfer = each(times[2], count);
  add(probe, "calls.record", count, times[0], calls.record * count);
  add(probe, "calls.wait", count, times[1], calls.wait * count);
  add(probe, "calls.transfer", count, times[2], calls.transfer * count);
}

}  // namespace vramlab::probe
