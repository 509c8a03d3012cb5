#include "sim/machine.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>
#include <utility>

#include "engine/config/yaml.h"
#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/core/registry.h"
#include "sim/embedded.h"

namespace vramlab {
namespace {

__extension__ typedef __int128 SignedWide;

// Bounds that keep every sum of times within 64 bits over runs of 10^8 events.
constexpr Nanoseconds max_call_cost{60'000'000'000};
constexpr Nanoseconds max_curve_cost{1'000'000'000'000'000};
constexpr std::uint64_t min_bytes_per_second = 1'000'000;

Nanoseconds read_cost(const YamlValue& value) {
  const Nanoseconds cost = value.duration();
  if (cost > max_call_cost) throw value.error("longer than 60s");
  return cost;
}

// Costs are looked up at every call, and a division of 128 bits takes several times that of 64: it is kept for products
// that need it.
SignedWide interpolate(const CostCurve::Point& a, const CostCurve::Point& b, Bytes bytes) {
  const std::int64_t rise = b.cost.value - a.cost.value;
  const auto run = static_cast<std::int64_t>(b.bytes.value - a.bytes.value);
  const auto along = static_cast<std::int64_t>(bytes.value - a.bytes.value);
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(rise, along, &product)) return a.cost.value + product / run;
  return a.cost.value + SignedWide{rise} * along / run;
}

void check_curve(const YamlValue& value, const CostCurve& curve) {
  const auto& points = curve.points;
  for (std::size_t i = 1; i < points.size(); ++i)
    if (points[i].bytes <= points[i - 1].bytes) throw value.error("sizes must rise strictly");
  if (points.size() < 2) return;
  const SignedWide largest = interpolate(points[points.size() - 2], points.back(), max_object_bytes);
  if (largest < 0 || largest > max_curve_cost.value)
    throw value.error(fmt::format("grows out of bounds beyond {}", format_bytes(points.back().bytes)),
                      "the last two points give the slope for all larger sizes");
}

// Either one cost for all sizes or a mapping of sizes to costs.
CostCurve read_curve(const YamlValue& value) {
  if (value.is_scalar()) return {{{Bytes(0), read_cost(value)}}};
  CostCurve curve;
  value.read_map([&](YamlMap& map) {
    for (const auto& [size, cost] : map.take_rest()) {
      try {
        curve.points.push_back({parse_bytes(size), read_cost(cost)});
      } catch (const ConfigError& e) {
        if (e.where().line) throw;
        throw cost.error(e.what());
      }
      if (curve.points.back().bytes > max_object_bytes) throw cost.error("the size is too large");
    }
  });
  if (curve.points.empty()) throw value.error("no points", "write for instance {2MiB: 27us, 1GiB: 75us}");
  check_curve(value, curve);
  return curve;
}

std::uint64_t read_bandwidth(const YamlValue& value) {
  const std::uint64_t bandwidth = value.bandwidth();
  if (bandwidth < min_bytes_per_second) throw value.error("slower than 1 MB/s");
  return bandwidth;
}

LinkDirection read_direction(const YamlValue& value) {
  LinkDirection direction;
  value.read_map([&](YamlMap& map) {
    direction.latency = read_cost(map.take("latency"));
    direction.bytes_per_second = read_bandwidth(map.take("bandwidth"));
  });
  return direction;
}

LinkModel read_link(const YamlValue& value) {
  LinkModel link;
  value.read_map([&](YamlMap& map) {
    link.out = read_direction(map.take("out"));
    link.in = read_direction(map.take("in"));
    const YamlValue duplex = map.take("duplex");
    link.duplex_bytes_per_second = read_bandwidth(duplex);
    const auto [slower, faster] = std::minmax(link.out.bytes_per_second, link.in.bytes_per_second);
    if (link.duplex_bytes_per_second < faster || link.duplex_bytes_per_second > slower + faster)
      throw duplex.error(fmt::format("must lie between the faster direction's {} and the sum of both, {} B/s", faster,
                                     slower + faster));
  });
  return link;
}

// A section that is a name is that built-in machine's section.
std::optional<MachineModel> borrowed(const YamlValue& section) {
  if (!section.is_scalar()) return std::nullopt;
  const std::string name = section.text();
  const std::vector<std::string_view> known = machine_names();
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw section.error(fmt::format("no built-in machine '{}'", name),
                        fmt::format("known: {}", fmt::join(known, ", ")));
  return parse_machine(std::string(machine_yaml(name)), name + ".yaml");
}

constexpr std::pair<const char*, Nanoseconds CallCosts::*> optional_costs[] = {
    {"page_create_call", &CallCosts::page_create_call},
    {"page_destroy_call", &CallCosts::page_destroy_call},
    {"map_call", &CallCosts::map_call},
    {"unmap_call", &CallCosts::unmap_call},
    {"launch_gap", &CallCosts::launch_gap},
    {"launch_floor", &CallCosts::launch_floor},
    {"record_gap", &CallCosts::record_gap},
    {"handover", &CallCosts::handover}};

void read_calls(const YamlValue& section, MachineModel& machine) {
  if (const auto other = borrowed(section)) {
    machine.calls = other->calls;
    return;
  }
  CallCosts& calls = machine.calls;
  section.read_map([&](YamlMap& map) {
    calls.launch_queue = static_cast<std::uint32_t>(map.take("launch_queue").integer(1, 1 << 20));
    calls.segment_take = read_curve(map.take("segment_take"));
    calls.segment_return = read_curve(map.take("segment_return"));
    calls.page_create = read_curve(map.take("page_create"));
    calls.page_destroy = read_curve(map.take("page_destroy"));
    calls.map = read_curve(map.take("map"));
    calls.unmap = read_curve(map.take("unmap"));
    calls.range_reserve = read_cost(map.take("range_reserve"));
    calls.range_release = read_cost(map.take("range_release"));
    calls.launch = read_cost(map.take("launch"));
    calls.record = read_cost(map.take("record"));
    calls.wait = read_cost(map.take("wait"));
    calls.transfer = read_cost(map.take("transfer"));
    calls.pin = read_curve(map.take("pin"));
    calls.unpin = read_curve(map.take("unpin"));
    if (const auto reuse = map.take_if("pin_reuse")) calls.pin_reuse = read_cost(*reuse);
    for (const auto& [key, cost] : optional_costs)
      if (const auto value = map.take_if(key)) calls.*cost = read_cost(*value);
  });
}

void read_disk(const YamlValue& section, MachineModel& machine) {
  if (const auto other = borrowed(section)) {
    machine.disk_write = other->disk_write;
    machine.disk_read = other->disk_read;
    return;
  }
  section.read_map([&](YamlMap& map) {
    machine.disk_write = read_direction(map.take("write"));
    machine.disk_read = read_direction(map.take("read"));
  });
}

void read_memory(const YamlValue& section, MachineModel& machine) {
  section.read_map([&](YamlMap& map) {
    const YamlValue device = map.take("device");
    machine.device_memory = device.bytes();
    if (machine.device_memory == Bytes(0) || machine.device_memory > max_object_bytes)
      throw device.error("must lie between 1 byte and 256 TiB");
    const YamlValue granularity = map.take("page_granularity");
    machine.page_granularity = granularity.bytes();
    if (machine.page_granularity < 4_KiB || machine.page_granularity > 1_GiB)
      throw granularity.error("must lie between 4KiB and 1GiB");
  });
}

bool is_yaml_path(const std::string& text) { return text.ends_with(".yaml") || text.ends_with(".yml"); }

MachineModel read_machine(const YamlFile& file) {
  MachineModel machine;
  file.root().read_map([&](YamlMap& map) {
    machine.name = map.take("name").text();
    machine.description = map.take("description").text();
    machine.source = map.take("source").text();
    machine.gpus = static_cast<std::uint32_t>(map.take("gpus").integer(1, 64));
    read_memory(map.take("memory"), machine);
    read_calls(map.take("calls"), machine);
    machine.host_link = read_link(map.take("host_link"));
    const std::optional<YamlValue> peer = map.take_if("peer_link");
    if (peer) machine.peer_link = read_link(*peer);
    if (peer && machine.gpus < 2) throw peer->error("a machine of one GPU has no peer", "set gpus to 2 or more");
    machine.device_copy = read_direction(map.take("device_copy"));
    read_disk(map.take("disk"), machine);
  });
  return machine;
}

}  // namespace

Nanoseconds CostCurve::at(Bytes bytes) const {
  if (points.empty()) return {};
  if (points.size() == 1 || bytes <= points.front().bytes) return points.front().cost;
  std::size_t upper = 1;
  while (upper + 1 < points.size() && points[upper].bytes < bytes) ++upper;
  return Nanoseconds(static_cast<std::int64_t>(interpolate(points[upper - 1], points[upper], bytes)));
}

std::vector<std::string_view> machine_names() { return names_of(embedded_machines()); }

std::string_view machine_yaml(std::string_view name) { return find_row(embedded_machines(), "machine", name).text; }

MachineModel parse_machine(const std::string& yaml, const std::string& file) {
  return read_machine(YamlFile::parse(yaml, file));
}

MachineModel load_machine(const std::string& name_or_path) {
  if (is_yaml_path(name_or_path)) return read_machine(YamlFile::load(name_or_path));
  return parse_machine(std::string(machine_yaml(name_or_path)), name_or_path + ".yaml");
}

}  // namespace vramlab
