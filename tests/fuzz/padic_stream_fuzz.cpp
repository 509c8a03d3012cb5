// Packed tensors: any bytes are refused with TraceError or unpacked, as a whole, block by block and by planes, within
// their bounds; and what was packed here from any values comes back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/padic/checksum.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/tensor_codec.h"
#include "engine/padic/words.h"

namespace {

using namespace vramlab;
using namespace vramlab::padic;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t most_raw_bytes = std::uint64_t{1} << 22;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Puts the checksums right, so that what they guard is reached.
void sign(Bytes& stream) {
  StreamHeader header;
  if (stream.size() < sizeof header) return;
  stream.resize(stream.size() / stream_alignment * stream_alignment);
  std::memcpy(&header, stream.data(), sizeof header);
  header.stream_bytes = stream.size();
  std::memcpy(stream.data(), &header, sizeof header);
  const std::uint64_t front = header_bytes + std::uint64_t{8} * header.dimensions + header.tables_bytes / 8 * 8 +
                              std::uint64_t{8} * header.blocks;
  if (front > stream.size()) return;
  std::vector<std::uint32_t> words(stream.size() / 4);
  std::memcpy(words.data(), stream.data(), stream.size());
  for (std::uint64_t b = 0; b < header.blocks; ++b) {
    const std::uint64_t entry = front / 4 - 2 * (header.blocks - b);
    const std::uint64_t begin = std::uint64_t{words[entry]} * 2;
    const std::uint64_t end = b + 1 == header.blocks ? words.size() : std::uint64_t{words[entry + 2]} * 2;
    if (begin <= end && end <= words.size()) words[entry + 1] = checksum32(words.data() + begin, end - begin);
  }
  words[15] = checksum32(words.data(), 15) + checksum32(words.data() + 16, front / 4 - 16, 15);
  std::memcpy(stream.data(), words.data(), stream.size());
}

void read_by_parts(const TensorReader& reader, const Bytes& whole) {
  Bytes out(whole.size());
  std::size_t at = 0;
  for (std::uint32_t block = 0; block < reader.info().blocks; ++block) {
    reader.decompress_block(block, std::span(out).subspan(at, reader.block_bytes(block)));
    at += reader.block_bytes(block);
  }
  check(at == whole.size() && out == whole);
  try {
    reader.decompress_planes(1, out);
  } catch (const ConfigError&) {
    return;  // values of 8 bytes, relative mode
  }
}

void read(std::span<const std::byte> stream) {
  try {
    const TensorReader reader(stream);
    if (reader.info().raw_bytes > most_raw_bytes) return;
    Bytes out(reader.info().raw_bytes);
    reader.decompress(out);
    read_by_parts(reader, out);
  } catch (const TraceError&) {
    return;  // refused, as it should be
  }
}

/// The first byte chooses how to pack the others.
void pack_and_unpack(std::span<const std::byte> input) {
  const auto choice = std::to_integer<unsigned>(input[0]);
  const auto dtype = static_cast<DType>(1 + choice / 16);
  const NumberFormat format = format_of(dtype);
  if (format.bytes == 0) return;
  CodecOptions options;
  options.preset = choice % 2 == 0 ? Preset::fast : Preset::dense;
  if (format.floating && format.words == 1 && choice / 2 % 4 != 0) {
    options.mode = choice / 2 % 4 == 1 ? Mode::relative : Mode::absolute;
    options.bound = choice / 2 % 4 == 3 ? 1e-4 : 0.01;
  }
  const auto raw = input.subspan(1, (input.size() - 1) / format.bytes * format.bytes);
  const Bytes stream = compress({raw.data(), raw.size() / format.bytes, dtype, {}}, options);
  check(stream.size() <= max_stream_bytes(raw.size() / format.bytes, dtype));
  Bytes out(raw.size());
  decompress(stream, out);
  if (options.mode == Mode::lossless) check(std::equal(out.begin(), out.end(), raw.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  if (input.empty()) return 0;
  read(input);
  Bytes stream(input.begin(), input.end());
  sign(stream);
  read(stream);
  pack_and_unpack(input);
  return 0;
}
