#pragma once
// What `dense` knows of a whole tensor: how its words are cut and the frequencies of heads and digits.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/padic/frequencies.h"
#include "engine/padic/split.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/value_coder.h"

namespace vramlab::padic {

/// Symbols in ascending order of their codes (heads) or digits (tail planes).
struct SymbolTable {
  std::uint32_t symbols = 0;  ///< 0: there is no such table
  std::array<std::uint16_t, most_symbols> codes{};
  std::array<std::uint16_t, most_symbols> frequencies{};

  /// Adds the symbols with a count that is not 0. REQUIRES: at most 256 are.
  void set(std::span<const std::uint64_t> counts);
};

struct DenseModel {
  Splitter splitter;
  SymbolTable heads;
  std::array<SymbolTable, tail_planes> planes;

  /// The header's `tables`.
  std::uint8_t tables() const;
};

/// With padding to 8 bytes.
std::vector<std::byte> write_tables(const DenseModel& model);
/// Throws TraceError where `bytes` (which begin at `at` of the stream) are not the tables that `header` names.
DenseModel read_tables(std::span<const std::byte> bytes, std::uint64_t at, const StreamHeader& header,
                       const ValueCoder& coder);

/// What belongs to each symbol of the heads, both ways.
struct SymbolTraits {
  alignas(64) std::array<std::uint8_t, 256> leads{};  ///< the magnitude above its tail
  alignas(64) std::array<std::uint8_t, 256> signs{};
  alignas(64) std::array<std::array<std::uint8_t, 256>, tail_planes> widths{};  ///< of the digits
  alignas(64) std::array<std::uint8_t, 256> tails{};                            ///< bits of all digits
  std::array<std::uint32_t, tail_planes> widest{};                              ///< digit width of the fixed split
  std::array<bool, tail_planes> used{};                                         ///< some symbol has such digits
  std::uint32_t escape_symbol = 256;                                            ///< 256: none
};
SymbolTraits traits_of(const DenseModel& model);

struct DenseDecoding {
  SymbolTraits traits;
  std::vector<std::uint32_t> head_slots;  ///< 4096
  std::array<std::vector<std::uint32_t>, tail_planes> plane_slots;
};
DenseDecoding decoding_of(const DenseModel& model);

struct DenseEncoding {
  SymbolTraits traits;
  alignas(64) std::array<std::uint8_t, 1024> ranks{};  ///< symbol by code; what is not in the table: escape_symbol
  std::array<bool, 1024> known{};
  bool drops_codes = false;  ///< some code that occurs is not in the table
  alignas(64) std::array<std::uint32_t, 256> head_entries{};
  alignas(64) std::array<std::array<std::uint32_t, 256>, tail_planes> plane_entries{};
};
/// Of the heads. `counts`: of the codes of the whole tensor.
DenseEncoding encoding_of(const DenseModel& model, std::span<const std::uint64_t> counts);
/// And of the planes that have tables.
void set_plane_entries(const DenseModel& model, DenseEncoding& encoding);

}  // namespace vramlab::padic
