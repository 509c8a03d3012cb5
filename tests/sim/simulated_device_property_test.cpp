// Random programs of launches, records, waits and transfers: what must hold whatever the machine.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <vector>

#include "sim/links.h"
#include "sim/simulated_device.h"
#include "small_machine.h"

namespace vramlab {
namespace {

struct Command {
  enum class Kind : int { launch, record, wait, transfer, synchronize, poll } kind{};
  StreamId stream{0};
  Tier from{}, to{};
  Bytes bytes{};
  Nanoseconds gpu_time{};
  std::vector<TokenId> tokens;  // waited for
};

constexpr std::array<std::pair<Tier, Tier>, 9> moves{{{Tier::device, Tier::host},
                                                      {Tier::host, Tier::device},
                                                      {Tier::device, Tier::peer},
                                                      {Tier::peer, Tier::device},
                                                      {Tier::device, Tier::disk},
                                                      {Tier::disk, Tier::device},
                                                      {Tier::host, Tier::disk},
                                                      {Tier::disk, Tier::host},
                                                      {Tier::device, Tier::device}}};

std::vector<Command> random_program() {
  std::vector<Command> program;
  std::uint32_t issued = 0;
  const int count = *rc::gen::inRange(1, 60);
  for (int i = 0; i < count; ++i) {
    Command c;
    c.kind = static_cast<Command::Kind>(*rc::gen::inRange(0, 6));
    c.stream = StreamId(*rc::gen::inRange<std::uint16_t>(0, 3));
    c.gpu_time = Nanoseconds(*rc::gen::inRange(0, 3000));
    c.bytes = Bytes(*rc::gen::inRange<std::uint64_t>(0, 4000));
    std::tie(c.from, c.to) = moves[*rc::gen::inRange<std::size_t>(0, moves.size())];
    const int edges = issued == 0 ? 0 : *rc::gen::inRange(c.kind == Command::Kind::transfer ? 0 : 1, 3);
    for (int e = 0; e < edges; ++e) c.tokens.push_back(TokenId(*rc::gen::inRange<std::uint32_t>(0, issued)));
    if (c.tokens.empty() && (c.kind == Command::Kind::wait || c.kind == Command::Kind::synchronize)) continue;
    if (c.kind == Command::Kind::record || c.kind == Command::Kind::transfer) ++issued;
    program.push_back(std::move(c));
  }
  return program;
}

// What a run shows: the clock after every command, and the tokens in the order reported.
struct Shown {
  struct Report {
    std::uint32_t token;
    Nanoseconds duration, at;
    friend bool operator==(const Report&, const Report&) = default;
  };
  std::vector<Nanoseconds> clock;
  std::vector<Report> reports;
  std::map<std::uint32_t, Command> issued;
  DeviceCounters counters;
};

void poll(RunnableDevice& device, Shown& shown) {
  TokenId token;
  Nanoseconds duration;
  while (device.next_completed(token, duration)) shown.reports.push_back({token.value, duration, device.now()});
}

TransferEnd end_of(Tier tier) { return {SegmentId(static_cast<std::uint32_t>(tier)), tier, {}}; }

void carry_out(RunnableDevice& device, const Command& c, Shown& shown) {
  const TokenId next(static_cast<std::uint32_t>(shown.issued.size()));
  switch (c.kind) {
    case Command::Kind::launch:
      return device.launch(c.stream, c.gpu_time);
    case Command::Kind::wait:
      return device.wait(c.stream, c.tokens[0]);
    case Command::Kind::synchronize:
      return device.synchronize(c.tokens[0]);
    case Command::Kind::poll:
      return poll(device, shown);
    case Command::Kind::record:
      device.record(next, c.stream);
      break;
    case Command::Kind::transfer:
      device.transfer(next, {end_of(c.from), end_of(c.to), c.bytes}, c.tokens);
      break;
  }
  shown.issued[next.value] = c;
}

Shown run(const std::vector<Command>& program, bool poll_always = false) {
  const auto device = make_simulated_device(testing::small_machine());
  for (const Tier tier : {Tier::device, Tier::peer, Tier::host, Tier::disk})
    device->take_segment(end_of(tier).segment, tier, 1_MiB, StreamId(0));
  Shown shown;
  for (const Command& command : program) {
    carry_out(*device, command, shown);
    if (poll_always) poll(*device, shown);
    shown.clock.push_back(device->now());
  }
  device->synchronize();
  shown.clock.push_back(device->now());
  poll(*device, shown);
  shown.counters = device->counters();
  return shown;
}

TEST(SimulatedDeviceProperty, TwoRunsShowTheSame) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<Command> program = random_program();
    const Shown a = run(program), b = run(program);
    RC_ASSERT(a.clock == b.clock);
    RC_ASSERT(a.reports == b.reports);
  }));
}

