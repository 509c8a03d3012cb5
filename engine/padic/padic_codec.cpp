#include "engine/padic/padic_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "engine/padic/words.h"

namespace vramlab::padic {
namespace {

std::string name_of(const CodecOptions& options) {
  std::string preset = options.preset == Preset::fast ? "fast" : options.preset == Preset::dense ? "dense" : "digits";
  if (options.mode == Mode::lossless) return preset;
  return fmt::format("{}:{}{}", preset, options.mode == Mode::relative ? "relative " : "", options.bound);
}

[[noreturn]] void refuse(const std::string& what, std::uint64_t byte) {
  throw TraceError("packed range: " + what, Where::at_byte("", byte), "unpack with the codec that packed it");
}

}  // namespace

PadicCodec::PadicCodec(DType dtype, const CodecOptions& options)
    : dtype_(dtype), options_(options), name_(name_of(options)) {
  check_options(dtype, options);
}

std::uint64_t PadicCodec::value_bytes() const { return format_of(dtype_).bytes; }

Bytes PadicCodec::max_packed(Bytes raw) const {
  return Bytes(max_stream_bytes(raw.value / value_bytes(), dtype_) + raw.value % value_bytes());
}

Bytes PadicCodec::compress(std::span<const std::byte> raw, std::span<std::byte> packed) const {
  const std::uint64_t values = raw.size() / value_bytes();
  const auto rest = raw.subspan(values * value_bytes());
  const std::uint64_t shape = values;
  const auto stream = padic::compress({raw.data(), values, dtype_, std::span(&shape, 1)}, options_);
  VRAMLAB_CHECK(packed.size() >= stream.size() + rest.size(), "room for max_packed() bytes");
  std::copy(stream.begin(), stream.end(), packed.begin());
  std::copy(rest.begin(), rest.end(), packed.begin() + static_cast<std::ptrdiff_t>(stream.size()));
  return Bytes(stream.size() + rest.size());
}

void PadicCodec::decompress(std::span<const std::byte> packed, std::span<std::byte> raw) const {
  const std::uint64_t rest = raw.size() % value_bytes();
  if (packed.size() < rest) refuse("it is shorter than the bytes left over", packed.size());
  const std::uint64_t stream_bytes = packed.size() - rest;
  const TensorReader reader(packed.first(stream_bytes));
  const StreamInfo& info = reader.info();
  if (info.dtype != dtype_ || info.mode != options_.mode || info.bound != options_.bound ||
      info.preset != options_.preset)
    refuse("it was packed with another format, mode, bound or preset", 0);
  if (info.raw_bytes != raw.size() - rest)
    refuse(fmt::format("{} bytes were packed, {} are wanted", info.raw_bytes, raw.size() - rest), 0);
  reader.decompress(raw.first(info.raw_bytes), options_.threads);
  std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(stream_bytes), rest,
              raw.begin() + static_cast<std::ptrdiff_t>(info.raw_bytes));
}

}  // namespace vramlab::padic
