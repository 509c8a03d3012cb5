// Operators and the order of streams: queue, launch, gaps, record, wait, issue of a transfer.

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

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

struct Train {
  Nanoseconds gpu_time{};
  std::uint32_t count = 0;
  std::function<void()> between = [] {};  ///< put behind each
};

// Operators behind one that lasts until all are in the stream: the device's time for them and one record.
Nanoseconds time_of(Session& session, Operators& operators, const Train& train, Nanoseconds blocker) {
  RunnableDevice& device = session.device();
  device.launch(compute, blocker);
  const TokenId begin = session.record(compute);
  for (std::uint32_t i = 0; i < train.count; ++i) {
    operators.launch(compute, train.gpu_time);
    train.between();
  }
  const TokenId end = session.record(compute);
  device.synchronize(begin);
  Stopwatch watch(device);
  device.synchronize(end);
  const Nanoseconds time = watch.lap();
  session.settle();
  return time;
}

Nanoseconds median_of(Probe& probe, Operators& operators, const Train& train) {
  const CallCosts& calls = probe.machine.calls;
  const Nanoseconds issue = std::max(calls.launch, Nanoseconds(1000));
  return probe.session.median_of([&] { return time_of(probe.session, operators, train, 6 * train.count * issue); });
}

// From one operator to the next, with a record between and without.
void probe_record_gap(Probe& probe, Operators& operators) {
  const std::uint32_t count = row_length(probe);
  Nanoseconds extra{};
  std::vector<std::pair<Nanoseconds, Nanoseconds>> times;
  constexpr std::int64_t lengths[] = {10'400, 50'300};
  for (const std::int64_t ns : lengths) {
    const Nanoseconds plain = median_of(probe, operators, {Nanoseconds(ns), count});
    times.emplace_back(plain,
                       median_of(probe, operators, {Nanoseconds(ns), count, [&] { probe.session.record(compute); }}));
    extra += times.back().second - plain;
  }
  const Nanoseconds gap = each(extra, count * static_cast<std::uint32_t>(std::size(lengths)));
  probe.machine.calls.record_gap = std::max(Nanoseconds(0), gap);
  for (const auto& [plain, recorded] : times)
    add(probe, "calls.record_gap", count, recorded, plain + count * probe.machine.calls.record_gap);
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
  Operators operators(probe.session);
  probe_record_gap(probe, operators);
  const Nanoseconds last_record = probe.machine.calls.record_gap;
  std::vector<LaunchSample> samples;
  std::vector<Nanoseconds> measured;
  for (const std::int64_t ns : {0, 1'100, 2'300, 5'700, 10'400, 20'900, 50'300}) {
    const Nanoseconds gpu_time(ns);
    measured.push_back(median_of(probe, operators, {gpu_time, count}));
    samples.push_back({gpu_time, each(std::max(Nanoseconds(0), measured.back() - last_record), count)});
  }
  const LaunchFit fit = fit_launch(samples, least_long);
  probe.machine.calls.launch_gap = fit.gap;
  probe.machine.calls.launch_floor = fit.floor;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string figure =
        fmt::format("calls.launch_gap at {:.1f} us", static_cast<double>(samples[i].gpu_time.value) / 1000);
    add(probe, figure.c_str(), count, measured[i],
        count * (std::max(samples[i].gpu_time, fit.floor) + fit.gap) + last_record);
  }
}

// An operator's record, a copy behind it and the next operator behind the copy: from stream to copy and back.
void probe_handover(Probe& probe) {
  Session& session = probe.session;
  CallCosts& calls = probe.machine.calls;
  constexpr Bytes bytes(4 * kib);
  constexpr Nanoseconds gpu_time{20'900};
  const std::uint32_t count = std::max(1u, row_length(probe) / 2);
  Operators operators(session);
  const Memory on_device(session, Tier::device, bytes), on_host(session, Tier::host, bytes);
  const auto copy_between = [&] {
    const TokenId ready = session.record(compute);
    session.device().wait(compute, session.transfer(on_device.end(), on_host.end(), bytes, {&ready, 1}));
  };
  const Nanoseconds plain = median_of(probe, operators, {gpu_time, count});
  const Nanoseconds handed = median_of(probe, operators, {gpu_time, count, copy_between});
  const Nanoseconds known = calls.record_gap + link_time(probe.machine.host_link.out, bytes);
  calls.handover = std::max(Nanoseconds(0), each(handed - plain - known * count, 2 * count));
  add(probe, "calls.handover", count, handed, plain + (known + calls.handover * 2) * count);
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
