#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "traces/vlt.h"
#include "traces/vlt_encode.h"
#include "traces/vlt_file.h"
#include "traces/vlt_slices.h"

namespace vramlab {

namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw TraceError("cannot be written as .vlt: " + what);
}

bool is_sound(const Lists& lists, std::size_t rows) {
  return lists.size() == rows && lists.begin_of(rows) == lists.values.size() &&
         std::is_sorted(lists.ends.begin(), lists.ends.end());
}

std::size_t count_of(const Trace& part, EventKind kind) {
  return static_cast<std::size_t>(std::count(part.kinds.begin(), part.kinds.end(), kind));
}

/// What the writer itself relies on; validate() checks the rest of a whole trace.
void check_part(const Trace& part) {
  const Operators& operators = part.operators;
  require(part.subjects.size() == part.kinds.size(), "kinds and subjects differ in number");
  require(part.streams.size() == part.sizes.size(), "sizes and streams differ in number");
  require(operators.gpu_time.size() == operators.size(), "operators and their times differ in number");
  require(is_sound(operators.reads, operators.size()), "the lists of reads are inconsistent");
  require(is_sound(operators.writes, operators.size()), "the lists of writes are inconsistent");
  require(is_sound(part.stacks.stacks, part.stacks.stacks.size()), "the lists of frames are inconsistent");
  require(count_of(part, EventKind::alloc) == part.object_count(), "objects and allocations differ in number");
  require(count_of(part, EventKind::op) == operators.size(), "operators and their events differ in number");
}

}  // namespace

struct VltWriter::State {
  State(const std::string& path, const std::string& trace_name, int zstd_level)
      : chunks(path, zstd_level), name(trace_name) {}

  vlt::ChunkWriter chunks;
  std::string name;  // until it is written
  bool format_is_written = false;
  bool is_usable = true;
  vlt::Totals totals;

  void append(const Trace& part) {
    check_part(part);
    const vlt::Totals after = totals + vlt::totals_of(part);
    require(vlt::columns_are_complete(after), "times, addresses or stacks are recorded in some parts only");
    is_usable = false;  // until the part is written whole
    write(part);
    is_usable = true;
    totals = after;
  }

  void write(const Trace& part) {
    vlt::Slicer slicer(part);
    vlt::Slice slice;
    TraceNotes notes = part.notes;
    while (slicer.next(slice)) {
      vlt::Encoder encoder(totals.objects + slice.objects.begin, totals.operators + slice.operators.begin);
      const std::string format = std::exchange(format_is_written, true) ? std::string() : part.format;
      encoder.heading(std::exchange(name, {}), format, std::exchange(notes, {}));
      vlt::visit_columns(part, slice, encoder);
      chunks.data(encoder.bytes());
    }
  }
};

VltWriter::VltWriter(const std::string& path, const std::string& trace_name, int zstd_level)
    : state_(std::make_unique<State>(path, trace_name, zstd_level)) {}

VltWriter::~VltWriter() = default;

void VltWriter::append(const Trace& part) {
  VRAMLAB_CHECK(state_ && state_->is_usable, "the file was finished, or a part could not be written");
  state_->append(part);
}

void VltWriter::finish() {
  VRAMLAB_CHECK(state_ && state_->is_usable, "the file was finished, or a part could not be written");
  state_->chunks.end(state_->totals);
  state_.reset();
}

void write_vlt(const Trace& trace, const std::string& path) {
  validate(trace);
  VltWriter writer(path, trace.name);
  writer.append(trace);
  writer.finish();
}

}  // namespace vramlab
