#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "traces/instance_csv.h"
#include "traces/operator_trace.h"
#include "traces/reader.h"
#include "traces/snapshot.h"
#include "traces/vlt.h"

namespace vramlab {

namespace {

constexpr std::size_t head_bytes = std::size_t{64} << 10;

// Told in this order; a summary says how a file of the format begins.
constexpr std::array registry{
    ReaderInfo{"snapshot", "PyTorch memory snapshot (_dump_snapshot): a pickle of protocol 2 to 5, begins with byte 80",
               recognise_snapshot, read_snapshot},
    ReaderInfo{"operator",
               "operator trace: lines alloc,ID,BYTES,STREAM / free,ID / op,NAME,US,READS,WRITES / iteration,N",
               recognise_operator_trace, read_operator_trace},
    ReaderInfo{"vlt", "vramlab's own binary format: begins with the bytes 89 'VLT' 0d 0a 1a 0a", is_vlt, read_vlt},
    ReaderInfo{"minimalloc",
               "placement instance: CSV with the header id,lower,upper,size[,alignment][,gaps][,pinned][,priority]",
               recognise_instance_csv, read_instance_trace},
};

[[noreturn]] void unknown_format(const std::string& name) {
  std::string known;
  for (const ReaderInfo& reader : registry) known += fmt::format("\n  {}: {}", reader.name, reader.summary);
  throw TraceError("not a trace of any known format", Where{name, {}, {}, {}},
                   "known, also inside .gz, .xz and .zst:" + known);
}

}  // namespace

std::span<const ReaderInfo> readers() { return registry; }

std::vector<Trace> read_traces(std::span<const std::byte> bytes, const std::string& name) {
  const auto head = bytes.first(std::min(bytes.size(), head_bytes));
  const auto reader = std::find_if(registry.begin(), registry.end(),
                                   [head](const ReaderInfo& candidate) { return candidate.recognise(head); });
  if (reader == registry.end()) unknown_format(name);
  std::vector<Trace> traces = reader->read(bytes, name);
  for (const Trace& trace : traces) validate(trace);
  return traces;
}

std::vector<Trace> read_traces(const std::string& path) {
  const InputFile file = InputFile::open(path);
  return read_traces(file.bytes(), file.name());
}

}  // namespace vramlab
