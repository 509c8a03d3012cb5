#pragma once
// .vlt: our own compact trace format. Versioned; chunks compressed with zstd, each with an XXH3 checksum; can be
// written and read chunk by chunk. Specification: traces/vlt.md.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace vramlab {

/// Writes one trace (one device) to a temporary file beside `path`; finish() renames it. Without finish() nothing
/// is left behind.
class VltWriter {
 public:
  VltWriter(const std::string& path, const std::string& trace_name, int zstd_level = 3);
  ~VltWriter();
  /// Appends the events and objects of `part`. Object numbers in `part.subjects` are those of the whole trace
  /// (parts continue the numbering); tables (streams, operators, stacks, settings, segment events) likewise hold
  /// only what is new, with numbers of the whole trace.
  void append(const Trace& part);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

void write_vlt(const Trace& trace, const std::string& path);

bool is_vlt(std::span<const std::byte> head);
std::vector<Trace> read_vlt(std::span<const std::byte> bytes, const std::string& name);
/// Calls `each` with every part in order, in bounded memory. Same contract as VltWriter::append for the numbering.
void stream_vlt(std::span<const std::byte> bytes, const std::string& name, const std::function<void(Trace&&)>& each);

}  // namespace vramlab
