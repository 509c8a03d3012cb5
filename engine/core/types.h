#pragma once
// The words everybody uses.
//
// GLOSSARY
//   trace        a recorded or generated sequence of events of one device
//   event        one entry of a trace: alloc, free_requested, free_completed, op, iteration, ...
//   position     index of an event in its trace; the only time a policy knows
//   operator     a recorded GPU computation with the blocks it reads and writes
//   iteration    one repetition of the training or inference loop
//   requested    bytes that the program asked for
//   allocated    bytes after the pool's rounding
//   reserved     physical bytes taken from the device, cached ones included
//   object       one allocation, numbered in order of appearance in its trace
//   block        the place of a live object; BlockId is a recycled slot (dense among the live ones)
//   segment      contiguous memory taken from a tier in one call
//   page         physical memory without an address (cuMemCreate)
//   range        virtual addresses without memory (cuMemAddressReserve)
//   interval     [lower, upper) in positions times a size: the lifetime of an object
//   load         sum of live bytes at a position; its maximum is a lower bound of any placement
//   tier         device, peer, host or disk
//   link         what moves bytes between two tiers
//   transfer     one asynchronous copy over a link
//   token        names the completion of a transfer or of a stream's work so far
//   absence      time between two consecutive accesses of an object
//   DOA          duration of absence: absence minus the times to swap out and in
//   AOA          DOA weighted by size;   WDOA  integral of the excess load over the absence
//   SWDOA        WDOA with the load refreshed after every choice
//   stall        time that computation waits for memory
//   digit, plane, valuation, unit   p-adic words: see engine/padic
//
// Bytes, nanoseconds and ids are distinct types: none converts to another.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace vramlab {

/// A number with a unit. Adds and compares with its own kind only, scales by plain numbers.
template <class Tag, class Rep>
struct Quantity {
  Rep value{};

  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep v) : value(v) {}

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  constexpr Quantity& operator+=(Quantity o) {
    value += o.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity o) {
    value -= o.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value + b.value); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value - b.value); }
  friend constexpr Quantity operator*(Quantity a, Rep k) { return Quantity(a.value * k); }
  friend constexpr Quantity operator*(Rep k, Quantity a) { return Quantity(a.value * k); }
  friend constexpr Quantity operator/(Quantity a, Rep k) { return Quantity(a.value / k); }
  friend constexpr Rep operator/(Quantity a, Quantity b) { return a.value / b.value; }
  friend constexpr Quantity operator%(Quantity a, Quantity b) { return Quantity(a.value % b.value); }
};

/// A dense number that names something; no arithmetic.
template <class Tag, class Rep>
struct Id {
  Rep value = none_value;
  static constexpr Rep none_value = std::numeric_limits<Rep>::max();

  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  static constexpr Id none() { return Id(); }
  constexpr bool valid() const { return value != none_value; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

using Bytes = Quantity<struct BytesTag, std::uint64_t>;
using Nanoseconds = Quantity<struct NanosecondsTag, std::int64_t>;
/// A logical address: recorded or assigned by the Port, never a pointer.
using Address = Quantity<struct AddressTag, std::uint64_t>;

using BlockId = Id<struct BlockTag, std::uint32_t>;
using ObjectId = Id<struct ObjectTag, std::uint32_t>;
using SegmentId = Id<struct SegmentTag, std::uint32_t>;
using RangeId = Id<struct RangeTag, std::uint32_t>;
using PageId = Id<struct PageTag, std::uint32_t>;
using StreamId = Id<struct StreamTag, std::uint16_t>;
using TokenId = Id<struct TokenTag, std::uint32_t>;

constexpr Address operator+(Address a, Bytes b) { return Address(a.value + b.value); }
constexpr Bytes distance(Address from, Address to) { return Bytes(to.value - from.value); }

inline namespace literals {
constexpr Bytes operator""_B(unsigned long long v) { return Bytes(v); }
constexpr Bytes operator""_KiB(unsigned long long v) { return Bytes(v << 10); }
constexpr Bytes operator""_MiB(unsigned long long v) { return Bytes(v << 20); }
constexpr Bytes operator""_GiB(unsigned long long v) { return Bytes(v << 30); }
constexpr Nanoseconds operator""_ns(unsigned long long v) { return Nanoseconds(static_cast<std::int64_t>(v)); }
constexpr Nanoseconds operator""_us(unsigned long long v) { return Nanoseconds(static_cast<std::int64_t>(v) * 1000); }
}  // namespace literals

/// Sizes of objects and segments stay below this; readers refuse more.
inline constexpr Bytes max_object_bytes{std::uint64_t{1} << 48};

/// Smallest multiple of `granule` (> 0) that is >= b.
constexpr Bytes round_up(Bytes b, Bytes granule) {
  return Bytes((b.value + granule.value - 1) / granule.value * granule.value);
}
constexpr Bytes round_down(Bytes b, Bytes granule) { return Bytes(b.value / granule.value * granule.value); }

enum class Tier : std::uint8_t { device, peer, host, disk };

}  // namespace vramlab
