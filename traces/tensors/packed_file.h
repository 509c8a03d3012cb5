#pragma once
// .vlp: packed tensors with all that is needed to give back the very files they came from. vlp.md specifies it.
// What a stream is made of is not known here.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/output_file.h"
#include "traces/tensors/tensor.h"

namespace vramlab {

/// Bytes of the packed file.
struct PackedPart {
  std::uint64_t offset = 0, bytes = 0;
};

struct PackedTensor {
  std::string name;
  ElementType type = ElementType::uint8;  ///< what the stream was told that the values are
  std::string stored_as;
  std::vector<std::uint64_t> shape;
  std::uint64_t raw_bytes = 0;  ///< 0: then there is no stream
  std::uint64_t checksum = 0;   ///< values_checksum() of the values as unpacking gives them
  PackedPart stream;
};

/// A file is its header and then its tensors' values, in order. One that holds no tensors is all header.
struct PackedEntry {
  std::string name;
  PackedPart header;
  std::vector<PackedTensor> tensors;
};

struct PackedDirectory {
  bool folder = false;  ///< whether it was a folder that was packed
  std::vector<PackedEntry> files;
};

std::uint64_t values_checksum(std::span<const std::byte> bytes);
bool is_packed_file(std::span<const std::byte> head);

/// Throws TraceError naming `name`: other magic or version, a checksum that is not so, parts that leave the file,
/// overlap or stand in another order, names that are no plain file names or stand twice, shapes that do not fit.
/// Streams and headers of files are not looked into.
PackedDirectory read_packed_directory(std::span<const std::byte> file, const std::string& name);
/// REQUIRES: `part` is of its directory.
inline std::span<const std::byte> part_of(std::span<const std::byte> file, PackedPart part) {
  return file.subspan(part.offset, part.bytes);
}

/// Writes one file after the other, tensor after tensor: nothing is kept but the directory.
class PackedWriter {
 public:
  /// Throws ConfigError where `path` cannot be written.
  PackedWriter(const std::string& path, bool folder);

  /// REQUIRES: a plain file name, not used before.
  void begin_file(const std::string& name, std::span<const std::byte> header);
  /// Of the file begun last; its part is set here. An empty stream for a tensor without values.
  void add(PackedTensor tensor, std::span<const std::byte> stream);
  /// Bytes written so far.
  std::uint64_t bytes() const { return at_; }
  /// REQUIRES: called once, last.
  void commit();

 private:
  PackedPart put(std::span<const std::byte> bytes);

  OutputFile file_;
  std::uint64_t at_ = 0;
  PackedDirectory directory_;
};

}  // namespace vramlab
