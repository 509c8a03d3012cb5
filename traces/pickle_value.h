#pragma once
// What a pickle holds, in 8 bytes a value: small things inside, the rest by pointer into an Arena.
//
// Memory is bounded by the input: every opcode makes at most one value on the stack and one container record, and a
// container of n items holds at most 4n + 1 cells over its life. Nothing here is recursive, so neither depth nor
// cycles cost anything.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vramlab::pickle {

struct Dict;
struct List;

/// Number of a word of the reader's vocabulary; 0 = any other text.
using Word = std::uint8_t;
/// Words up to this one may be keys of dictionaries; pairs with any other key are passed over.
inline constexpr Word max_key_word = 55;

/// An integer of more than 61 bits.
struct WideInteger {
  std::uint64_t magnitude = 0;
  bool negative = false;
};

/// One value. Trivially copyable; pointers in it are owned by the Arena.
class Value {
 public:
  enum class Kind : std::uint8_t { constant, integer, wide, real, text, dict, list };
  enum class Constant : std::uint8_t { absent, none, no, yes, tuple, taken };

  constexpr Value() = default;  ///< absent: what a missing key yields
  static constexpr Value constant(Constant c) { return Value(static_cast<std::uint64_t>(c), Kind::constant); }
  /// REQUIRES: fits_inside(v).
  static constexpr Value integer(std::int64_t v) { return Value(static_cast<std::uint64_t>(v), Kind::integer); }
  static constexpr bool fits_inside(std::int64_t v) { return v >= -(std::int64_t{1} << 60) && v >> 60 <= 0; }
  static Value wide(const WideInteger* w) { return of_pointer(w, Kind::wide); }
  static Value real(const double* d) { return of_pointer(d, Kind::real); }
  /// `offset` = where the text's opcode stands in the input; below 2^53.
  static constexpr Value text(std::uint64_t offset, Word word) { return Value(offset << 8 | word, Kind::text); }
  static Value dict(Dict* d) { return of_pointer(d, Kind::dict); }
  static Value list(List* l) { return of_pointer(l, Kind::list); }

  constexpr Kind kind() const { return static_cast<Kind>(bits_ & 7); }
  constexpr bool is(Constant c) const { return bits_ == constant(c).bits_; }
  constexpr bool absent() const { return bits_ == 0; }
  constexpr std::int64_t as_integer() const { return static_cast<std::int64_t>(bits_) >> 3; }
  constexpr std::uint64_t text_offset() const { return bits_ >> 11; }
  /// The vocabulary's number of a text; 0 for all else.
  constexpr Word word() const { return kind() == Kind::text ? static_cast<Word>(bits_ >> 3) : Word{0}; }
  const WideInteger& as_wide() const { return *pointer<const WideInteger>(); }
  double as_real() const { return *pointer<const double>(); }
  Dict& as_dict() const { return *pointer<Dict>(); }
  List& as_list() const { return *pointer<List>(); }

 private:
  constexpr Value(std::uint64_t payload, Kind kind) : bits_(payload << 3 | static_cast<std::uint64_t>(kind)) {}
  template <class T>
  static Value of_pointer(T* p, Kind kind) {
    static_assert(alignof(T) >= 8, "the kind stands in the pointer's low bits");
    Value v;
    v.bits_ = reinterpret_cast<std::uintptr_t>(p) | static_cast<std::uint64_t>(kind);
    return v;
  }
  template <class T>
  T* pointer() const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kind shares the word with the pointer
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(bits_ & ~std::uint64_t{7}));
  }

  std::uint64_t bits_ = 0;
};
static_assert(sizeof(Value) == 8);

/// A dictionary reduced to the pairs whose key is in the vocabulary.
/// INVARIANT: values[r] belongs to the key with r smaller keys in `keys`.
struct Dict {
  std::uint64_t keys = 0;  ///< bit w set: the key with word w is there
  Value* values = nullptr;
  std::uint64_t offset = 0;    ///< byte of the opcode that made it
  std::uint32_t note = 0;      ///< free for the reader, e.g. the number it gave to this dictionary
  std::uint16_t capacity = 0;  ///< of values
  bool shared = false;         ///< was fetched from the memo: more than one place may hold it

  static constexpr std::uint64_t is_taken = std::uint64_t{1} << 63;  ///< as `keys`: a Taker used it
  static constexpr std::uint64_t bit(Word key) { return std::uint64_t{1} << key; }
  /// Slot of `key` among the keys of `keys`.
  static int slot(std::uint64_t keys, Word key) { return std::popcount(keys & (bit(key) - 1)); }
  Value get(Word key) const { return keys & bit(key) ? values[slot(keys, key)] : Value(); }
};

struct List {
  Value* items = nullptr;
  std::uint64_t size = 0;
  std::uint64_t capacity = 0;
  std::uint64_t offset = 0;  ///< byte of the opcode that made it
  std::uint64_t taken = 0;   ///< items before these that a Taker used and that were not kept
  std::uint32_t note = 0;    ///< free for the reader

  const Value* begin() const { return items; }
  const Value* end() const { return items + size; }
};

/// The bytes that a pickle is read from, and what messages call them.
struct Input {
  std::span<const std::byte> bytes;
  std::string name;

  /// REQUIRES: value is a text read from these bytes.
  std::string_view text(Value value) const;
};

/// Hands out memory that lives as long as the arena. THREAD-SAFETY: none.
class Arena {
 public:
  /// `expected_bytes`: about how much will be asked for; decides only the size of the chunks.
  explicit Arena(std::uint64_t expected_bytes)
      : chunk_cells_(expected_bytes < largest_chunk * 8 ? expected_bytes / 8 + 64 : largest_chunk) {}

  /// n cells of 8 bytes, not initialised.
  void* cells(std::uint64_t n) {
    if (n > left_) [[unlikely]]
      return refill(n);
    std::byte* at = next_;
    next_ += n * 8;
    left_ -= n;
    return at;
  }
  template <class T>
  T* make(const T& value) {
    static_assert(sizeof(T) % 8 == 0 && alignof(T) == 8);
    return new (cells(sizeof(T) / 8)) T(value);
  }
  Value* values(std::uint64_t n) { return static_cast<Value*>(cells(n)); }

 private:
  static constexpr std::uint64_t largest_chunk = std::uint64_t{1} << 19;  // 4 MiB

  void* refill(std::uint64_t n);

  std::byte* next_ = nullptr;
  std::uint64_t left_ = 0;
  std::uint64_t chunk_cells_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
};

}  // namespace vramlab::pickle
