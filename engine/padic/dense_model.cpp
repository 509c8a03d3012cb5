#include "engine/padic/dense_model.h"

#include <algorithm>
#include <cstring>

#include "engine/padic/open_stream.h"

namespace vramlab::padic {
namespace {

void append(const SymbolTable& table, std::vector<std::byte>& out) {
  out.push_back(static_cast<std::byte>(table.symbols & 0xFFU));
  out.push_back(static_cast<std::byte>(table.symbols >> 8));
  for (std::uint32_t s = 0; s < table.symbols; ++s) {
    const std::uint32_t entry = table.codes[s] + ((table.frequencies[s] - 1U) << 10);
    for (const std::uint32_t shift : {0U, 8U, 16U}) out.push_back(static_cast<std::byte>(entry >> shift & 0xFFU));
  }
}

/// Reads the tables one after the other.
class TableReader {
 public:
  TableReader(std::span<const std::byte> bytes, std::uint64_t at) : bytes_(bytes), begin_(at) {}

  /// Codes are at most `highest`, or the escape's if that may be.
  SymbolTable next(std::uint32_t highest, bool escape) {
    SymbolTable table;
    table.symbols = take() | take() << 8;
    if (table.symbols < 1 || table.symbols > most_symbols) refuse("a table of " + std::to_string(table.symbols));
    std::uint32_t sum = 0;
    for (std::uint32_t s = 0; s < table.symbols; ++s) {
      const std::uint32_t entry = take() | take() << 8 | take() << 16;
      const std::uint32_t code = entry & 1023U, frequency = (entry >> 10) + 1;
      if (code > highest && !(escape && code == escape_code)) refuse("a code that no word has");
      if (s != 0 && code <= table.codes[s - 1]) refuse("codes that do not ascend");
      table.codes[s] = static_cast<std::uint16_t>(code);
      table.frequencies[s] = static_cast<std::uint16_t>(frequency);
      sum += frequency;
    }
    if (sum != probability_scale) refuse("frequencies whose sum is " + std::to_string(sum));
    return table;
  }
  void finish() {
    if (bytes_.size() - at_ >= stream_alignment) refuse("bytes after the tables");
    while (at_ < bytes_.size())
      if (take() != 0) refuse("padding that is not zero");
  }

 private:
  std::uint32_t take() {
    if (at_ == bytes_.size()) refuse("tables that end too early");
    return std::to_integer<std::uint32_t>(bytes_[at_++]);
  }
  [[noreturn]] void refuse(const std::string& what) const { refuse_stream(what, begin_ + at_); }

