#pragma once
// The packed stream behind the Codec port: what swapping packs bytes with.

#include <cstdint>
#include <string>

#include "engine/device/codec.h"
#include "engine/padic/tensor_codec.h"

namespace vramlab::padic {

/// Bytes are values of `dtype`; what is left over at the end of a range that is no whole number of them (up to 7 bytes)
/// is kept as it is. Each packed range is one stream, then those bytes. With a bound, unpacked bytes differ from the
/// raw ones by what the bound allows.
class PadicCodec final : public Codec {
 public:
  /// Throws ConfigError as check_options().
  PadicCodec(DType dtype, const CodecOptions& options);

  /// "fast", "dense"; with a bound "fast:0.0001".
  std::string_view name() const override { return name_; }
  Bytes max_packed(Bytes raw) const override;
  Bytes compress(std::span<const std::byte> raw, std::span<std::byte> packed) const override;
  void decompress(std::span<const std::byte> packed, std::span<std::byte> raw) const override;

 private:
  std::uint64_t value_bytes() const;

  DType dtype_;
  CodecOptions options_;
  std::string name_;
};

}  // namespace vramlab::padic
