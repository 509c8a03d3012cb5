#pragma once
// Reading traces of any format, told by content, through .gz, .xz and .zst.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/instance.h"
#include "traces/trace.h"

namespace vramlab {

/// The plain bytes of a file: memory-mapped when it is not compressed, else decompressed into memory.
/// Throws TraceError (missing file, corrupt compression, more than `limit` bytes after decompression).
class InputFile {
 public:
  static constexpr std::uint64_t default_limit = std::uint64_t{16} << 30;
  static InputFile open(const std::string& path, std::uint64_t limit = default_limit);
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  std::span<const std::byte> bytes() const;
  /// File name without folders and without .gz, .xz, .zst.
  const std::string& name() const;

 private:
  struct State;
  explicit InputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A line of the registry (traces/registry.cpp). `recognise` sees the first bytes (up to 64 KiB) of the plain
/// content; `read` gets all of it and the name used in messages. One Trace a device; never empty.
struct ReaderInfo {
  std::string_view name;
  std::string_view summary;
  bool (*recognise)(std::span<const std::byte> head) = nullptr;
  std::vector<Trace> (*read)(std::span<const std::byte> bytes, const std::string& name) = nullptr;
};

std::span<const ReaderInfo> readers();

/// Reads every device's trace of `path`. Throws TraceError.
std::vector<Trace> read_traces(const std::string& path);
/// As read_traces, for bytes already in memory (plain).
std::vector<Trace> read_traces(std::span<const std::byte> bytes, const std::string& name);

/// MiniMalloc CSV: id,lower,upper,size[,alignment][,gaps][,pinned][,priority] (traces/instance_csv.h). As a trace:
/// frees before allocs at equal times.
Instance read_instance_csv(std::span<const std::byte> bytes, const std::string& name);

/// The lifetimes of a trace as a placement problem: buffer i = object i, live from its alloc event to its
/// free_completed (else to the end), sizes rounded up to `granule`, positions counted in events.
Instance to_instance(const Trace& trace, Bytes granule = Bytes(512));

}  // namespace vramlab
