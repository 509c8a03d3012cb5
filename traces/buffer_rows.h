#pragma once
// Rows of buffers as google/minimalloc reads and writes them: CSV, a header names the columns, in any order. What
// instances (traces/instance_csv.h) and plans (traces/plan_csv.h) have in common.
//
//   id | buffer | buffer_id   any text, each once
//   lower | start | begin     first position of the lifetime
//   upper                     first position after it      or  end: last position of the lifetime
//   size                      bytes
//   alignment                 optional; the offset is a multiple of it
//   gaps                      optional; "LOWER-UPPER LOWER-UPPER": the buffer holds no space then, and comes back to
//   the
//                             same offset. UPPER is as upper, or as end where that is the column
//   pinned                    optional; the offset that the buffer must have, empty where it is free
//   priority                  optional; of several heaps, the higher stays in the earlier
//   heap                      of a plan: the heap's name
//   offset                    of a plan

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/instance.h"
#include "traces/text_lines.h"

namespace vramlab {

enum class BufferField : std::uint8_t { id, lower, upper, last, size, alignment, gaps, pinned, priority, heap, offset };

/// nullopt for text that names no column.
std::optional<BufferField> buffer_field(std::string_view text);

struct BufferRow {
  std::string_view id;  ///< of the text that is read, like `heap`
  Buffer buffer;
  std::vector<Gap> gaps;  ///< as Instance says; of the buffer with the row's number
  std::optional<Bytes> pinned;
  std::int32_t priority = 0;
  std::string_view heap;
  Bytes offset{};  ///< 0 without such a column
};

/// Walks the rows. Every failure is a TraceError with file and line. The bytes and the name must outlive it.
class BufferRows {
 public:
  /// Reads the header.
  BufferRows(std::span<const std::byte> bytes, const std::string& name);

  bool has(BufferField field) const;
  /// Goes to the next row. False at the end.
  bool next();
  const BufferRow& row() const { return row_; }
  [[noreturn]] void fail(const std::string& what, const std::string& mend = {}) const { lines_.fail(what, mend); }

 private:
  void add_column(std::string_view text);
  void require(std::initializer_list<BufferField> any, std::string_view text) const;
  void read_field(BufferField field, Columns& columns);
  void read_gaps(std::string_view list);
  void read_gap(std::string_view text);
  void check_row();

  TextLines lines_;
  std::vector<BufferField> fields_;
  BufferRow row_;
  std::uint32_t count_ = 0;
  boost::unordered_flat_set<std::string_view> ids_;  // views of the input
};

}  // namespace vramlab
