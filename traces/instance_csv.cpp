#include "traces/instance_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <numeric>
#include <optional>
#include <string_view>
#include <tuple>

#include "engine/core/check.h"
#include "traces/reader.h"
#include "traces/text_lines.h"

namespace vramlab {

namespace {

enum class Field : std::uint8_t { id, lower, upper, last, size, alignment, gaps, offset };

struct FieldName {
  std::string_view text;
  Field field;
};
constexpr std::array<FieldName, 12> field_names{{{"id", Field::id},
                                                 {"buffer", Field::id},
                                                 {"buffer_id", Field::id},
                                                 {"lower", Field::lower},
                                                 {"start", Field::lower},
                                                 {"begin", Field::lower},
                                                 {"upper", Field::upper},
                                                 {"end", Field::last},
                                                 {"size", Field::size},
                                                 {"alignment", Field::alignment},
                                                 {"gaps", Field::gaps},
                                                 {"offset", Field::offset}}};

// Times above this are refused: one more position must still be countable.
constexpr std::uint64_t most_time = (std::uint64_t{1} << 63) - 1;

std::optional<Field> field_named(std::string_view text) {
  for (const FieldName& name : field_names)
    if (name.text == text) return name.field;
  return std::nullopt;
}

class InstanceReader {
 public:
  InstanceReader(std::span<const std::byte> bytes, const std::string& name) : lines_(bytes, name) {
    instance_.name = name;
  }

  Instance run() {
    if (!lines_.next()) lines_.fail("no header", "the first line names the columns: id,lower,upper,size[,alignment]");
    header();
    while (lines_.next()) row();
    if (instance_.buffers.empty()) lines_.fail("a header, but no buffers");
    return std::move(instance_);
  }

 private:
  void header() {
    Columns columns(lines_);
    for (auto left = 1 + std::count(lines_.line().begin(), lines_.line().end(), ','); left > 0; --left)
      add_column(columns.clean_text("a column's name"));
    require({Field::id}, "id");
    require({Field::lower}, "lower");
    require({Field::upper, Field::last}, "upper");
    require({Field::size}, "size");
  }

  void add_column(std::string_view text) {
    const std::optional<Field> field = field_named(text);
    if (!field) lines_.fail(fmt::format("unknown column '{}'", text), "known: id, lower, upper, size, alignment");
    if (*field == Field::offset) lines_.fail("column 'offset': this is a solution", "remove the column to solve anew");
    const bool ends_twice =
        (*field == Field::upper && has(Field::last)) || (*field == Field::last && has(Field::upper));
    if (has(*field) || ends_twice) lines_.fail(fmt::format("column '{}' says what another one says", text));
    fields_.push_back(*field);
  }

  bool has(Field field) const { return std::find(fields_.begin(), fields_.end(), field) != fields_.end(); }

  void require(std::initializer_list<Field> any, std::string_view text) {
    if (std::none_of(any.begin(), any.end(), [this](Field field) { return has(field); }))
      lines_.fail(fmt::format("column '{}' is missing", text), "the header is id,lower,upper,size[,alignment]");
  }

  void row() {
    Columns columns(lines_);
    Buffer buffer;
    std::string_view id;
    for (const Field field : fields_) read_field(field, columns, buffer, id);
    columns.done();
    if (buffer.upper <= buffer.lower)
      lines_.fail(fmt::format("upper {} is not above lower {}", buffer.upper, buffer.lower));
    if (!ids_.insert(id).second) lines_.fail(fmt::format("id '{}' occurs twice", id));
    instance_.buffers.push_back(buffer);
    instance_.names.emplace_back(id);
  }

  void read_field(Field field, Columns& columns, Buffer& buffer, std::string_view& id) {
    switch (field) {
      case Field::id:
        id = columns.clean_text("id");
        break;
      case Field::lower:
        buffer.lower = columns.number("lower", 0, most_time);
        break;
      case Field::upper:
        buffer.upper = columns.number("upper", 0, most_time);
        break;
      case Field::last:
        buffer.upper = columns.number("end", 0, most_time) + 1;
        break;
      case Field::size:
        buffer.size = Bytes(columns.number("size", 1, max_object_bytes.value));
        break;
      case Field::alignment:
        buffer.alignment = Bytes(columns.number("alignment", 1, max_object_bytes.value));
        break;
      case Field::gaps:
        if (!columns.text("gaps").empty()) lines_.fail("a lifetime with gaps", "split the buffer at its gaps");
        break;
      case Field::offset:
        break;  // refused in the header
    }
  }

  TextLines lines_;
  std::vector<Field> fields_;
  Instance instance_;
  boost::unordered_flat_set<std::string_view> ids_;  // views of the input
};

}  // namespace

bool recognise_instance_csv(std::span<const std::byte> head) {
  std::string_view line(reinterpret_cast<const char*>(head.data()), head.size());
  line.remove_prefix(std::min(line.find_first_not_of("\r\n"), line.size()));
  line = line.substr(0, line.find_first_of("\r\n"));
  int known = 0;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(','), line.size());
    if (field_named(line.substr(0, end))) ++known;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return known >= 2;
}

Instance read_instance_csv(std::span<const std::byte> bytes, const std::string& name) {
  return InstanceReader(bytes, name).run();
}

Trace instance_to_trace(const Instance& instance) {
  VRAMLAB_CHECK(instance.buffers.size() < ObjectId::none_value, "too many buffers for a trace");
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
