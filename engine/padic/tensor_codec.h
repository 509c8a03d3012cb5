#pragma once
// Tensors to packed streams and back, on the CPU. The stream is specified in format.md; neither the number of threads
// nor the processor changes a byte of it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// How to pack. Preset digits packs digits of any prime, lossless, within an absolute bound (float32) or as exact
/// rationals (float32: every value that is the float nearest to a simple fraction by the fraction's Hensel code, others
/// as they are; bit-exact); it is for the ablation of the base, and slow. Bounds are of one value: absolute |x - y| <=
/// bound, in the unit of the values; relative |x - y| <= bound * |x|. Infinities and NaNs come back bit by bit in every
/// mode.
struct CodecOptions {
  Mode mode = Mode::lossless;
  double bound = 0;  ///< positive and finite in the modes with a bound, 0 in the others
  Preset preset = Preset::dense;
  unsigned threads = 1;         ///< 0: as many as the machine has
  std::uint8_t prime = 251;     ///< preset digits: of the digits, below 256
  std::uint32_t precision = 0;  ///< preset digits, exact rationals: digits of a Hensel code, p^digits < 2^62; 0: 3
};

/// Values as they lie in memory, little-endian, in C order.
struct TensorView {
  const std::byte* data = nullptr;  ///< values * bytes of one; no alignment is needed
  std::uint64_t values = 0;
  DType dtype = DType::float32;
  std::span<const std::uint64_t> shape = {};  ///< its product is `values`; empty: flat
};

/// What a stream says of itself.
struct StreamInfo {
  DType dtype = DType::float32;
  Mode mode = Mode::lossless;
  Preset preset = Preset::dense;
  double bound = 0;
  std::uint64_t values = 0;
  std::uint64_t raw_bytes = 0;
  std::vector<std::uint64_t> shape;
  std::uint32_t blocks = 0;
  std::uint64_t block_values = 0;  ///< of every block but the last
  std::uint32_t planes = 0;        ///< most that progressive reading can take: 32 of `fast`, 3 of `dense`, all digits
  std::uint8_t prime = 2;
};

/// Throws ConfigError where `options` cannot be: a bound that is not positive and finite (or not 0 in lossless mode), a
/// mode that the number format does not have, a preset or mode that this codec does not write.
void check_options(DType dtype, const CodecOptions& options);

/// The stream of a tensor. Throws ConfigError as check_options(), and where the shape has more than 8 dimensions or
/// does not give as many values.
std::vector<std::byte> compress(const TensorView& tensor, const CodecOptions& options);
/// The same into `stream`, whose memory is used again as far as it goes: for a large tensor fresh pages take longer
/// than the packing. What it holds after a throw is unspecified.
void compress(const TensorView& tensor, const CodecOptions& options, std::vector<std::byte>& stream);

/// Most bytes that compress() gives for so many values, with any options.
std::uint64_t max_stream_bytes(std::uint64_t values, DType dtype, std::size_t dimensions = 1);

struct OpenStream;

/// A stream whose header, shape, tables and index have been checked. The bytes must outlive it.
/// THREAD-SAFETY: const members may be called from several threads.
class TensorReader {
 public:
  /// Throws TraceError with the byte where the stream is not what format.md says.
  explicit TensorReader(std::span<const std::byte> stream);
  ~TensorReader();
  TensorReader(TensorReader&&) noexcept;
  TensorReader& operator=(TensorReader&&) noexcept;

  const StreamInfo& info() const { return info_; }
  /// Fills `out`, raw_bytes long (else ConfigError). Throws TraceError where a block is damaged; then what `out` holds
  /// is unspecified.
  void decompress(std::span<std::byte> out, unsigned threads = 1) const;
  /// Values [block * block_values, ...) alone; `out` is as long as they are.
  void decompress_block(std::uint32_t block, std::span<std::byte> out) const;
  /// Progressive reading: all from the first `planes` tail planes (`dense`) or bit planes (`fast`) of each block or
  /// group. Returns a bound of the absolute error of every finite value, towards the tensor that was packed; it may be
  /// infinite. Not for values of 8 bytes, nor for relative mode, nor for digits without an absolute bound
  /// (ConfigError).
  double decompress_planes(std::uint32_t planes, std::span<std::byte> out, unsigned threads = 1) const;
  /// Raw bytes of a block. ConfigError where there is no such block.
  std::uint64_t block_bytes(std::uint32_t block) const;

 private:
  std::unique_ptr<const OpenStream> stream_;
  StreamInfo info_;
};

StreamInfo read_stream_info(std::span<const std::byte> stream);
void decompress(std::span<const std::byte> stream, std::span<std::byte> out, unsigned threads = 1);
void decompress_block(std::span<const std::byte> stream, std::uint32_t block, std::span<std::byte> out);
double decompress_planes(std::span<const std::byte> stream, std::uint32_t planes, std::span<std::byte> out,
                         unsigned threads = 1);

}  // namespace vramlab::padic
