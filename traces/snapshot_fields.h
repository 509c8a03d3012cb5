#pragma once
// Typed access to the dictionaries of a snapshot. Every failure is a TraceError that names the key, what stands there
// and the byte offset of the dictionary.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/types.h"
#include "traces/pickle_value.h"
#include "traces/snapshot_words.h"

namespace vramlab::snapshot {

class Fields {
 public:
  /// REQUIRES: input outlives the Fields.
  explicit Fields(const pickle::Input& input) : input_(input) {}

  bool has(const pickle::Dict& dict, Key key) const { return (dict.keys & pickle::Dict::bit(word(key))) != 0; }
  /// A non-negative integer of up to 64 bits.
  std::uint64_t number(const pickle::Dict& dict, Key key) const;
  std::int64_t signed_number(const pickle::Dict& dict, Key key) const;
  /// A number of bytes, at most max_object_bytes.
  Bytes bytes(const pickle::Dict& dict, Key key) const;
  double real(const pickle::Dict& dict, Key key) const;
  bool flag(const pickle::Dict& dict, Key key) const;
  pickle::Value text(const pickle::Dict& dict, Key key) const;
  pickle::List& list(const pickle::Dict& dict, Key key) const;
  pickle::Dict& dict(const pickle::Dict& dict, Key key) const;
  /// An item of a list that holds dictionaries (or lists); `what` names the list in messages.
  pickle::Dict& dict_item(const pickle::List& list, pickle::Value item, const char* what) const;
  pickle::List& list_item(const pickle::List& list, pickle::Value item, const char* what) const;

  /// As number() and bytes(), for a value that was looked up already.
  std::uint64_t to_number(const pickle::Dict& dict, Key key, pickle::Value value) const {
    if (value.kind() == pickle::Value::Kind::integer && value.as_integer() >= 0) [[likely]]
      return static_cast<std::uint64_t>(value.as_integer());
    return to_wide_number(dict, key, value);
  }
  Bytes to_bytes(const pickle::Dict& dict, Key key, pickle::Value value) const {
    const std::uint64_t number = to_number(dict, key, value);
    if (number > max_object_bytes.value) [[unlikely]]
      fail_size(dict, key, number);
    return Bytes(number);
  }
  std::int64_t to_signed(const pickle::Dict& dict, Key key, pickle::Value value) const;

  const pickle::Input& input() const { return input_; }
  [[noreturn]] void fail(std::uint64_t offset, const std::string& what, const std::string& mend = {}) const;
  [[noreturn]] void fail_type(const pickle::Dict& dict, Key key, pickle::Value found, const char* expected) const;

 private:
  std::uint64_t to_wide_number(const pickle::Dict& dict, Key key, pickle::Value value) const;
  [[noreturn]] void fail_size(const pickle::Dict& dict, Key key, std::uint64_t number) const;
  std::string describe(pickle::Value value) const;

  const pickle::Input& input_;
};

/// Throws TakenTooEarly when items of a list that is needed whole were taken while it was read.
pickle::List& whole(pickle::List& list);

}  // namespace vramlab::snapshot
