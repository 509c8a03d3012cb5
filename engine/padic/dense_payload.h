#pragma once
// What the files of the dense decoder share; only they include it.

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

#include "engine/padic/dense_block.h"
#include "engine/padic/open_stream.h"

namespace vramlab::padic {

inline PlaneKind kind_of(std::uint32_t kinds, std::uint32_t plane) {
  return static_cast<PlaneKind>(kinds >> 2 * plane & 3);
}

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

/// A block of which something is known already.
struct DenseDecoder::Block {
  const std::byte* begin = nullptr;  ///< null: none
  Payload payload;
  std::uint32_t kinds = 0;      ///< of its tail planes
  std::uint32_t with_tail = 0;  ///< words that have one
  bool counted = false;         ///< `present` and `with_tail` are known
  bool has_tails = false;       ///< and `tail`
  Tail tail{};
  Scratch<std::uint8_t> symbols;
  Scratch<std::uint32_t> present;
  std::array<Scratch<std::uint8_t>, tail_planes> bytes;
};

}  // namespace vramlab::padic
