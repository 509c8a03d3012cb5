#pragma once
// Blocks of preset `dense`: entropy-coded heads, tail planes, escapes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/padic/dense_model.h"
#include "engine/padic/error_bound.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/value_coder.h"

namespace vramlab::padic {

/// A block is stored where coding does not make it shorter, so that this is the most.
constexpr std::uint64_t stored_block_bytes(std::uint64_t raw_bytes) {
  return rounded_up(sizeof(BlockHeader) + raw_bytes, stream_alignment);
}

/// Words cut into heads and digits, for counting and for encoding; holds the scratch of one thread.
class DenseSplitter {
 public:
  DenseSplitter(const ValueCoder& coder, std::uint32_t block_words);

  /// Codes of these values alone, by `splitter`.
  void cut_heads(const std::byte* raw, std::uint32_t values, const Splitter& splitter);
  /// Symbols, widths and digits too.
  void cut(const std::byte* raw, std::uint32_t values, const Splitter& splitter, const DenseEncoding& encoding);

  std::uint32_t words() const { return n_; }
  const std::uint16_t* codes() const { return codes_.data(); }
  const std::uint8_t* symbols() const { return symbols_.data(); }
  const std::uint16_t* digits(std::uint32_t plane) const { return digits_[plane].data(); }
  const std::uint8_t* widths(std::uint32_t plane) const { return widths_[plane].data(); }
  /// All digits of a plane ORed; 0 also where it is empty.
  std::uint32_t digit_bits(std::uint32_t plane) const { return ored_[plane]; }
  /// The bits of the words that escape, in order.
  const std::vector<std::uint32_t>& escaped() const { return escaped_; }
  bool all_zero() const;

 private:
  void collect_escapes(const std::byte* raw, const DenseEncoding& encoding);

  const ValueCoder& coder_;
  const Kernels& kernels_;
  std::uint32_t n_ = 0;
  bool any_escape_ = false;
  std::vector<std::uint32_t> words_, escapes_, escaped_;
  std::vector<std::uint16_t> codes_;
  std::vector<std::uint8_t> symbols_;
  std::array<std::vector<std::uint16_t>, tail_planes> digits_;
  std::array<std::vector<std::uint8_t>, tail_planes> widths_;
  std::array<std::uint32_t, tail_planes> ored_{};
};

class DenseEncoder {
 public:
  DenseEncoder(const ValueCoder& coder, const DenseModel& model, const DenseEncoding& encoding,
               std::uint32_t block_words);

  /// Appends the block of these values, a multiple of 8 bytes: nothing where all words are zero.
  void encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out);

 private:
  PlaneKind kind_of(std::uint32_t plane) const;
  bool mostly_there() const;
  void encode_plane(EncoderState& encoder, std::uint32_t plane, PlaneKind kind) const;
  void append_planar(std::uint32_t plane, std::vector<std::byte>& out);
  void append_coded(std::vector<std::byte>& out);

  const ValueCoder& coder_;
  const DenseModel& model_;
  const DenseEncoding& encoding_;
  const Kernels& kernels_;
  DenseSplitter cut_;
  std::vector<std::uint16_t> coded_;
  std::vector<std::uint32_t> digits_, planes_;
  bool mostly_there_ = false;  ///< of the block at hand: at most a 64th of its words are without digits
};

class DenseDecoder {
 public:
  DenseDecoder(const ValueCoder& coder, const DenseModel& model, const DenseDecoding& decoding,
               std::uint32_t block_words);

  /// Fills `raw` from the heads and the first `planes` tail planes (3: all, then `error` may be null). `block` is
  /// aligned to 4 bytes, and empty where all words are zero. Throws TraceError where it is not what format.md says.
  void decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw,
              ErrorBound* error);
  /// Says that the next call is for `block`, which is aligned too, with as many values: its heads are then decoded
  /// together with those of the next decode()'s own block, which is faster.
  void announce(std::span<const std::byte> block) { announced_ = block; }

 private:
  struct Payload;

  void read_heads(Payload& payload, const std::byte* block);
  bool read_pair(Payload& payload);

  void read_planes(Payload& payload, std::uint32_t kinds, std::uint32_t planes);
  bool all_planar(std::uint32_t kinds) const;
  void join_planar(Payload& payload);
  void plane(Payload& payload, std::uint32_t plane, PlaneKind kind);
  void settle(std::uint32_t taken, ErrorBound* error);
  void put_out(Payload& payload, std::uint32_t values, std::byte* raw);
  std::span<const std::uint32_t> escapes_of(Payload& payload);

  const ValueCoder& coder_;
  const DenseModel& model_;
  const DenseDecoding& decoding_;
  const Kernels& kernels_;
  std::uint32_t n_ = 0;
  std::vector<std::uint32_t> words_, digits_;
  std::vector<std::uint8_t> symbols_, widths_;
  std::span<const std::byte> announced_;
  const std::byte* ahead_ = nullptr;  ///< the block whose heads are known already
  DecoderState ahead_coder_;
  std::vector<std::uint8_t> ahead_symbols_;
};

}  // namespace vramlab::padic
