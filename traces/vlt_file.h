#pragma once
// Chunks of a .vlt file: framed, compressed, checksummed.

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/output_file.h"
#include "traces/vlt_format.h"

namespace vramlab::vlt {

class ChunkWriter {
 public:
  ChunkWriter(const std::string& path, int zstd_level);

  /// Compresses `plain` and writes it as the next chunk. Throws Error when it is more than a chunk may hold.
  void data(std::span<const std::uint8_t> plain);
  /// Writes the end chunk and puts the file in its place. `totals.chunks` is filled in here.
  void end(Totals totals);

 private:
  void chunk(ChunkKind kind, std::span<const std::uint8_t> stored, std::uint64_t plain_bytes);

  OutputFile file_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
  int level_;
  std::vector<std::uint8_t> stored_;
  std::uint64_t chunks_ = 0;
};

/// Takes a file's chunks apart, one after the other. Throws TraceError with the offset of the chunk.
class ChunkReader {
 public:
  /// Checks magic and version. The bytes and the name must outlive the reader.
  ChunkReader(std::span<const std::byte> bytes, const std::string& name);

  /// The plain bytes of the next data chunk, valid until the next call; false at the end chunk, which must be the last.
  bool next(std::span<const std::uint8_t>& plain);
  /// Offset of the chunk that next() gave.
  std::uint64_t offset() const { return chunk_begin_; }
  /// Of the end chunk. REQUIRES: next() returned false
  const Totals& totals() const { return totals_; }
  /// What the file's last bytes say about its totals, if they say it rightly: to know sizes beforehand, no more.
  Totals foretold_totals() const;

 private:
  [[noreturn]] void corrupt(const std::string& what) const;
  ChunkHeader header();
  void end(std::span<const std::byte> stored);
  void unpack(std::span<const std::byte> stored, std::uint64_t plain_bytes);

  std::span<const std::byte> bytes_;
  const std::string& name_;
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
  std::vector<std::uint8_t> plain_;
  std::uint64_t chunk_begin_ = 0;
  std::uint64_t next_begin_ = sizeof(FileHeader);
  std::uint64_t chunks_ = 0;
  Totals totals_;
};

}  // namespace vramlab::vlt
