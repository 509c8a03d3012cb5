#pragma once
// The Codec port: what packs bytes on their way to another tier. Implementations are injected where data is real; where
// memory is only counted, their measured figures stand for them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core/types.h"
#include "engine/core/wide.h"

namespace vramlab {

/// What a codec does to the bytes at hand, as measured. Ratio 1000 and speeds 0 = no codec.
struct CodecFigures {
  std::uint32_t ratio_per_mille = 1000;           ///< raw bytes over packed bytes, times 1000; at least 1000
  std::uint64_t compress_bytes_per_second = 0;    ///< raw bytes; 0 = takes no time
  std::uint64_t decompress_bytes_per_second = 0;  ///< raw bytes; 0 = takes no time

  bool packs() const { return ratio_per_mille > 1000; }
  /// Bytes that pass the link for `raw` ones, rounded up.
  Bytes packed(Bytes raw) const {
    if (!packs()) return raw;
    const auto wide = static_cast<Wide>(raw.value) * 1000;
    return Bytes(static_cast<std::uint64_t>((wide + ratio_per_mille - 1) / ratio_per_mille));
  }
  Nanoseconds compress_time(Bytes raw) const { return time_at(raw, compress_bytes_per_second); }
  Nanoseconds decompress_time(Bytes raw) const { return time_at(raw, decompress_bytes_per_second); }
  friend bool operator==(const CodecFigures&, const CodecFigures&) = default;

 private:
  static Nanoseconds time_at(Bytes raw, std::uint64_t bytes_per_second) {
    if (bytes_per_second == 0) return {};
    const auto wide = static_cast<Wide>(raw.value) * 1'000'000'000u;
    return Nanoseconds(static_cast<std::int64_t>(wide / bytes_per_second));
  }
};

/// THREAD-SAFETY: const members may be called from several threads.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual std::string_view name() const = 0;
  /// Most bytes that packing `raw` bytes can give.
  virtual Bytes max_packed(Bytes raw) const = 0;
  /// Returns the bytes written. REQUIRES: packed.size() >= max_packed(raw.size()).
  virtual Bytes compress(std::span<const std::byte> raw, std::span<std::byte> packed) const = 0;
  /// Fills `raw` exactly. Throws TraceError where `packed` is not what compress() gave for as many bytes.
  virtual void decompress(std::span<const std::byte> packed, std::span<std::byte> raw) const = 0;
};

}  // namespace vramlab
