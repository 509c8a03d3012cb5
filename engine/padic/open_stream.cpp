#include "engine/padic/open_stream.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/wide.h"
#include "engine/padic/digit_block.h"

namespace vramlab::padic {
namespace {

constexpr std::uint64_t most_values = std::uint64_t{1} << 40;
constexpr std::uint32_t checksum_at = offsetof(StreamHeader, checksum);

bool mode_fits(const StreamHeader& header, const NumberFormat& format) {
  const bool bounded = header.mode == static_cast<std::uint8_t>(Mode::absolute) ||
                       header.mode == static_cast<std::uint8_t>(Mode::relative);
  const bool exact = header.mode == static_cast<std::uint8_t>(Mode::lossless) ||
                     (header.mode == static_cast<std::uint8_t>(Mode::rational) &&
                      header.preset == static_cast<std::uint8_t>(Preset::digits));
  if (!bounded) return exact && header.bound == 0;
  return format.floating && format.words == 1 && std::isfinite(header.bound) && header.bound > 0;
}

/// The fields that do not depend on others.
void check_names(const StreamHeader& header) {
  if (header.magic != stream_magic) refuse_stream("no packed tensor: it does not begin with VLP1", 0);
  if (header.version != stream_version)
    refuse_stream("version " + std::to_string(header.version) + ", this reader knows 1",
                  offsetof(StreamHeader, version));
  const NumberFormat format = format_of(static_cast<DType>(header.dtype));
  if (format.bytes == 0) refuse_stream("number format " + std::to_string(header.dtype), offsetof(StreamHeader, dtype));
  if (!mode_fits(header, format))
    refuse_stream("mode " + std::to_string(header.mode) + " with bound " + std::to_string(header.bound),
                  offsetof(StreamHeader, mode));
  if (header.preset > static_cast<std::uint8_t>(Preset::digits))
    refuse_stream("preset " + std::to_string(header.preset), offsetof(StreamHeader, preset));
  if (header.preset != static_cast<std::uint8_t>(Preset::digits) && (header.prime != 2 || header.precision != 0))
    refuse_stream("digits of a prime", offsetof(StreamHeader, prime));
  if (header.reserved != 0 || header.reserved2 != 0 || header.reserved3 != 0)
    refuse_stream("a reserved field that is not 0", offsetof(StreamHeader, reserved));
  if (header.dimensions > most_dimensions)
    refuse_stream(std::to_string(header.dimensions) + " dimensions", offsetof(StreamHeader, dimensions));
  if (header.values > most_values) refuse_stream("more than 2^40 values", offsetof(StreamHeader, values));
}

void check_dense_fields(const StreamHeader& header, const ValueCoder& coder) {
  if (header.block_log2 != dense_block_log2 && header.block_log2 != sparse_block_log2)
    refuse_stream("blocks of 2^" + std::to_string(header.block_log2), offsetof(StreamHeader, block_log2));
  const bool fixed = coder.splitter(3).split == Split::fixed;
  if (fixed ? header.lead_bits != 0 : header.lead_bits != 2 && header.lead_bits != 3)
    refuse_stream(std::to_string(header.lead_bits) + " leading bits", offsetof(StreamHeader, lead_bits));
  const std::uint32_t planes = fixed ? (coder.splitter(3).tail + 7) / 8 : 1U;
  const std::uint32_t possible = header.values == 0 ? 0U : (2U << planes) - 1U;
  if ((header.tables & ~possible) != 0 || (header.tables & 1U) != (header.values == 0 ? 0U : 1U))
    refuse_stream("tables " + std::to_string(header.tables), offsetof(StreamHeader, tables));
}

void check_fast_fields(const StreamHeader& header) {
  if (header.block_log2 != fast_block_log2)
    refuse_stream("blocks of 2^" + std::to_string(header.block_log2), offsetof(StreamHeader, block_log2));
  if (header.lead_bits != 0 || header.tables != 0 || header.tables_bytes != 0)
    refuse_stream("tables of a preset that has none", offsetof(StreamHeader, tables));
}

void check_digit_fields(const StreamHeader& header) {
  if (header.block_log2 != digit_block_log2)
    refuse_stream("blocks of 2^" + std::to_string(header.block_log2), offsetof(StreamHeader, block_log2));
  if (header.lead_bits != 0 || header.tables != 0 || header.tables_bytes != 0)
    refuse_stream("tables of a preset that has none", offsetof(StreamHeader, tables));
  try {
    static_cast<void>(digit_coder(header));
    if (digits_needed(header) == header.precision) return;
  } catch (const Error& failure) {
    refuse_stream(failure.what(), offsetof(StreamHeader, prime));
  }
  refuse_stream(std::to_string(header.precision) + " digits", offsetof(StreamHeader, precision));
}

/// Also that the front lies within the stream.
void check_sizes(const StreamHeader& header, const BlockCuts& cuts, std::size_t size) {
  if (header.stream_bytes != size)
    refuse_stream(
        "a stream of " + std::to_string(header.stream_bytes) + " bytes, but " + std::to_string(size) + " are here",
        offsetof(StreamHeader, stream_bytes));
  if (size % stream_alignment != 0) refuse_stream("an odd length", offsetof(StreamHeader, stream_bytes));
  if (header.blocks != cuts.blocks)
    refuse_stream(std::to_string(header.blocks) + " blocks of " + std::to_string(cuts.blocks),
                  offsetof(StreamHeader, blocks));
  if (header.tables_bytes % stream_alignment != 0 ||
      front_bytes(header.dimensions, header.tables_bytes, header.blocks) > size)
    refuse_stream("tables and index beyond the end", offsetof(StreamHeader, tables_bytes));
}

void read_shape(OpenStream& stream) {
  stream.shape.resize(stream.header.dimensions);
  Wide product = 1;
  for (std::size_t d = 0; d < stream.shape.size(); ++d) {
    std::memcpy(&stream.shape[d], stream.bytes.data() + header_bytes + 8 * d, 8);
    product = std::min<Wide>(product, Wide{1} << 62) * stream.shape[d];
  }
  // A factor of 0 may follow large ones.
  const bool empty = std::find(stream.shape.begin(), stream.shape.end(), 0U) != stream.shape.end();
  if ((empty ? Wide{0} : product) != stream.header.values)
    refuse_stream("a shape that does not give " + std::to_string(stream.header.values) + " values", header_bytes);
}

void read_index(OpenStream& stream, std::uint64_t front) {
  stream.index.resize(stream.header.blocks);
  const std::uint64_t begin = front - std::uint64_t{8} * stream.header.blocks;
  if (!stream.index.empty())
    std::memcpy(stream.index.data(), stream.bytes.data() + begin, stream.index.size() * sizeof(IndexEntry));
  std::uint64_t least = front / stream_alignment;
  for (std::size_t b = 0; b < stream.index.size(); ++b) {
    const std::uint64_t offset = stream.index[b].offset;
    if (offset < least || offset > stream.bytes.size() / stream_alignment || (b == 0 && offset != least))
      refuse_stream("block " + std::to_string(b) + " is not where it can be", begin + 8 * b);
    least = offset;
  }
  if (stream.index.empty() && front != stream.bytes.size()) refuse_stream("bytes behind an empty tensor", front);
}

std::uint32_t front_checksum(std::span<const std::byte> stream, std::uint64_t front) {
  const Kernels& run = kernels();
  return run.checksum(stream.data(), checksum_at / 4, 0) +
         run.checksum(stream.data() + header_bytes, (front - header_bytes) / 4, checksum_at / 4);
}

StreamHeader read_header(std::span<const std::byte> bytes) {
  if (bytes.size() < header_bytes) refuse_stream("no packed tensor: it is shorter than a header", bytes.size());
  StreamHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  check_names(header);
  return header;
}

}  // namespace

void refuse_stream(const std::string& what, std::uint64_t byte) {
  throw TraceError("packed tensor: " + what, Where::at_byte("", byte), "pack the tensor again: the stream is damaged");
}

BlockCuts::BlockCuts(std::uint64_t count, const NumberFormat& format, std::uint32_t block_log2)
    : values(count), block_values((1U << block_log2) / format.words), words_of_value(format.words) {
  blocks = static_cast<std::uint32_t>((count + block_values - 1) / block_values);
}

std::uint32_t BlockCuts::values_of(std::uint32_t block) const {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(block_values, values - std::uint64_t{block} * block_values));
}

