#pragma once
// Digits of many numbers in planes, for any prime below 256: plane by plane, the most significant digit first, so that
// the first planes alone give every number with an error below p^(planes left out).
//
// A plane is a byte that says how it lies, and then: nothing (zero: no digit differs from 0); sparse: u16 count, as
// many u16 indices, ascending, and the digits; masked: a bitmap of the digits that are not 0 and those digits; raw: all
// digits. Digits are packed in bit_length(p - 1) bits each, lowest bit first, and filled up to a byte. The writer takes
// the shortest, of equals the first in this order.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/padic/prime.h"

namespace vramlab::padic {

inline constexpr std::size_t most_numbers_of_planes = 65535;

/// Digits of base p that numbers below `limit` need.
int digits_for(Prime p, std::uint64_t limit);

/// REQUIRES: numbers < p^digits < 2^64, at most most_numbers_of_planes of them.
void append_digit_planes(std::span<const std::uint64_t> numbers, Prime p, int digits, std::vector<std::byte>& out);

/// Reads the first `planes` of `digits` planes into `numbers`; the digits left out are 0. Returns the bytes read.
/// Throws TraceError where `in` is no such planes: too short, an unknown kind, indices that do not grow, a digit of p
/// or more, a zero where none may be.
std::size_t read_digit_planes(std::span<const std::byte> in, Prime p, int digits, int planes,
                              std::span<std::uint64_t> numbers);

}  // namespace vramlab::padic
