#include "traces/buffer_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "engine/core/error.h"

namespace vramlab {
namespace {

struct FieldName {
  std::string_view text;
  BufferField field;
};
constexpr std::array<FieldName, 15> field_names{{{"id", BufferField::id},
                                                 {"buffer", BufferField::id},
                                                 {"buffer_id", BufferField::id},
                                                 {"lower", BufferField::lower},
                                                 {"start", BufferField::lower},
                                                 {"begin", BufferField::lower},
                                                 {"upper", BufferField::upper},
                                                 {"end", BufferField::last},
                                                 {"size", BufferField::size},
                                                 {"alignment", BufferField::alignment},
                                                 {"gaps", BufferField::gaps},
                                                 {"pinned", BufferField::pinned},
                                                 {"priority", BufferField::priority},
                                                 {"heap", BufferField::heap},
                                                 {"offset", BufferField::offset}}};

constexpr std::string_view usual_header = "the header is id,lower,upper,size[,alignment][,gaps][,pinned][,priority]";

// Times above this are refused: one more position must still be countable.
constexpr std::uint64_t most_time = (std::uint64_t{1} << 63) - 1;
constexpr std::uint64_t most_pinned = std::uint64_t{1} << 62;

/// From first to last character, or false.
template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && stop == text.data() + text.size();
}

}  // namespace

std::optional<BufferField> buffer_field(std::string_view text) {
  for (const FieldName& name : field_names)
    if (name.text == text) return name.field;
  return std::nullopt;
}

BufferRows::BufferRows(std::span<const std::byte> bytes, const std::string& name) : lines_(bytes, name) {
  if (!lines_.next()) fail("no header", fmt::format("the first line names the columns: {}", usual_header));
  Columns columns(lines_);
  for (auto left = 1 + std::count(lines_.line().begin(), lines_.line().end(), ','); left > 0; --left)
    add_column(columns.clean_text("a column's name"));
  require({BufferField::id}, "id");
  require({BufferField::lower}, "lower");
  require({BufferField::upper, BufferField::last}, "upper");
  require({BufferField::size}, "size");
}

bool BufferRows::has(BufferField field) const {
  return std::find(fields_.begin(), fields_.end(), field) != fields_.end();
}

void BufferRows::add_column(std::string_view text) {
  const std::optional<BufferField> field = buffer_field(text);
  if (!field) fail(fmt::format("unknown column '{}'", text), std::string(usual_header));
  const bool ends_twice = (*field == BufferField::upper && has(BufferField::last)) ||
                          (*field == BufferField::last && has(BufferField::upper));
  if (has(*field) || ends_twice) fail(fmt::format("column '{}' says what another one says", text));
  fields_.push_back(*field);
}

void BufferRows::require(std::initializer_list<BufferField> any, std::string_view text) const {
  if (std::none_of(any.begin(), any.end(), [this](BufferField field) { return has(field); }))
    fail(fmt::format("column '{}' is missing", text), std::string(usual_header));
}

bool BufferRows::next() {
  if (!lines_.next()) return false;
  Columns columns(lines_);
  row_ = {};
  for (const BufferField field : fields_) read_field(field, columns);
  columns.done();
  check_row();
  ++count_;
  return true;
}

void BufferRows::read_field(BufferField field, Columns& columns) {
  switch (field) {
    case BufferField::id:
      row_.id = columns.clean_text("id");
      break;
    case BufferField::lower:
      row_.buffer.lower = columns.number("lower", 0, most_time);
      break;
    case BufferField::upper:
      row_.buffer.upper = columns.number("upper", 0, most_time);
      break;
    case BufferField::last:
      row_.buffer.upper = columns.number("end", 0, most_time) + 1;
      break;
    case BufferField::size:
      row_.buffer.size = Bytes(columns.number("size", 1, max_object_bytes.value));
      break;
    case BufferField::alignment:
      row_.buffer.alignment = Bytes(columns.number("alignment", 1, max_object_bytes.value));
      break;
    case BufferField::gaps:
      read_gaps(columns.text("gaps"));
      break;
    case BufferField::pinned: {
      const std::string_view text = columns.text("pinned");
      std::uint64_t offset = 0;
      if (text.empty()) break;
      if (!parse_whole(text, offset) || offset > most_pinned)
        fail(fmt::format("pinned '{}' is not a whole number from 0 to {}", text, most_pinned));
      row_.pinned = Bytes(offset);
      break;
    }
    case BufferField::priority: {
      const std::string_view text = columns.text("priority");
      if (!parse_whole(text, row_.priority))
        fail(fmt::format("priority '{}' is not a whole number from -2^31 to 2^31 - 1", text));
      break;
    }
    case BufferField::heap:
      row_.heap = columns.clean_text("heap");
      break;
    case BufferField::offset:
      row_.offset = Bytes(columns.number("offset", 0, std::numeric_limits<std::uint64_t>::max()));
      break;
  }
}

void BufferRows::read_gaps(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) read_gap(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

void BufferRows::read_gap(std::string_view text) {
  if (text.find('@') != std::string_view::npos)
    fail(fmt::format("gap '{}': a window of a gap (@LOWER:UPPER) is not supported", text),
         "a buffer that may come back elsewhere is two buffers");
  const std::size_t dash = std::min(text.find('-'), text.size());
  Gap gap{count_, 0, 0};
  const bool pair = dash < text.size() && parse_whole(text.substr(0, dash), gap.lower) &&
                    parse_whole(text.substr(dash + 1), gap.upper) && gap.upper <= most_time;
  if (!pair) fail(fmt::format("gap '{}' is not LOWER-UPPER", text));
  if (has(BufferField::last)) ++gap.upper;
  row_.gaps.push_back(gap);
}

void BufferRows::check_row() {
  const Buffer& b = row_.buffer;
  if (b.upper <= b.lower) fail(fmt::format("upper {} is not above lower {}", b.upper, b.lower));
  std::uint64_t live_from = b.lower;
  for (const Gap& gap : row_.gaps) {
    if (gap.upper <= gap.lower) fail(fmt::format("gap {}-{} is empty", gap.lower, gap.upper));
    if (gap.lower <= live_from || gap.upper >= b.upper)
      fail(fmt::format("gap {}-{} is not inside the lifetime, after the gap before and apart from it", gap.lower,
                       gap.upper),
           "the buffer must be live before and after each gap");
    live_from = gap.upper;
  }
  if (!ids_.insert(row_.id).second) fail(fmt::format("id '{}' occurs twice", row_.id));
}

}  // namespace vramlab