std::uint64_t front_bytes(std::size_t dimensions, std::uint64_t tables_bytes, std::uint64_t blocks) {
  return header_bytes + 8 * dimensions + tables_bytes + sizeof(IndexEntry) * blocks;
}

std::span<const std::byte> OpenStream::block(std::uint32_t number) const {
  const std::uint64_t begin = std::uint64_t{index[number].offset} * stream_alignment;
  const std::uint64_t end =
      number + 1 == index.size() ? bytes.size() : std::uint64_t{index[number + 1].offset} * stream_alignment;
  const auto found = bytes.subspan(begin, end - begin);
  if (kernels().checksum(found.data(), found.size() / 4, 0) != index[number].checksum)
    refuse_stream("the checksum of block " + std::to_string(number) + " does not fit its bytes", begin);
  return found;
}

ValueCoder value_coder_of(const StreamHeader& header) {
  const auto dtype = static_cast<DType>(header.dtype);
  if (header.preset == static_cast<std::uint8_t>(Preset::digits))
    return ValueCoder(dtype, Mode::lossless, 0, Preset::fast);
  return ValueCoder(dtype, static_cast<Mode>(header.mode), header.bound, static_cast<Preset>(header.preset));
}

OpenStream open_stream(std::span<const std::byte> bytes) {
  const StreamHeader header = read_header(bytes);
  const auto dtype = static_cast<DType>(header.dtype);
  const BlockCuts cuts(header.values, format_of(dtype),
                       header.preset == static_cast<std::uint8_t>(Preset::digits)
                           ? digit_block_log2
                           : std::clamp<std::uint32_t>(header.block_log2, dense_block_log2, sparse_block_log2));
  check_sizes(header, cuts, bytes.size());
  const std::uint64_t front = front_bytes(header.dimensions, header.tables_bytes, header.blocks);
  if (front_checksum(bytes, front) != header.checksum)
    refuse_stream("the checksum of the header, shape, tables and index does not fit", checksum_at);
  ValueCoder coder = value_coder_of(header);
  if (header.drop != coder.drop())
    refuse_stream(std::to_string(header.drop) + " dropped bits", offsetof(StreamHeader, drop));
  OpenStream stream{bytes, header, {}, {}, cuts, std::move(coder), {}, {}};
  read_shape(stream);
  read_index(stream, front);
  if (stream.preset() != Preset::dense) {
    stream.preset() == Preset::fast ? check_fast_fields(header) : check_digit_fields(header);
    return stream;
  }
  check_dense_fields(header, stream.coder);
  const std::uint64_t tables = header_bytes + 8 * stream.shape.size();
  stream.model = read_tables(bytes.subspan(tables, header.tables_bytes), tables, header, stream.coder);
  stream.decoding = decoding_of(stream.model);
  return stream;
}

void write_front(StreamHeader header, std::span<const std::uint64_t> shape, std::span<const std::byte> tables,
                 std::span<const IndexEntry> index, std::span<std::byte> stream) {
  std::byte* at = stream.data() + header_bytes;
  const auto put = [&](const void* bytes, std::size_t count) {
    if (count != 0) std::memcpy(at, bytes, count);
    at += count;
  };
  put(shape.data(), shape.size_bytes());
  put(tables.data(), tables.size());
  put(index.data(), index.size_bytes());
  std::memcpy(stream.data(), &header, sizeof header);
  header.checksum = front_checksum(stream, stream.size());
  std::memcpy(stream.data(), &header, sizeof header);
}

}  // namespace vramlab::padic
