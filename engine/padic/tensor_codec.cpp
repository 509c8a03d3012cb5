#include "engine/padic/tensor_codec.h"

#include <sys/mman.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/padic/block_workers.h"
#include "engine/padic/dense_block.h"
#include "engine/padic/dense_survey.h"
#include "engine/padic/digit_preset.h"
#include "engine/padic/fast_block.h"
#include "engine/padic/open_stream.h"

namespace vramlab::padic {
namespace {

constexpr std::uint64_t most_offset = (std::uint64_t{1} << 32) * stream_alignment;

void check_tensor(const TensorView& tensor) {
  if (tensor.shape.size() > most_dimensions)
    throw ConfigError("a tensor of " + std::to_string(tensor.shape.size()) + " dimensions", {}, "at most 8 are kept");
  if (tensor.shape.empty()) return;
  std::uint64_t product = 1;
  bool wraps = false;
  for (const std::uint64_t length : tensor.shape) wraps |= __builtin_mul_overflow(product, length, &product);
  if (wraps || product != tensor.values)
    throw ConfigError("a shape of " + std::to_string(product) + " values for " + std::to_string(tensor.values), {},
                      "give the shape of the values that are there");
}

/// The blocks of one worker, in order.
struct Part {
  std::vector<std::byte> bytes;
  std::vector<IndexEntry> entries;  ///< offsets within `bytes`, in bytes' eighths
};

/// Room for `bytes`. Fresh memory of a large stream is asked for in huge pages: 512 times fewer faults.
void make_room(std::vector<std::byte>& bytes, std::size_t wanted) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  if (wanted <= bytes.capacity()) return;
  bytes.reserve(wanted);
  void* begin = bytes.data();
  std::size_t left = bytes.capacity();
  if (left >= 4 * huge_page && std::align(huge_page, huge_page, begin, left) != nullptr)
    static_cast<void>(::madvise(begin, left / huge_page * huge_page, MADV_HUGEPAGE));  // advice: it may be refused
}

template <typename Encoder>
void encode_range(Encoder& encoder, const TensorView& tensor, const BlockCuts& cuts, std::uint64_t first,
                  std::uint64_t last, std::uint64_t front, Part& part) {
  const std::uint64_t stride = std::uint64_t{cuts.block_values} * format_of(tensor.dtype).bytes;
  make_room(part.bytes, front + (last - first) * (stride + stride / 64) + stride);
  part.bytes.resize(front);
  for (std::uint64_t b = first; b < last; ++b) {
    const std::uint64_t begin = part.bytes.size();
    encoder->encode(tensor.data + b * stride, cuts.values_of(static_cast<std::uint32_t>(b)), part.bytes);
    const std::uint64_t bytes = part.bytes.size() - begin;
    part.entries.push_back({static_cast<std::uint32_t>(begin / stream_alignment),
                            kernels().checksum(part.bytes.data() + begin, bytes / 4, 0)});
    if (part.bytes.size() > most_offset) throw ConfigError("a stream of more than 32 GiB", {}, "pack parts of it");
  }
}

/// All blocks; the first part leaves `front` bytes free for what goes before them, and uses the memory of `spare`.
template <typename MakeEncoder>
std::vector<Part> encode_blocks(const TensorView& tensor, const BlockCuts& cuts, unsigned threads, std::uint64_t front,
                                std::vector<std::byte>& spare, MakeEncoder make) {
  const std::uint32_t workers = worker_count(threads, cuts.blocks);
  std::vector<Part> parts(workers);
  spare.clear();
  parts[0].bytes = std::move(spare);
  share_blocks(workers, cuts.blocks, [&](std::uint32_t worker, std::uint64_t first, std::uint64_t last) {
    const auto encoder = make();
    encode_range(encoder, tensor, cuts, first, last, worker == 0 ? front : 0, parts[worker]);
  });
  return parts;
}

/// One stream of all parts, and the index.
std::pair<std::vector<std::byte>, std::vector<IndexEntry>> join(std::vector<Part> parts) {
  std::vector<std::byte> stream = std::move(parts[0].bytes);
  std::vector<IndexEntry> index = std::move(parts[0].entries);
  for (std::size_t p = 1; p < parts.size(); ++p) {
    const auto shift = static_cast<std::uint32_t>(stream.size() / stream_alignment);
    if (stream.size() + parts[p].bytes.size() > most_offset)
      throw ConfigError("a stream of more than 32 GiB", {}, "pack parts of it");
    for (const IndexEntry& entry : parts[p].entries) index.push_back({entry.offset + shift, entry.checksum});
    stream.insert(stream.end(), parts[p].bytes.begin(), parts[p].bytes.end());
  }
  return {std::move(stream), std::move(index)};
}

/// What does not depend on the values.
StreamHeader header_of(DType dtype, const CodecOptions& options) {
  StreamHeader header;
  header.dtype = static_cast<std::uint8_t>(dtype);
  header.mode = static_cast<std::uint8_t>(options.mode);
  header.preset = static_cast<std::uint8_t>(options.preset);
  header.bound = options.bound;
  if (options.preset == Preset::digits) {
    header.prime = options.prime;
    header.precision = options.precision;
    header.precision = digits_needed(header);
    header.block_log2 = digit_block_log2;
  }
  return header;
}

StreamHeader header_of(const TensorView& tensor, const CodecOptions& options, const ValueCoder& coder,
                       std::size_t dimensions) {
  StreamHeader header = header_of(tensor.dtype, options);
  header.values = tensor.values;
  header.drop = static_cast<std::uint8_t>(coder.drop());
  header.dimensions = static_cast<std::uint8_t>(dimensions);
  return header;
}

}  // namespace