TEST(SimulatedDeviceProperty, LookingDoesNotChangeTheCourse) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<Command> program = random_program();
    const Shown seldom = run(program), always = run(program, true);
    RC_ASSERT(seldom.clock == always.clock);
    RC_ASSERT(seldom.reports.size() == always.reports.size());
    for (std::size_t i = 0; i < always.reports.size(); ++i) {
      RC_ASSERT(seldom.reports[i].token == always.reports[i].token);
      RC_ASSERT(seldom.reports[i].duration == always.reports[i].duration);
      RC_ASSERT(seldom.reports[i].at >= always.reports[i].at);
    }
  }));
}

TEST(SimulatedDeviceProperty, TheClockNeverFallsAndEveryTokenIsReportedOnceAfterWhatItWaitsFor) {
  EXPECT_TRUE(rc::check([] {
    const Shown shown = run(random_program(), true);
    RC_ASSERT(std::is_sorted(shown.clock.begin(), shown.clock.end()));
    std::map<std::uint32_t, std::size_t> place;
    for (std::size_t i = 0; i < shown.reports.size(); ++i) RC_ASSERT(place.emplace(shown.reports[i].token, i).second);
    RC_ASSERT(place.size() == shown.issued.size());
    for (const auto& [token, command] : shown.issued)
      if (command.kind == Command::Kind::transfer)
        for (const TokenId earlier : command.tokens) RC_ASSERT(place.at(earlier.value) < place.at(token));
  }));
}

TEST(SimulatedDeviceProperty, TransfersMoveTheirBytesAndTakeAtLeastTheirTimeAlone) {
  EXPECT_TRUE(rc::check([] {
    const MachineModel machine = testing::small_machine();
    const std::array<LinkDirection, lane_count> lanes{
        machine.host_link.out, machine.host_link.in, machine.peer_link.out, machine.peer_link.in,
        machine.disk_write,    machine.disk_read,    machine.device_copy};
    const Shown shown = run(random_program());
    Bytes moved{};
    Nanoseconds busy{};
    std::uint64_t transfers = 0;
    for (const Shown::Report& report : shown.reports) {
      const Command& command = shown.issued.at(report.token);
      if (command.kind != Command::Kind::transfer) continue;
      const Route route = route_between(command.from, command.to, machine);
      Nanoseconds alone{};
      for (std::size_t hop = 0; hop < route.hops; ++hop) {
        const LinkDirection& lane = lanes[static_cast<std::size_t>(route.lanes[hop])];
        alone += lane.latency;
        alone += Nanoseconds(static_cast<std::int64_t>(
            (command.bytes.value * 1'000'000'000 + lane.bytes_per_second - 1) / lane.bytes_per_second));
      }
      RC_ASSERT(report.duration >= alone);
      busy += report.duration;
      moved += command.bytes;
      ++transfers;
    }
    RC_ASSERT(shown.counters.transferred == moved);
    RC_ASSERT(shown.counters.transfers == transfers);
    RC_ASSERT(shown.counters.transfer_time <= busy);  // between two hops a transfer may wait for its second link
  }));
}

}  // namespace
}  // namespace vramlab
