#pragma once
// The parts of a stream around its blocks: header, shape, tables, index. Read with everything checked; written last.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/padic/dense_model.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/value_coder.h"

namespace vramlab::padic {

/// Where a stream is cut into blocks.
struct BlockCuts {
  std::uint64_t values = 0;
  std::uint32_t block_values = 1;  ///< of every block but the last
  std::uint32_t words_of_value = 1;
  std::uint32_t blocks = 0;

  BlockCuts() = default;
  BlockCuts(std::uint64_t count, const NumberFormat& format, std::uint32_t block_log2);
  std::uint32_t values_of(std::uint32_t block) const;
  std::uint32_t words_of(std::uint32_t block) const { return values_of(block) * words_of_value; }
};

/// A stream that has been read. The bytes belong to somebody else.
struct OpenStream {
  std::span<const std::byte> bytes;
  StreamHeader header;
  std::vector<std::uint64_t> shape;
  std::vector<IndexEntry> index;
  BlockCuts cuts;
  ValueCoder coder;
  DenseModel model;        ///< `dense`
  DenseDecoding decoding;  ///< `dense`, what follows from the model

  DType dtype() const { return static_cast<DType>(header.dtype); }
  Mode mode() const { return static_cast<Mode>(header.mode); }
  Preset preset() const { return static_cast<Preset>(header.preset); }
  /// The bytes of a block, its checksum compared. Empty where it is all zeros. Throws TraceError.
  std::span<const std::byte> block(std::uint32_t number) const;
};

/// The coder of a header's words; preset digits has its own, and takes the number format alone from this one.
ValueCoder value_coder_of(const StreamHeader& header);

/// Throws TraceError with the byte where something is not as format.md says.
OpenStream open_stream(std::span<const std::byte> bytes);

/// Bytes before the first block.
std::uint64_t front_bytes(std::size_t dimensions, std::uint64_t tables_bytes, std::uint64_t blocks);
/// Fills in the front of `stream`, front_bytes() long, for which `header` needs all but its checksum.
void write_front(StreamHeader header, std::span<const std::uint64_t> shape, std::span<const std::byte> tables,
                 std::span<const IndexEntry> index, std::span<std::byte> stream);

[[noreturn]] void refuse_stream(const std::string& what, std::uint64_t byte);

}  // namespace vramlab::padic
