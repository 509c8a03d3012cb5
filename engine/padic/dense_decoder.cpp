#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>

#include "engine/padic/dense_block.h"
#include "engine/padic/open_stream.h"

namespace vramlab::padic {

/// What is left of a block.
struct DenseDecoder::Payload {
  std::span<const std::byte> left;
  DecoderState coder;

  std::span<const std::byte> take(std::size_t count, const char* what) {
    if (count > left.size()) refuse_stream(std::string("a block that ends within ") + what, 0);
    const auto taken = left.first(count);
    left = left.subspan(count);
    return taken;
  }
  void open_coder(std::uint32_t words) {
    if (!try_coder(words))
      refuse_stream("a block with coder words beyond its end, or states that no encoder leaves", 0);
  }
  bool try_coder(std::uint32_t words) {
    const std::uint64_t bytes = rounded_up(std::uint64_t{words} * 2, 4);
    if (left.size() < sizeof coder.states + bytes) return false;
    std::memcpy(coder.states, take(sizeof coder.states, "its states").data(), sizeof coder.states);
    coder.next = reinterpret_cast<const std::uint16_t*>(take(bytes, "its coder words").data());
    coder.end = coder.next + words;
    return std::all_of(std::begin(coder.states), std::end(coder.states),
                       [](std::uint32_t state) { return state >= lowest_state && state < lowest_state << 16; });
  }
  static void need(bool enough) {
    if (!enough) refuse_stream("a block whose coder words run out", 0);
  }
  void close_coder() const {
    bool closed = coder.next == coder.end;
    for (const std::uint32_t state : coder.states) closed = closed && state == lowest_state;
    if (!closed) refuse_stream("a block whose coder does not end where it began", 0);
  }
};

DenseDecoder::DenseDecoder(const ValueCoder& coder, const DenseModel& model, const DenseDecoding& decoding,
                           std::uint32_t block_words)
    : coder_(coder),
      model_(model),
      decoding_(decoding),
      kernels_(kernels()),
      words_(padded(block_words)),
      digits_(padded(block_words)),
      symbols_(padded(block_words)),
      widths_(padded(block_words)),
      ahead_symbols_(padded(block_words)) {}

void DenseDecoder::decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw,
                          ErrorBound* error) {
  const std::size_t bytes = std::size_t{values} * coder_.format().bytes;
  n_ = values * coder_.format().words;
  if (block.empty()) {
    std::fill_n(raw, bytes, std::byte{0});
    return;
  }
  Payload payload{block, {}};
  BlockHeader header;
  std::memcpy(&header, payload.take(sizeof header, "its header").data(), sizeof header);
  if (header.kind == static_cast<std::uint8_t>(BlockKind::stored)) {
    if (block.size() != stored_block_bytes(bytes)) refuse_stream("a stored block of another length", 0);
    std::memcpy(raw, payload.left.data(), bytes);
    return;
  }
  if (header.kind != static_cast<std::uint8_t>(BlockKind::dense)) refuse_stream("a block of another preset", 0);
  payload.open_coder(header.coder_words);
  read_heads(payload, block.data());
  if (planes >= tail_planes && all_planar(header.planes)) {
    join_planar(payload);
  } else {
    read_planes(payload, header.planes, planes);
    if (planes < tail_planes) settle(planes, error);
    kernels_.restore(words_.data(), symbols_.data(), n_, decoding_.traits.signs.data(), coder_.kind());
  }
  if (planes >= tail_planes) payload.close_coder();
  put_out(payload, values, raw);
}

void DenseDecoder::read_heads(Payload& payload, const std::byte* block) {
  if (ahead_ == block) {
    symbols_.swap(ahead_symbols_);
    payload.coder = ahead_coder_;
    ahead_ = nullptr;
    return;
  }
  const DecoderState begin = payload.coder;
  if (read_pair(payload)) return;
  payload.coder = begin;
  Payload::need(kernels_.decode_symbols(payload.coder, decoding_.head_slots.data(), n_, symbols_.data()));
}

/// Together with the block that was announced. False: it is none to be coded, or one of the two is damaged.
bool DenseDecoder::read_pair(Payload& payload) {
  Payload next{std::exchange(announced_, {}), {}};
  const std::byte* begin = next.left.data();
  BlockHeader header;
  if (next.left.size() < sizeof header + sizeof next.coder.states) return false;
  std::memcpy(&header, next.take(sizeof header, "its header").data(), sizeof header);
  if (header.kind != static_cast<std::uint8_t>(BlockKind::dense)) return false;
  if (!next.try_coder(header.coder_words)) return false;
  if (!kernels_.decode_symbols_pair(payload.coder, next.coder, decoding_.head_slots.data(), n_, symbols_.data(),
                                    ahead_symbols_.data()))
    return false;
  ahead_ = begin;
  ahead_coder_ = next.coder;
  return true;
}