void check_options(DType dtype, const CodecOptions& options) {
  const NumberFormat format = format_of(dtype);
  if (format.bytes == 0) throw ConfigError("an unknown number format", {}, "see DType");
  const bool digits = options.preset == Preset::digits;
  if (!digits && options.preset != Preset::fast && options.preset != Preset::dense)
    throw ConfigError("an unknown preset", {}, "choose fast, dense or digits");
  if (digits) static_cast<void>(digit_coder(header_of(dtype, options)));  // throws where it cannot be
  if (options.mode == Mode::lossless || (digits && options.mode == Mode::rational)) {
    if (options.bound != 0) throw ConfigError("an error bound where values come back as they were", {}, "leave it out");
    return;
  }
  if (options.mode != Mode::absolute && options.mode != Mode::relative)
    throw ConfigError("exact rationals are of preset digits alone", {}, "choose lossless, absolute or relative");
  if (!format.floating || format.words != 1)
    throw ConfigError("integers and float64 are packed without an error only", {}, "choose lossless mode");
  if (!std::isfinite(options.bound) || options.bound <= 0)
    throw ConfigError("an error bound of " + std::to_string(options.bound), {}, "give a positive finite one");
}

std::vector<std::byte> compress(const TensorView& tensor, const CodecOptions& options) {
  std::vector<std::byte> stream;
  compress(tensor, options, stream);
  return stream;
}

void compress(const TensorView& tensor, const CodecOptions& options, std::vector<std::byte>& stream) {
  check_options(tensor.dtype, options);
  check_tensor(tensor);
  const ValueCoder coder = value_coder_of(header_of(tensor.dtype, options));
  // Nothing but a single value has the empty shape.
  const std::uint64_t flat = tensor.values;
  const std::span<const std::uint64_t> shape =
      tensor.shape.empty() && tensor.values != 1 ? std::span(&flat, 1) : tensor.shape;
  StreamHeader header = header_of(tensor, options, coder, shape.size());
  std::vector<Part> parts;
  std::vector<std::byte> tables;
  BlockCuts cuts(tensor.values, coder.format(), fast_block_log2);
  if (options.preset == Preset::digits) {
    cuts = BlockCuts(tensor.values, coder.format(), digit_block_log2);
    parts = encode_blocks(tensor, cuts, options.threads, front_bytes(shape.size(), 0, cuts.blocks), stream,
                          [&] { return std::make_unique<DigitBlocks>(header); });
  } else if (options.preset == Preset::fast) {
    parts = encode_blocks(tensor, cuts, options.threads, front_bytes(shape.size(), 0, cuts.blocks), stream,
                          [&] { return std::make_unique<FastEncoder>(coder); });
  } else {
    const DenseSurvey found = survey(tensor.data, tensor.values, coder, options.threads);
    cuts = BlockCuts(tensor.values, coder.format(), found.block_log2);
    tables = write_tables(found.model);
    header.block_log2 = static_cast<std::uint8_t>(found.block_log2);
    header.tables = found.model.tables();
    header.lead_bits =
        static_cast<std::uint8_t>(found.model.splitter.split == Split::logarithmic ? found.model.splitter.lead : 0U);
    parts = encode_blocks(tensor, cuts, options.threads, front_bytes(shape.size(), tables.size(), cuts.blocks), stream,
                          [&] {
                            return std::make_unique<DenseEncoder>(coder, found.model, found.encoding,
                                                                  cuts.block_values * cuts.words_of_value);
                          });
  }
  auto [joined, index] = join(std::move(parts));
  stream = std::move(joined);
  header.tables_bytes = static_cast<std::uint32_t>(tables.size());
  header.blocks = cuts.blocks;
  header.stream_bytes = stream.size();
  write_front(header, shape, tables, index,
              std::span(stream).first(front_bytes(shape.size(), tables.size(), cuts.blocks)));
}

std::uint64_t max_stream_bytes(std::uint64_t values, DType dtype, std::size_t dimensions) {
  const NumberFormat format = format_of(dtype);
  const std::uint64_t words = values * format.words, blocks = (words >> fast_block_log2) + 1;
  const std::uint32_t word_bytes = format.bytes / format.words;
  const std::uint64_t tables = rounded_up((1 + tail_planes) * (2 + 3 * most_symbols), stream_alignment);
  // What a block takes beyond its values: the more of the two presets.
  const std::uint64_t over = most_fast_block_bytes(fast_block_words, word_bytes) - fast_block_words * word_bytes;
  return front_bytes(dimensions == 0 ? 1 : dimensions, tables, blocks) + words * word_bytes + blocks * over;
}

}  // namespace vramlab::padic
