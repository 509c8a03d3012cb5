#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/padic/dense_payload.h"

namespace vramlab::padic {

namespace {

/// What the heads put into the bytes above their tails.
HeadBytes head_bytes(const SymbolTraits& traits, const NumberFormat& format) {
  HeadBytes heads;
  if (!format.floating || format.bytes < 2 || format.bytes > 4) return heads;
  const std::uint32_t bits = 8U * format.bytes;
  for (std::size_t s = 0; s < traits.leads.size(); ++s) {
    const std::uint32_t lead = traits.leads[s], sign = traits.signs[s];
    const std::uint32_t value = lead << format.mantissa | sign << (bits - 1);
    heads.high[s] = static_cast<std::uint8_t>(value >> (bits - 8));
    heads.low[s] = static_cast<std::uint8_t>(value >> (bits - 16));
  }
  return heads;
}

}  // namespace

DenseDecoder::DenseDecoder(const ValueCoder& coder, const DenseModel& model, const DenseDecoding& decoding,
                           std::uint32_t block_words)
    : coder_(coder),
      model_(model),
      decoding_(decoding),
      kernels_(kernels()),
      heads_(head_bytes(decoding.traits, coder.format())),
      widths_(block_words),
      words_(block_words),
      digits_(block_words),
      positions_(block_words),
      blocks_(together) {
  for (Block& block : blocks_) {
    block.symbols = Scratch<std::uint8_t>(block_words);
    block.present = Scratch<std::uint32_t>((block_words + 31) / 32);
    for (Scratch<std::uint8_t>& bytes : block.bytes) bytes = Scratch<std::uint8_t>(block_words);
  }
}
DenseDecoder::~DenseDecoder() = default;

void DenseDecoder::decode(std::span<const std::byte> bytes, std::uint32_t values, std::uint32_t planes, std::byte* raw,
                          ErrorBound* error) {
  const std::size_t raw_bytes = std::size_t{values} * coder_.format().bytes;
  n_ = values * coder_.format().words;
  if (bytes.empty()) {
    std::fill_n(raw, raw_bytes, std::byte{0});
    return;
  }
  BlockHeader header;
  if (bytes.size() < sizeof header) refuse_stream("a block that ends within its header", 0);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.kind == static_cast<std::uint8_t>(BlockKind::stored)) {
    if (bytes.size() != stored_block_bytes(raw_bytes)) refuse_stream("a stored block of another length", 0);
    std::memcpy(raw, bytes.data() + sizeof header, raw_bytes);
    return;
  }
  if (header.kind != static_cast<std::uint8_t>(BlockKind::dense)) refuse_stream("a block of another preset", 0);
  Block& block = with_heads(bytes);
  block.begin = nullptr;  // known once
  const bool whole = planes >= tail_planes, assembled = whole && assembles(block.kinds);
  if (assembled) {
    assemble(block, raw);
  } else {
    read_planes(block, planes);
    if (!whole) settle(block, planes, error);
    kernels_.restore(words_.data(), block.symbols.data(), n_, decoding_.traits.signs.data(), coder_.kind());
  }
  if (whole) block.payload.close_coder();
  put_out(block, values, assembled, raw);
}

// ---- Heads ----

bool DenseDecoder::reads_ahead(const std::byte* block) const {
  return std::none_of(blocks_.begin(), blocks_.end(), [=](const Block& known) { return known.begin == block; });
}

void DenseDecoder::announce(std::span<const std::span<const std::byte>> blocks) {
  std::fill(announced_.begin(), announced_.end(), std::span<const std::byte>{});
  std::copy_n(blocks.begin(), std::min(blocks.size(), announced_.size()), announced_.begin());
}

/// False: it is none to be coded, or damaged.
bool DenseDecoder::open(std::span<const std::byte> block, Block& opened) const {
  BlockHeader header;
  opened.payload = {block, {}};
  opened.begin = nullptr;
  opened.counted = opened.has_tails = false;
  if (block.size() < sizeof header) return false;
  std::memcpy(&header, opened.payload.take(sizeof header, "its header").data(), sizeof header);
  if (header.kind != static_cast<std::uint8_t>(BlockKind::dense)) return false;
  opened.kinds = header.planes;
  if (!opened.payload.try_coder(header.coder_words)) return false;
  opened.begin = block.data();
  return true;
}

DenseDecoder::Block& DenseDecoder::with_heads(std::span<const std::byte> block) {
  for (Block& known : blocks_)
    if (known.begin == block.data()) return known;
  if (!open(block, blocks_[0]))
    refuse_stream("a block with coder words beyond its end, or states that no encoder leaves", 0);
  std::uint32_t count = 1;
  for (std::span<const std::byte>& announced : announced_)
    if (open(std::exchange(announced, {}), blocks_[count])) ++count;
  for (std::uint32_t k = count; k < together; ++k) blocks_[k].begin = nullptr;
  read_heads(count);
  return blocks_[0];
}

