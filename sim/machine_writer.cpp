#include "sim/machine_writer.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/core/error.h"

namespace vramlab {
namespace {

// The largest unit that divides it.
std::string text_of(Bytes bytes) {
  constexpr std::array<std::pair<std::uint64_t, const char*>, 3> units{
      {{std::uint64_t{1} << 30, "GiB"}, {std::uint64_t{1} << 20, "MiB"}, {std::uint64_t{1} << 10, "KiB"}}};
  for (const auto& [scale, name] : units)
    if (bytes.value != 0 && bytes.value % scale == 0) return fmt::format("{}{}", bytes.value / scale, name);
  return fmt::format("{}", bytes.value);
}

std::string text_of(Nanoseconds time) { return fmt::format("{}ns", time.value); }

std::string text_of(const LinkDirection& link) {
  return fmt::format("{{latency: {}, bandwidth: {} B/s}}", text_of(link.latency), link.bytes_per_second);
}

std::string text_of(const CostCurve& curve) {
  if (curve.points.empty()) throw ConfigError("a machine model with a curve of costs without points cannot be written");
  if (curve.points.size() == 1 && curve.points.front().bytes == Bytes(0)) return text_of(curve.points.front().cost);
  std::string text;
  for (const CostCurve::Point& point : curve.points)
    text += fmt::format("{}{}: {}", text.empty() ? "{" : ", ", text_of(point.bytes), text_of(point.cost));
  return text + "}";
}

// In double quotes, where YAML knows C's escapes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

template <class Value>
void put(std::string& yaml, const char* key, const Value& value) {
  yaml += fmt::format("  {}: {}\n", key, text_of(value));
}

void put_calls(std::string& yaml, const CallCosts& calls) {
  yaml += fmt::format("\ncalls:\n  launch_queue: {}\n", calls.launch_queue);
  put(yaml, "segment_take", calls.segment_take);
  put(yaml, "segment_return", calls.segment_return);
  put(yaml, "page_create", calls.page_create);
  put(yaml, "page_destroy", calls.page_destroy);
  put(yaml, "map", calls.map);
  put(yaml, "unmap", calls.unmap);
  put(yaml, "page_create_call", calls.page_create_call);
  put(yaml, "page_destroy_call", calls.page_destroy_call);
  put(yaml, "map_call", calls.map_call);
  put(yaml, "unmap_call", calls.unmap_call);
  put(yaml, "range_reserve", calls.range_reserve);
  put(yaml, "range_release", calls.range_release);
  put(yaml, "launch", calls.launch);
  put(yaml, "record", calls.record);
  put(yaml, "wait", calls.wait);
  put(yaml, "transfer", calls.transfer);
  put(yaml, "pin", calls.pin);
  put(yaml, "unpin", calls.unpin);
  if (calls.pin_reuse) put(yaml, "pin_reuse", *calls.pin_reuse);
  put(yaml, "launch_gap", calls.launch_gap);
  put(yaml, "launch_floor", calls.launch_floor);
  put(yaml, "record_gap", calls.record_gap);
  put(yaml, "handover", calls.handover);
}

void put_link(std::string& yaml, const char* name, const LinkModel& link) {
  if (link.out.bytes_per_second == 0 || link.in.bytes_per_second == 0)
    throw ConfigError(fmt::format("a machine model whose {} has no bandwidth cannot be written", name));
  yaml += fmt::format("\n{}:\n", name);
  put(yaml, "out", link.out);
  put(yaml, "in", link.in);
  yaml += fmt::format("  duplex: {} B/s\n", link.duplex_bytes_per_second);
}

}  // namespace

std::string machine_to_yaml(const MachineModel& machine, std::span<const std::string> comments) {
  std::string yaml;
  for (const std::string& comment : comments) yaml += comment.empty() ? "#\n" : fmt::format("# {}\n", comment);
  yaml += fmt::format("name: {}\ndescription: {}\nsource: {}\ngpus: {}\n\nmemory:\n", quoted(machine.name),
                      quoted(machine.description), quoted(machine.source), machine.gpus);
  put(yaml, "device", machine.device_memory);
  put(yaml, "page_granularity", machine.page_granularity);
  put_calls(yaml, machine.calls);
  put_link(yaml, "host_link", machine.host_link);
  if (machine.peer_link != LinkModel()) put_link(yaml, "peer_link", machine.peer_link);
  yaml += fmt::format("\ndevice_copy: {}\n\ndisk:\n", text_of(machine.device_copy));
  put(yaml, "write", machine.disk_write);
  put(yaml, "read", machine.disk_read);
  return yaml;
}

}  // namespace vramlab
