#include "sim/links.h"

#include <fmt/format.h>
#include <algorithm>
#include <string_view>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr std::uint64_t per_second = 1'000'000'000;

constexpr std::string_view tier_names[] = {"device", "peer", "host", "disk"};

constexpr Route one_hop(Lane lane) { return {{lane, lane}, 1}; }

}  // namespace

std::pair<Tier, Tier> ends_of(Lane lane) {
  switch (lane) {
    case Lane::host_out:
      return {Tier::device, Tier::host};
    case Lane::host_in:
      return {Tier::host, Tier::device};
    case Lane::peer_out:
      return {Tier::device, Tier::peer};
    case Lane::peer_in:
      return {Tier::peer, Tier::device};
    case Lane::disk_write:
      return {Tier::host, Tier::disk};
    case Lane::disk_read:
      return {Tier::disk, Tier::host};
    case Lane::device_copy:
      break;
  }
  return {Tier::device, Tier::device};
}

Route route_between(Tier from, Tier to, const MachineModel& machine) {
  const auto is = [&](Tier a, Tier b) { return from == a && to == b; };
  const bool peer = machine.peer_link.out.bytes_per_second != 0;
  if (is(Tier::device, Tier::device)) return one_hop(Lane::device_copy);
  if (is(Tier::device, Tier::host)) return one_hop(Lane::host_out);
  if (is(Tier::host, Tier::device)) return one_hop(Lane::host_in);
  if (is(Tier::host, Tier::disk)) return one_hop(Lane::disk_write);
  if (is(Tier::disk, Tier::host)) return one_hop(Lane::disk_read);
  if (is(Tier::device, Tier::disk)) return {{Lane::host_out, Lane::disk_write}, 2};
  if (is(Tier::disk, Tier::device)) return {{Lane::disk_read, Lane::host_in}, 2};
  if (peer && is(Tier::device, Tier::peer)) return one_hop(Lane::peer_out);
  if (peer && is(Tier::peer, Tier::device)) return one_hop(Lane::peer_in);
  throw DeviceError(fmt::format("machine {} has no link from {} to {}", machine.name,
                                tier_names[static_cast<std::size_t>(from)], tier_names[static_cast<std::size_t>(to)]),
                    {}, "transfer by way of the device, or take another machine");
}

Links::Links(const MachineModel& machine) {
  const std::array<LinkDirection, lane_count> directions{
      machine.host_link.out, machine.host_link.in, machine.peer_link.out, machine.peer_link.in,
      machine.disk_write,    machine.disk_read,    machine.device_copy};
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    engines_[lane].alone = directions[lane];
    const bool optional =
        lane == static_cast<std::size_t>(Lane::peer_out) || lane == static_cast<std::size_t>(Lane::peer_in);
    if (!optional && directions[lane].bytes_per_second == 0)
      throw ConfigError(fmt::format("machine {} has a link without bandwidth", machine.name));
  }
  set_duplex(static_cast<std::size_t>(Lane::host_out), machine.host_link);
  set_duplex(static_cast<std::size_t>(Lane::peer_out), machine.peer_link);
}

void Links::set_duplex(std::size_t out, const LinkModel& link) {
  const Wide sum = Wide{link.out.bytes_per_second} + link.in.bytes_per_second;
  for (Engine* engine : {&engines_[out], &engines_[out + 1]}) {
    const std::uint64_t alone = engine->alone.bytes_per_second;
    // Rounded down, so that both together never exceed the total.
    engine->shared_rate = sum <= link.duplex_bytes_per_second
                              ? alone
                              : static_cast<std::uint64_t>(alone * Wide{link.duplex_bytes_per_second} / sum);
  }
}

void Links::settle(Engine& engine, Nanoseconds now) {
  const Wide moved = Wide{engine.rate} * static_cast<std::uint64_t>((now - engine.settled).value);
  engine.remaining -= std::min(engine.remaining, moved);
  engine.settled = now;
}

void Links::set_rate(Engine& engine, bool shared, Nanoseconds now) {
  settle(engine, now);
  engine.rate = shared ? engine.shared_rate : engine.alone.bytes_per_second;
  const Wide left = (engine.remaining + engine.rate - 1) / engine.rate;
  engine.phase_end = now + Nanoseconds(static_cast<std::int64_t>(left));
}

// After `lane` changed its phase: both directions move on at the rates that now hold.
void Links::update_pair(std::size_t lane, Nanoseconds now) {
  Engine& engine = engines_[lane];
  Engine* other = opposite(lane);
  const bool other_moves = other != nullptr && other->phase == Phase::moving;
  if (engine.phase == Phase::moving) set_rate(engine, other_moves, now);
  if (other_moves) set_rate(*other, engine.phase == Phase::moving, now);
}

void Links::begin(Engine& engine, Copy copy, Nanoseconds now) {
  engine.phase = Phase::latency;
  engine.copy = copy;
  engine.start = now;
  engine.phase_end = now + engine.alone.latency;
}

void Links::find_next_event() {
  next_event_ = never;
  for (const Engine& engine : engines_) next_event_ = std::min(next_event_, engine.phase_end);
}

void Links::enqueue(Lane lane, std::uint32_t job, Bytes bytes, Nanoseconds now) {
  Engine& engine = engines_[static_cast<std::size_t>(lane)];
  if (engine.phase != Phase::idle) {
    engine.waiting.push_back({job, bytes});
    return;
  }
  begin(engine, {job, bytes}, now);
  next_event_ = std::min(next_event_, engine.phase_end);
}

void Links::step(std::vector<FinishedCopy>& finished) {
  const Nanoseconds now = next_event_;
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    Engine& engine = engines_[lane];
    if (engine.phase_end != now) continue;
    if (engine.phase == Phase::latency) {
      engine.phase = Phase::moving;
      engine.remaining = Wide{engine.copy.bytes.value} * per_second;
      engine.rate = 0;
      engine.settled = now;
    } else {
      finished.push_back({engine.copy.job, engine.start, now});
      engine.phase = Phase::idle;
      engine.phase_end = never;
      if (!engine.waiting.empty()) {
        begin(engine, engine.waiting.front(), now);
        engine.waiting.pop_front();
      }
    }
    update_pair(lane, now);
  }
  find_next_event();
}

}  // namespace vramlab
