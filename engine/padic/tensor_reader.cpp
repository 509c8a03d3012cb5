#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/padic/block_workers.h"
#include "engine/padic/dense_block.h"
#include "engine/padic/digit_preset.h"
#include "engine/padic/error_bound.h"
#include "engine/padic/fast_block.h"
#include "engine/padic/open_stream.h"
#include "engine/padic/tensor_codec.h"

namespace vramlab::padic {
namespace {

constexpr std::uint32_t all_planes = 32;

StreamInfo info_of(const OpenStream& stream) {
  StreamInfo info;
  info.dtype = stream.dtype();
  info.mode = stream.mode();
  info.preset = stream.preset();
  info.bound = stream.header.bound;
  info.values = stream.header.values;
  info.raw_bytes = stream.header.values * stream.coder.format().bytes;
  info.shape = stream.shape;
  info.blocks = stream.header.blocks;
  info.block_values = stream.cuts.block_values;
  info.planes = stream.preset() == Preset::fast    ? all_planes
                : stream.preset() == Preset::dense ? tail_planes
                                                   : stream.header.precision;
  info.prime = stream.header.prime;
  return info;
}

/// Decodes blocks of either preset; one thread's.
class BlockDecoder {
 public:
  explicit BlockDecoder(const OpenStream& stream) : stream_(stream) {
    const std::uint32_t words = stream.cuts.block_values * stream.cuts.words_of_value;
    if (stream.preset() == Preset::fast)
      fast_ = std::make_unique<FastDecoder>(stream.coder);
    else if (stream.preset() == Preset::digits)
      digits_ = std::make_unique<DigitBlocks>(stream.header);
    else
      dense_ = std::make_unique<DenseDecoder>(stream.coder, stream.model, stream.decoding, words);
  }

  /// Block `number`, of those before `end` that are read in order.
  void decode(std::uint32_t number, std::uint32_t end, std::uint32_t planes, std::byte* raw, ErrorBound* error) {
    const auto block = aligned(checked(number));
    if (dense_ && dense_->reads_ahead(block.data())) announce_after(number, end, block);
    const std::uint32_t values = stream_.cuts.values_of(number);
    try {
      if (fast_)
        fast_->decode(block, values, planes, raw, error);
      else if (digits_)
        digits_->decode(block, values, error == nullptr ? digits_->planes() : planes, raw);
      else
        dense_->decode(block, values, planes, raw, error);
    } catch (const TraceError& failure) {
      throw TraceError("block " + std::to_string(number) + ": " + failure.what(),
                       Where::at_byte("", std::uint64_t{stream_.index[number].offset} * stream_alignment));
    }
  }

 private:
  /// The blocks after `number`, as far as they may be read together with it.
  void announce_after(std::uint32_t number, std::uint32_t end, std::span<const std::byte> block) {
    const bool copied = block.data() == std::as_bytes(std::span(copy_)).data();
    if (copied || block.empty()) return;
    std::array<std::span<const std::byte>, DenseDecoder::together - 1> next;
    std::uint32_t count = 0;
    for (std::uint32_t b = number + 1; b < end && count < next.size(); ++b) {
      if (stream_.cuts.values_of(b) != stream_.cuts.values_of(number)) break;
      next[count++] = checked(b);
    }
    dense_->announce(std::span(next).first(count));
  }
  /// The bytes of a block; those of the last few are kept, since comparing checksums takes time.
  std::span<const std::byte> checked(std::uint32_t number) {
    auto& known = known_[number % known_.size()];
    if (known.number != number) known = {number, stream_.block(number)};
    return known.bytes;
  }
  /// Streams may lie anywhere; planes are read as u32.
  std::span<const std::byte> aligned(std::span<const std::byte> block) {
    if (std::bit_cast<std::uintptr_t>(block.data()) % alignof(std::uint64_t) == 0) return block;
    copy_.resize(block.size() / 8);
    std::copy(block.begin(), block.end(), std::as_writable_bytes(std::span(copy_)).begin());
    return std::as_bytes(std::span(copy_));
  }