void DenseDecoder::read_planes(Payload& payload, std::uint32_t kinds, std::uint32_t planes) {
  kernels_.lead(symbols_.data(), n_, decoding_.traits.leads.data(), words_.data());
  for (std::uint32_t k = 0; k < tail_planes; ++k) {
    const auto kind = static_cast<PlaneKind>(kinds >> 2 * k & 3);
    if (k < planes)
      plane(payload, k, kind);
    else if (kind == PlaneKind::planar)
      payload.take(std::size_t{(n_ + 31) / 32} * decoding_.traits.widest[k] * 4, "a plane");
  }
}

bool DenseDecoder::all_planar(std::uint32_t kinds) const {
  if (model_.splitter.split != Split::fixed || model_.splitter.tail == 0) return false;
  for (std::uint32_t k = 0; k < tail_planes; ++k) {
    const bool planar = static_cast<PlaneKind>(kinds >> 2 * k & 3) == PlaneKind::planar;
    if (planar != (decoding_.traits.widest[k] != 0)) return false;
  }
  return true;
}

// The planes of all digits lie one after the other, as those of one number would. Words without a tail have zeros
// there, and nothing above.
void DenseDecoder::join_planar(Payload& payload) {
  const std::uint32_t tail = model_.splitter.tail;
  const auto bits = payload.take(std::size_t{(n_ + 31) / 32} * tail * 4, "its planes");
  kernels_.unpack(reinterpret_cast<const std::uint32_t*>(bits.data()), n_, tail, tail, 0, words_.data());
  const SymbolTraits& traits = decoding_.traits;
  kernels_.add_heads(words_.data(), symbols_.data(), n_, tail, traits.leads.data(), traits.signs.data(), coder_.kind());
}

void DenseDecoder::plane(Payload& payload, std::uint32_t plane, PlaneKind kind) {
  const SymbolTraits& traits = decoding_.traits;
  if (!traits.used[plane] && kind == PlaneKind::zero) return;
  kernels_.translate(symbols_.data(), n_, traits.widths[plane].data(), widths_.data());
  switch (kind) {
    case PlaneKind::zero:
      return kernels_.shift(words_.data(), widths_.data(), n_, false);
    case PlaneKind::bypass:
      return Payload::need(kernels_.decode_bypass(payload.coder, widths_.data(), n_, words_.data()));
    case PlaneKind::coded:
      if (model_.planes[plane].symbols == 0) refuse_stream("a coded plane without a table", 0);
      return Payload::need(kernels_.decode_digits(payload.coder, decoding_.plane_slots[plane].data(), widths_.data(),
                                                  n_, words_.data()));
    case PlaneKind::planar:
      break;
  }
  const std::uint32_t width = traits.widest[plane];
  if (width == 0) refuse_stream("a planar plane of no bits", 0);
  const auto bits = payload.take(std::size_t{(n_ + 31) / 32} * width * 4, "a plane");
  kernels_.unpack(reinterpret_cast<const std::uint32_t*>(bits.data()), n_, width, width, 0, digits_.data());
  kernels_.append(words_.data(), widths_.data(), digits_.data(), n_);
}

void DenseDecoder::settle(std::uint32_t taken, ErrorBound* error) {
  const SymbolTraits& traits = decoding_.traits;
  std::array<std::uint32_t, 256> missing{};
  for (std::size_t s = 0; s < missing.size(); ++s)
    for (std::uint32_t k = taken; k < tail_planes; ++k) missing[s] += traits.widths[k][s];
  const std::uint32_t zero = coder_.zero();
  for (std::uint32_t i = 0; i < n_; ++i) {
    const std::uint32_t bits = missing[symbols_[i]], first = words_[i] << bits;
    words_[i] = error->settle(zero + first, bits) - zero;
  }
}

std::span<const std::uint32_t> DenseDecoder::escapes_of(Payload& payload) {
  const std::uint32_t symbol = decoding_.traits.escape_symbol;
  if (symbol > 255) return {};
  const auto wanted = static_cast<std::uint32_t>(
      std::count(symbols_.begin(), symbols_.begin() + n_, static_cast<std::uint8_t>(symbol)));
  if (wanted == 0) return {};
  std::uint32_t count = 0;
  std::memcpy(&count, payload.take(sizeof count, "its escapes").data(), sizeof count);
  if (count != wanted) refuse_stream("a block with another number of escapes", 0);
  const auto bits = payload.take(std::size_t{count} * 4, "its escapes");
  return {reinterpret_cast<const std::uint32_t*>(bits.data()), count};
}

void DenseDecoder::put_out(Payload& payload, std::uint32_t values, std::byte* raw) {
  const auto escaped = escapes_of(payload);
  if (payload.left.size() >= stream_alignment) refuse_stream("a block with bytes behind its end", 0);
  const bool halves = coder_.format().words == 2;
  const auto for_each = [&](auto put) {
    for (std::uint32_t i = 0, at = 0; at < escaped.size(); ++i)
      if (symbols_[i] == decoding_.traits.escape_symbol) put(i, escaped[at++]);
  };
  if (halves) for_each([&](std::uint32_t i, std::uint32_t bits) { words_[i] = bits; });
  coder_.to_values(words_.data(), values, raw);
  if (!halves) for_each([&](std::uint32_t i, std::uint32_t bits) { coder_.put_bits(raw, i, bits); });
}

}  // namespace vramlab::padic
