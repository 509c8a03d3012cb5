#include "experiments/swap_setup.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/wide.h"
#include "experiments/choice.h"
#include "experiments/codecs.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 4> tier_names{"device", "peer", "host", "disk"};

LinkSpeed speed_of(const LinkDirection& direction) { return {direction.latency, direction.bytes_per_second}; }

SwapLink link_of(const LinkModel& link) {
  return {speed_of(link.out), speed_of(link.in), link.duplex_bytes_per_second};
}

/// Stored in between: 1 / (1/a + 1/b) bytes a second.
LinkSpeed one_after_the_other(const LinkDirection& first, const LinkDirection& second) {
  const std::uint64_t a = first.bytes_per_second, b = second.bytes_per_second;
  if (a == 0 || b == 0) return {};
  return {first.latency + second.latency,
          static_cast<std::uint64_t>(static_cast<Wide>(a) * b / (static_cast<Wide>(a) + b))};
}

std::size_t index_of(Tier tier) { return static_cast<std::size_t>(tier); }

Bytes peer_memory(const MachineModel& machine, std::string_view text) {
  if (machine.peer_link.out.bytes_per_second != 0) return text == "machine" ? machine.device_memory : parse_bytes(text);
  if (text == "machine" || parse_bytes(text) == Bytes(0)) return {};
  throw ConfigError(fmt::format("peer_memory {}: machine {} has no peer", text, machine.name), {},
                    "see vramlab machine list for one with two GPUs");
}

void check_default_tier(const std::array<Bytes, 4>& capacities, const MachineModel& machine, std::string_view name) {
  for (std::size_t tier = 0; tier < tier_names.size(); ++tier)
    if (tier_names[tier] == name && capacities[tier] == Bytes(0))
      throw ConfigError(fmt::format("swap_tier {}: machine {} has none, or it may hold nothing", name, machine.name),
                        {},
                        name == "peer" ? "see vramlab machine list for one with two GPUs"
                                       : fmt::format("set {}", name == "disk" ? "disk_space" : "host_memory"));
}

}  // namespace

std::array<SwapLink, 4> swap_links(const MachineModel& machine) {
  std::array<SwapLink, 4> links{};
  links[index_of(Tier::host)] = link_of(machine.host_link);
  links[index_of(Tier::peer)] = link_of(machine.peer_link);
  links[index_of(Tier::disk)] = {one_after_the_other(machine.host_link.out, machine.disk_write),
                                 one_after_the_other(machine.disk_read, machine.host_link.in), 0};
  return links;
}

std::array<Bytes, 4> tier_capacities(const MachineModel& machine, const Settings& settings) {
  std::array<Bytes, 4> capacities{};
  capacities[index_of(Tier::host)] = settings.values.bytes("host_memory");
  capacities[index_of(Tier::peer)] = peer_memory(machine, settings.values.text("peer_memory"));
  capacities[index_of(Tier::disk)] = settings.values.bytes("disk_space");
  check_default_tier(capacities, machine, settings.values.text("swap_tier"));
  return capacities;
}

CodecFigures codec_figures(const Settings& settings) {
  const CodecChoice choice = parse_codec(settings.values.text("codec"));
  const std::array<std::string_view, 1> chosen{choice.mode->name};
  check_options_used(settings, "codecs", chosen);
  return choice.mode->figures(choice.value, settings.codec(choice.mode->name));
}

SwapRequest swap_setup(const MachineModel& machine, const Settings& settings) {
  SwapRequest request;
  request.machine.links = swap_links(machine);
  request.machine.codec = codec_figures(settings);
  request.machine.record_gap = machine.calls.record_gap;
  request.machine.handover = machine.calls.handover;
  request.timing = {machine.calls.launch, machine.calls.launch_gap, machine.calls.launch_floor};
  request.tier_capacity = tier_capacities(machine, settings);
  return request;
}

}  // namespace vramlab