  std::span<const std::byte> bytes_;
  std::uint64_t begin_;
  std::size_t at_ = 0;
};

/// Calls f(symbol, first slot).
template <typename F>
void for_each_symbol(const SymbolTable& table, F f) {
  std::uint32_t first = 0;
  for (std::uint32_t s = 0; s < table.symbols; ++s) {
    f(s, first);
    first += table.frequencies[s];
  }
}

/// `digits`: symbols stand for themselves, not for their rank.
std::vector<std::uint32_t> slots_of(const SymbolTable& table, bool digits) {
  std::vector<std::uint32_t> slots(table.symbols == 0 ? 0 : probability_scale);
  for_each_symbol(table, [&](std::uint32_t s, std::uint32_t first) {
    const std::uint32_t begin = decoder_slot(digits ? table.codes[s] : s, table.frequencies[s], 0);
    for (std::uint32_t i = 0; i < table.frequencies[s]; ++i) slots[first + i] = begin + decoder_slot(0, 1, i);
  });
  return slots;
}

}  // namespace

void SymbolTable::set(std::span<const std::uint64_t> counts) {
  std::array<std::uint64_t, most_symbols> kept{};
  symbols = 0;
  for (std::size_t code = 0; code < counts.size(); ++code) {
    if (counts[code] == 0) continue;
    codes[symbols] = static_cast<std::uint16_t>(code);
    kept[symbols++] = counts[code];
  }
  if (symbols != 0) set_frequencies(kept.data(), symbols, frequencies.data());
}

std::uint8_t DenseModel::tables() const {
  std::uint32_t bits = heads.symbols != 0 ? 1U : 0U;
  for (std::uint32_t k = 0; k < tail_planes; ++k) bits |= planes[k].symbols != 0 ? 2U << k : 0U;
  return static_cast<std::uint8_t>(bits);
}

std::vector<std::byte> write_tables(const DenseModel& model) {
  std::vector<std::byte> out;
  if (model.heads.symbols != 0) append(model.heads, out);
  for (const SymbolTable& plane : model.planes)
    if (plane.symbols != 0) append(plane, out);
  out.resize(rounded_up(out.size(), stream_alignment));
  return out;
}

DenseModel read_tables(std::span<const std::byte> bytes, std::uint64_t at, const StreamHeader& header,
                       const ValueCoder& coder) {
  DenseModel model;
  model.splitter = coder.splitter(header.lead_bits);
  const std::uint32_t sign = coder.kind() == WordKind::plain ? 0U : 1U;
  TableReader reader(bytes, at);
  if ((header.tables & 1U) != 0)
    model.heads = reader.next(2U * model.splitter.class_of(coder.most_magnitude()) + sign, true);
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    if ((header.tables & 2U << k) != 0) model.planes[k] = reader.next(255, false);
  reader.finish();
  return model;
}

SymbolTraits traits_of(const DenseModel& model) {
  SymbolTraits traits;
  const Splitter& splitter = model.splitter;
  for (std::uint32_t s = 0; s < model.heads.symbols; ++s) {
    const std::uint32_t code = model.heads.codes[s];
    if (code == escape_code) {
      traits.escape_symbol = s;
      continue;
    }
    const std::uint32_t cls = code >> 1, tail = splitter.tail_bits(cls);
    traits.signs[s] = static_cast<std::uint8_t>(code & 1U);
    traits.leads[s] = static_cast<std::uint8_t>(splitter.first_of(cls) >> tail);
    traits.tails[s] = static_cast<std::uint8_t>(tail);
    for (std::uint32_t k = 0; k < tail_planes; ++k) {
      traits.widths[k][s] = static_cast<std::uint8_t>(splitter.digit_bits(tail, k));
      traits.used[k] = traits.used[k] || traits.widths[k][s] != 0;
    }
  }
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    traits.widest[k] = splitter.split == Split::fixed ? splitter.digit_bits(splitter.tail, k) : 0U;
  return traits;
}

DenseDecoding decoding_of(const DenseModel& model) {
  DenseDecoding decoding{traits_of(model), slots_of(model.heads, false), {}};
  for (std::uint32_t k = 0; k < tail_planes; ++k) decoding.plane_slots[k] = slots_of(model.planes[k], true);
  return decoding;
}

DenseEncoding encoding_of(const DenseModel& model, std::span<const std::uint64_t> counts) {
  DenseEncoding encoding;
  encoding.traits = traits_of(model);
  encoding.ranks.fill(static_cast<std::uint8_t>(encoding.traits.escape_symbol & 0xFFU));
  for_each_symbol(model.heads, [&](std::uint32_t s, std::uint32_t first) {
    encoding.ranks[model.heads.codes[s]] = static_cast<std::uint8_t>(s);
    encoding.known[model.heads.codes[s]] = true;
    encoding.head_entries[s] = encoder_entry(model.heads.frequencies[s], first);
  });
  for (std::uint32_t code = 0; code < counts.size(); ++code)
    encoding.drops_codes = encoding.drops_codes || (counts[code] != 0 && !encoding.known[code]);
  return encoding;
}

void set_plane_entries(const DenseModel& model, DenseEncoding& encoding) {
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    for_each_symbol(model.planes[k], [&](std::uint32_t s, std::uint32_t first) {
      encoding.plane_entries[k][model.planes[k].codes[s]] = encoder_entry(model.planes[k].frequencies[s], first);
    });
}

}  // namespace vramlab::padic
