#include <algorithm>
#include <cstring>

#include "engine/padic/dense_block.h"

namespace vramlab::padic {
namespace {

void append(const void* bytes, std::size_t count, std::vector<std::byte>& out) {
  const std::size_t begin = out.size();
  out.resize(begin + count);
  if (count != 0) std::memcpy(out.data() + begin, bytes, count);
}

}  // namespace

DenseSplitter::DenseSplitter(const ValueCoder& coder, std::uint32_t block_words)
    : coder_(coder),
      kernels_(kernels()),
      words_(block_words),
      escapes_(padded(block_words) / 32),
      codes_(block_words),
      symbols_(block_words) {
  for (auto& digits : digits_) digits = Scratch<std::uint16_t>(block_words);
  for (auto& widths : widths_) widths = Scratch<std::uint8_t>(block_words);
}

template <class Take>
void DenseSplitter::for_each_escape(const Take& take) const {
  for (std::uint32_t row = 0; row < (n_ + 31) / 32; ++row)
    for (std::uint32_t bits = escapes_[row]; bits != 0; bits &= bits - 1)
      take(32 * row + static_cast<std::uint32_t>(__builtin_ctz(bits)));
}

void DenseSplitter::cut_heads(const std::byte* raw, std::uint32_t values, const Splitter& splitter) {
  n_ = values * coder_.format().words;
  any_escape_ = coder_.to_words(raw, values, words_.data(), escapes_.data()) != 0;
  kernels_.codes(words_.data(), n_, coder_.kind(), splitter, codes_.data());
  std::uint16_t* codes = codes_.data();
  if (any_escape_) for_each_escape([=](std::uint32_t i) { codes[i] = escape_code; });
}

void DenseSplitter::cut(const std::byte* raw, std::uint32_t values, const Splitter& splitter,
                        const DenseEncoding& encoding) {
  cut_heads(raw, values, splitter);
  kernels_.rank(codes_.data(), n_, encoding.ranks.data(), symbols_.data());
  escaped_.clear();
  if (any_escape_ || encoding.drops_codes) collect_escapes(raw, encoding);
  kernels_.magnitudes(words_.data(), n_, coder_.kind());
  for (std::uint32_t k = tail_planes; k-- > 0;) {
    ored_[k] = 0;
    if (!encoding.traits.used[k]) continue;
    kernels_.translate(symbols_.data(), n_, encoding.traits.widths[k].data(), widths_[k].data());
    ored_[k] = kernels_.peel(words_.data(), widths_[k].data(), n_, digits_[k].data());
  }
}

void DenseSplitter::collect_escapes(const std::byte* raw, const DenseEncoding& encoding) {
  const bool halves = coder_.format().words == 2;
  const auto collect = [&](std::uint32_t i) { escaped_.push_back(halves ? words_[i] : coder_.bits_at(raw, i)); };
  if (!encoding.drops_codes) return for_each_escape(collect);
  for (std::uint32_t i = 0; i < n_; ++i)
    if (codes_[i] == escape_code || !encoding.known[codes_[i]]) collect(i);
}

bool DenseSplitter::all_zero() const {
  std::uint32_t any = 0;
  for (std::uint32_t i = 0; i < n_; ++i) any |= codes_[i];
  return any == 0;
}

DenseEncoder::DenseEncoder(const ValueCoder& coder, const DenseModel& model, const DenseEncoding& encoding,
                           std::uint32_t block_words)
    : coder_(coder),
      model_(model),
      encoding_(encoding),
      kernels_(kernels()),
      cut_(coder, block_words),
      coded_((1 + tail_planes) * padded(block_words)),
      digits_(block_words),
      planes_(block_words) {}

PlaneKind DenseEncoder::kind_of(std::uint32_t plane) const {
  if (cut_.digit_bits(plane) == 0) return PlaneKind::zero;
  if (model_.planes[plane].symbols != 0) return PlaneKind::coded;
  if (encoding_.traits.widest[plane] == 0) return PlaneKind::bypass;
  return mostly_there_ ? PlaneKind::planar : PlaneKind::bypass;
}

// With the fixed split a word has a digit in every plane or in none, so one plane tells.
bool DenseEncoder::mostly_there() const {
  for (std::uint32_t k = 0; k < tail_planes; ++k) {
    if (encoding_.traits.widest[k] == 0 || !encoding_.traits.used[k]) continue;
    const std::uint8_t* widths = cut_.widths(k);
    return std::count(widths, widths + cut_.words(), std::uint8_t{0}) <= cut_.words() / 64;
  }
  return false;
}

void DenseEncoder::encode_plane(EncoderState& encoder, std::uint32_t plane, PlaneKind kind) const {
  if (kind == PlaneKind::coded)
    kernels_.encode_digits(encoder, encoding_.plane_entries[plane].data(), cut_.digits(plane), cut_.widths(plane),
                           cut_.words());
  if (kind == PlaneKind::bypass) kernels_.encode_bypass(encoder, cut_.digits(plane), cut_.widths(plane), cut_.words());
}

void DenseEncoder::append_planar(std::uint32_t plane, std::vector<std::byte>& out) {
  const std::uint32_t n = cut_.words(), width = encoding_.traits.widest[plane];
  std::copy_n(cut_.digits(plane), n, digits_.data());
  kernels_.pack(digits_.data(), n, 0, width, planes_.data());
  append(planes_.data(), std::size_t{(n + 31) / 32} * width * 4, out);
}

void DenseEncoder::encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out) {
  cut_.cut(raw, values, model_.splitter, encoding_);
  if (cut_.all_zero()) return;
  const std::size_t begin = out.size(), bytes = std::size_t{values} * coder_.format().bytes;
  append_coded(out);
  if (out.size() - begin < stored_block_bytes(bytes)) return;
  out.resize(begin);
  const BlockHeader header;  // stored
  append(&header, sizeof header, out);
  append(raw, bytes, out);
  out.resize(begin + stored_block_bytes(bytes));
}

void DenseEncoder::append_coded(std::vector<std::byte>& out) {
  EncoderState encoder;
  std::fill_n(encoder.states, lanes, lowest_state);
  std::uint16_t* end = coded_.data() + coded_.size();
  encoder.next = end;
  mostly_there_ = mostly_there();
  BlockHeader header{static_cast<std::uint8_t>(BlockKind::dense), 0, 0, 0};
  std::array<PlaneKind, tail_planes> kinds{};
  for (std::uint32_t k = tail_planes; k-- > 0;) {
    kinds[k] = kind_of(k);
    header.planes = static_cast<std::uint8_t>(header.planes | static_cast<unsigned>(kinds[k]) << 2 * k);
    encode_plane(encoder, k, kinds[k]);
  }
  kernels_.encode_symbols(encoder, encoding_.head_entries.data(), cut_.symbols(), cut_.words());
  header.coder_words = static_cast<std::uint32_t>(end - encoder.next);
  append(&header, sizeof header, out);
  append(encoder.states, sizeof encoder.states, out);
  append(encoder.next, std::size_t{header.coder_words} * 2, out);
  if (header.coder_words % 2 != 0) out.resize(out.size() + 2);
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    if (kinds[k] == PlaneKind::planar) append_planar(k, out);
  if (!cut_.escaped().empty()) {
    const auto count = static_cast<std::uint32_t>(cut_.escaped().size());
    append(&count, sizeof count, out);
    append(cut_.escaped().data(), std::size_t{count} * 4, out);
  }
  if (out.size() % stream_alignment != 0) out.resize(out.size() + 4);
}

}  // namespace vramlab::padic
