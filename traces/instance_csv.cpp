#include "traces/instance_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "traces/buffer_rows.h"
#include "traces/reader.h"

namespace vramlab {

namespace {

/// Pools choose offsets and know no gaps.
void check_replayable(const Instance& instance) {
  constexpr const char* mend = "vramlab plan takes it";
  const Where where{instance.name, {}, {}, {}};
  if (!instance.gaps.empty())
    throw TraceError(fmt::format("buffer {} has a gap: freeing and allocating again is another problem than keeping a "
                                 "place",
                                 name_of(instance, instance.gaps.front().buffer)),
                     where, mend);
  if (!instance.pins.empty())
    throw TraceError(fmt::format("buffer {} is pinned to an offset, which pools choose themselves",
                                 name_of(instance, instance.pins.front().buffer)),
                     where, mend);
}

}  // namespace

bool recognise_instance_csv(std::span<const std::byte> head) {
  std::string_view line(reinterpret_cast<const char*>(head.data()), head.size());
  line.remove_prefix(std::min(line.find_first_not_of("\r\n"), line.size()));
  line = line.substr(0, line.find_first_of("\r\n"));
  int known = 0;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(','), line.size());
    if (buffer_field(line.substr(0, end))) ++known;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return known >= 2;
}

Instance read_instance_csv(std::span<const std::byte> bytes, const std::string& name) {
  BufferRows rows(bytes, name);
  for (const auto& [field, text] : {std::pair{BufferField::offset, "offset"}, {BufferField::heap, "heap"}})
    if (rows.has(field))
      rows.fail(fmt::format("column '{}': this is a plan, not an instance", text),
                "remove the column to plan anew, or name it 'pinned' to keep the offsets");
  Instance instance;
  instance.name = name;
  while (rows.next()) {
    const BufferRow& row = rows.row();
    const auto number = static_cast<std::uint32_t>(instance.buffers.size());
    instance.buffers.push_back(row.buffer);
    instance.names.emplace_back(row.id);
    instance.gaps.insert(instance.gaps.end(), row.gaps.begin(), row.gaps.end());
    if (row.pinned) instance.pins.push_back({number, *row.pinned});
    if (rows.has(BufferField::priority)) instance.priorities.push_back(row.priority);
  }
  if (instance.buffers.empty()) rows.fail("a header, but no buffers");
  return instance;
}

Trace instance_to_trace(const Instance& instance) {
  VRAMLAB_CHECK(instance.buffers.size() < ObjectId::none_value, "too many buffers for a trace");
  check_replayable(instance);
  struct Edge {
    std::uint64_t time;
    bool is_alloc;
    std::uint32_t buffer;
  };
  std::vector<Edge> edges;
  edges.reserve(instance.buffers.size() * 2);
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    edges.push_back({instance.buffers[i].lower, true, i});
    edges.push_back({instance.buffers[i].upper, false, i});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::tie(a.time, a.is_alloc, a.buffer) < std::tie(b.time, b.is_alloc, b.buffer);
  });

  Trace trace;
  trace.name = instance.name;
  trace.format = "minimalloc";
  trace.stream_names.push_back(0);
  std::vector<std::uint32_t> object_of(instance.buffers.size());
  for (const Edge& edge : edges) {
    if (edge.is_alloc) {
      object_of[edge.buffer] = static_cast<std::uint32_t>(trace.sizes.size());
      trace.sizes.push_back(instance.buffers[edge.buffer].size);
      trace.streams.push_back(StreamId(0));
    }
    trace.kinds.push_back(edge.is_alloc ? EventKind::alloc : EventKind::free_completed);
    trace.subjects.push_back(object_of[edge.buffer]);
  }
  return trace;
}

std::vector<Trace> read_instance_trace(std::span<const std::byte> bytes, const std::string& name) {
  std::vector<Trace> traces;
  traces.push_back(instance_to_trace(read_instance_csv(bytes, name)));
  return traces;
}

}  // namespace vramlab