  const OpenStream& stream_;
  std::unique_ptr<FastDecoder> fast_;
  std::unique_ptr<DigitBlocks> digits_;
  std::unique_ptr<DenseDecoder> dense_;
  std::vector<std::uint64_t> copy_;
  struct Known {
    std::uint64_t number = ~0ULL;
    std::span<const std::byte> bytes;
  };
  std::array<Known, DenseDecoder::together> known_;
};

void check_room(std::span<std::byte> out, std::uint64_t wanted) {
  if (out.size() != wanted)
    throw ConfigError(
        "room for " + std::to_string(out.size()) + " bytes, but the values take " + std::to_string(wanted), {},
        "give exactly as much");
}

/// `errors`: one for each worker, or none.
void decode_all(const OpenStream& stream, std::uint32_t planes, std::span<std::byte> out, std::uint32_t workers,
                std::vector<ErrorBound>& errors) {
  const std::uint64_t stride = std::uint64_t{stream.cuts.block_values} * stream.coder.format().bytes;
  share_blocks(workers, stream.header.blocks, [&](std::uint32_t worker, std::uint64_t first, std::uint64_t last) {
    BlockDecoder decoder(stream);
    for (std::uint64_t b = first; b < last; ++b)
      decoder.decode(static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(last), planes, out.data() + b * stride,
                     errors.empty() ? nullptr : &errors[worker]);
  });
}

}  // namespace

TensorReader::TensorReader(std::span<const std::byte> stream)
    : stream_(std::make_unique<const OpenStream>(open_stream(stream))), info_(info_of(*stream_)) {}
TensorReader::~TensorReader() = default;
TensorReader::TensorReader(TensorReader&&) noexcept = default;
TensorReader& TensorReader::operator=(TensorReader&&) noexcept = default;

void TensorReader::decompress(std::span<std::byte> out, unsigned threads) const {
  check_room(out, info_.raw_bytes);
  std::vector<ErrorBound> none;
  decode_all(*stream_, all_planes, out, worker_count(threads, info_.blocks), none);
}

std::uint64_t TensorReader::block_bytes(std::uint32_t block) const {
  if (block >= info_.blocks)
    throw ConfigError("block " + std::to_string(block) + " of " + std::to_string(info_.blocks), {},
                      "blocks are counted from 0");
  return std::uint64_t{stream_->cuts.values_of(block)} * stream_->coder.format().bytes;
}

void TensorReader::decompress_block(std::uint32_t block, std::span<std::byte> out) const {
  check_room(out, block_bytes(block));
  BlockDecoder(*stream_).decode(block, block + 1, all_planes, out.data(), nullptr);
}

double TensorReader::decompress_planes(std::uint32_t planes, std::span<std::byte> out, unsigned threads) const {
  check_room(out, info_.raw_bytes);
  if (stream_->coder.format().words != 1 || info_.mode == Mode::relative ||
      (info_.preset == Preset::digits && info_.mode != Mode::absolute))
    throw ConfigError("progressive reading knows no bound for values of 8 bytes, relative mode and exact digits", {},
                      "read the whole tensor");
  const std::uint32_t workers = worker_count(threads, info_.blocks);
  std::vector<ErrorBound> errors(workers, ErrorBound(stream_->coder));
  decode_all(*stream_, planes, out, workers, errors);
  if (info_.preset == Preset::digits) return DigitBlocks(stream_->header).error_of(planes);
  for (const ErrorBound& error : errors) errors[0].merge(error);
  return errors[0].total();
}

StreamInfo read_stream_info(std::span<const std::byte> stream) { return TensorReader(stream).info(); }
void decompress(std::span<const std::byte> stream, std::span<std::byte> out, unsigned threads) {
  TensorReader(stream).decompress(out, threads);
}
void decompress_block(std::span<const std::byte> stream, std::uint32_t block, std::span<std::byte> out) {
  TensorReader(stream).decompress_block(block, out);
}
double decompress_planes(std::span<const std::byte> stream, std::uint32_t planes, std::span<std::byte> out,
                         unsigned threads) {
  return TensorReader(stream).decompress_planes(planes, out, threads);
}

}  // namespace vramlab::padic
