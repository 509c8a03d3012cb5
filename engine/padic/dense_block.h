#pragma once
// Blocks of preset `dense`: entropy-coded heads, tail planes, escapes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
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

/// Scratch of one thread, for padded(n) numbers, aligned as registers are. Allocated when it is first asked for; of any
/// content.
template <class Number>
class Scratch {
 public:
  explicit Scratch(std::uint32_t n = 0) : size_(padded(n)) {}
  Number* data() {
    if (!numbers_)
      numbers_.reset(static_cast<Number*>(::operator new(size_ * sizeof(Number), std::align_val_t{alignment})));
    return numbers_.get();
  }
  /// Null before it is asked for.
  const Number* data() const { return numbers_.get(); }
  std::size_t size() const { return size_; }
  Number operator[](std::size_t i) const { return numbers_.get()[i]; }

 private:
  static constexpr std::size_t alignment = 64;
  struct Free {
    void operator()(Number* numbers) const { ::operator delete(numbers, std::align_val_t{alignment}); }
  };
  std::size_t size_;
  std::unique_ptr<Number, Free> numbers_;
};

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
  /// Of planes that are used.
  const std::uint8_t* widths(std::uint32_t plane) const { return widths_[plane].data(); }
  /// All digits of a plane ORed; 0 also where it is empty.
  std::uint32_t digit_bits(std::uint32_t plane) const { return ored_[plane]; }
  /// The bits of the words that escape, in order.
  const std::vector<std::uint32_t>& escaped() const { return escaped_; }
  bool all_zero() const;

 private:
  void collect_escapes(const std::byte* raw, const DenseEncoding& encoding);
  /// Calls `take` with the number of every word that to_words() has no word for.
  template <class Take>
  void for_each_escape(const Take& take) const;

  const ValueCoder& coder_;
  const Kernels& kernels_;
  std::uint32_t n_ = 0;
  bool any_escape_ = false;
  Scratch<std::uint32_t> words_, escapes_;
  std::vector<std::uint32_t> escaped_;
  Scratch<std::uint16_t> codes_;
  Scratch<std::uint8_t> symbols_;
  std::array<Scratch<std::uint16_t>, tail_planes> digits_;
  std::array<Scratch<std::uint8_t>, tail_planes> widths_;
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
  Scratch<std::uint16_t> coded_;
  Scratch<std::uint32_t> digits_, planes_;
  bool mostly_there_ = false;  ///< of the block at hand: at most a 64th of its words are without digits
};

class DenseDecoder {
 public:
  /// Blocks that are read at once.
  static constexpr std::uint32_t together = 4;

  DenseDecoder(const ValueCoder& coder, const DenseModel& model, const DenseDecoding& decoding,
               std::uint32_t block_words);
  ~DenseDecoder();

  /// Fills `raw` from the heads and the first `planes` tail planes (3: all, then `error` may be null). `block` is
  /// aligned to 4 bytes, and empty where all words are zero. Throws TraceError where it is not what format.md says.
  void decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw,
              ErrorBound* error);
  /// Says that the calls after the next one are for these blocks (at most together - 1), which are aligned too, with as
  /// many values: they are then read with the next decode()'s own block, which is faster.
  void announce(std::span<const std::span<const std::byte>> blocks);
  /// Whether decode() would read this block and those that were announced.
  bool reads_ahead(const std::byte* block) const;

 private:
  struct Payload;
  struct Block;
  using Tail = std::array<TailByte, 3>;

  Block& with_heads(std::span<const std::byte> block);
  bool open(std::span<const std::byte> block, Block& opened) const;
  void read_heads(std::uint32_t count);

  bool assembles(std::uint32_t kinds) const;
  bool all_planar(std::uint32_t kinds) const;
  void assemble(Block& block, std::byte* raw);
  void share_planes(Block& block) const;
  void count_tails(Block& block) const;
  bool is_sparse(const Block& block) const;
  bool may_join(const Block& block, std::uint32_t kinds) const;
  void read_tails(Block& block);
  bool try_tails(std::span<Block*> blocks);
  bool read_bytes(std::span<Block*> blocks, std::uint32_t plane, PlaneKind kind);

  void read_planes(Block& block, std::uint32_t planes);
  void plane(Block& block, std::uint32_t plane, PlaneKind kind);
  void check_plane(std::uint32_t plane, PlaneKind kind) const;
  void settle(Block& block, std::uint32_t taken, ErrorBound* error);
  void put_out(Block& block, std::uint32_t values, bool assembled, std::byte* raw);
  std::span<const std::uint32_t> escapes_of(Block& block) const;

  const ValueCoder& coder_;
  const DenseModel& model_;
  const DenseDecoding& decoding_;
  const Kernels& kernels_;
  HeadBytes heads_;
  std::uint32_t n_ = 0;
  Scratch<std::uint8_t> widths_;
  Scratch<std::uint32_t> words_, digits_;
  Scratch<std::uint16_t> positions_;
  std::array<std::span<const std::byte>, together - 1> announced_{};
  std::vector<Block> blocks_;  ///< the one at hand, and those whose heads at least are known already
};

}  // namespace vramlab::padic