/// Of the first `count` blocks, or, where one of them is damaged, of the first alone.
void DenseDecoder::read_heads(std::uint32_t count) {
  std::array<CodedBytes, together> coded;
  for (std::uint32_t k = 0; k < count; ++k) coded[k] = {&blocks_[k].payload.coder, blocks_[k].symbols.data(), nullptr};
  const DecoderState begin = blocks_[0].payload.coder;
  if (kernels_.decode_bytes(coded.data(), count, decoding_.head_slots.data(), n_)) return;
  for (std::uint32_t k = 1; k < together; ++k) blocks_[k].begin = nullptr;
  blocks_[0].payload.coder = begin;
  Payload::need(kernels_.decode_bytes(coded.data(), 1, decoding_.head_slots.data(), n_));
}

// ---- All others: digit by digit onto words ----

void DenseDecoder::read_planes(Block& block, std::uint32_t planes) {
  kernels_.lead(block.symbols.data(), n_, decoding_.traits.leads.data(), words_.data());
  for (std::uint32_t k = 0; k < tail_planes; ++k) {
    const PlaneKind kind = kind_of(block.kinds, k);
    if (k < planes)
      plane(block, k, kind);
    else if (kind == PlaneKind::planar)
      block.payload.take(std::size_t{(n_ + 31) / 32} * decoding_.traits.widest[k] * 4, "a plane");
  }
}

void DenseDecoder::check_plane(std::uint32_t plane, PlaneKind kind) const {
  if (kind == PlaneKind::coded && model_.planes[plane].symbols == 0) refuse_stream("a coded plane without a table", 0);
  if (kind == PlaneKind::planar && decoding_.traits.widest[plane] == 0) refuse_stream("a planar plane of no bits", 0);
}

void DenseDecoder::plane(Block& block, std::uint32_t plane, PlaneKind kind) {
  const SymbolTraits& traits = decoding_.traits;
  if (!traits.used[plane] && kind == PlaneKind::zero) return;
  check_plane(plane, kind);
  kernels_.translate(block.symbols.data(), n_, traits.widths[plane].data(), widths_.data());
  switch (kind) {
    case PlaneKind::zero:
      return kernels_.shift(words_.data(), widths_.data(), n_, false);
    case PlaneKind::bypass:
      return Payload::need(kernels_.decode_bypass(block.payload.coder, widths_.data(), n_, words_.data()));
    case PlaneKind::coded:
      return Payload::need(kernels_.decode_digits(block.payload.coder, decoding_.plane_slots[plane].data(),
                                                  widths_.data(), n_, words_.data()));
    case PlaneKind::planar:
      break;
  }
  const std::uint32_t width = traits.widest[plane];
  const auto bits = block.payload.take(std::size_t{(n_ + 31) / 32} * width * 4, "a plane");
  kernels_.unpack(reinterpret_cast<const std::uint32_t*>(bits.data()), n_, width, width, 0, digits_.data());
  kernels_.append(words_.data(), widths_.data(), digits_.data(), n_);
}

void DenseDecoder::settle(Block& block, std::uint32_t taken, ErrorBound* error) {
  const SymbolTraits& traits = decoding_.traits;
  std::array<std::uint32_t, 256> missing{};
  for (std::size_t s = 0; s < missing.size(); ++s)
    for (std::uint32_t k = taken; k < tail_planes; ++k) missing[s] += traits.widths[k][s];
  const std::uint32_t zero = coder_.zero();
  const std::uint8_t* symbols = block.symbols.data();
  std::uint32_t* words = words_.data();
  for (std::uint32_t i = 0; i < n_; ++i) {
    const std::uint32_t bits = missing[symbols[i]], first = words[i] << bits;
    words[i] = error->settle(zero + first, bits) - zero;
  }
}

// ---- Escapes and values ----

std::span<const std::uint32_t> DenseDecoder::escapes_of(Block& block) const {
  const std::uint32_t symbol = decoding_.traits.escape_symbol;
  if (symbol > 255) return {};
  const std::uint8_t* symbols = block.symbols.data();
  const auto wanted = static_cast<std::uint32_t>(std::count(symbols, symbols + n_, static_cast<std::uint8_t>(symbol)));
  if (wanted == 0) return {};
  std::uint32_t count = 0;
  std::memcpy(&count, block.payload.take(sizeof count, "its escapes").data(), sizeof count);
  if (count != wanted) refuse_stream("a block with another number of escapes", 0);
  const auto bits = block.payload.take(std::size_t{count} * 4, "its escapes");
  return {reinterpret_cast<const std::uint32_t*>(bits.data()), count};
}

void DenseDecoder::put_out(Block& block, std::uint32_t values, bool assembled, std::byte* raw) {
  const auto escaped = escapes_of(block);
  if (block.payload.left.size() >= stream_alignment) refuse_stream("a block with bytes behind its end", 0);
  const bool halves = coder_.format().words == 2;
  const std::uint8_t* symbols = block.symbols.data();
  const auto for_each = [&](auto put) {  // as many as there are: escapes_of() has counted them
    std::uint32_t i = 0;
    for (const std::uint32_t bits : escaped) {
      const void* next = std::memchr(symbols + i, static_cast<int>(decoding_.traits.escape_symbol), n_ - i);
      i = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(next) - symbols);
      put(i++, bits);
    }
  };
  if (halves) for_each([&](std::uint32_t i, std::uint32_t bits) { words_.data()[i] = bits; });
  if (!assembled) coder_.to_values(words_.data(), values, raw);
  if (!halves) for_each([&](std::uint32_t i, std::uint32_t bits) { coder_.put_bits(raw, i, bits); });
}

}  // namespace vramlab::padic
