#include "traces/snapshot_fields.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "traces/pickle_taker.h"

namespace vramlab::snapshot {

using pickle::Dict;
using pickle::List;
using pickle::Value;
using Kind = pickle::Value::Kind;

std::uint64_t Fields::number(const Dict& dict, Key key) const { return to_number(dict, key, dict.get(word(key))); }

std::int64_t Fields::signed_number(const Dict& dict, Key key) const {
  return to_signed(dict, key, dict.get(word(key)));
}

Bytes Fields::bytes(const Dict& dict, Key key) const { return to_bytes(dict, key, dict.get(word(key))); }

double Fields::real(const Dict& dict, Key key) const {
  const Value value = dict.get(word(key));
  if (value.kind() == Kind::integer) return static_cast<double>(value.as_integer());
  if (value.kind() != Kind::real) fail_type(dict, key, value, "a number");
  return value.as_real();
}

bool Fields::flag(const Dict& dict, Key key) const {
  const Value value = dict.get(word(key));
  if (value.is(Value::Constant::yes)) return true;
  if (!value.is(Value::Constant::no)) fail_type(dict, key, value, "True or False");
  return false;
}

Value Fields::text(const Dict& dict, Key key) const {
  const Value value = dict.get(word(key));
  if (value.kind() != Kind::text) fail_type(dict, key, value, "a text");
  return value;
}

List& Fields::list(const Dict& dict, Key key) const {
  const Value value = dict.get(word(key));
  if (value.kind() != Kind::list) fail_type(dict, key, value, "a list");
  return value.as_list();
}

Dict& Fields::dict(const Dict& dict, Key key) const {
  const Value value = dict.get(word(key));
  if (value.kind() != Kind::dict) fail_type(dict, key, value, "a dictionary");
  return value.as_dict();
}

Dict& Fields::dict_item(const List& list, Value item, const char* what) const {
  if (item.kind() != Kind::dict) fail(list.offset, fmt::format("{} holds {}, not dictionaries", what, describe(item)));
  return item.as_dict();
}

List& Fields::list_item(const List& list, Value item, const char* what) const {
  if (item.kind() != Kind::list) fail(list.offset, fmt::format("{} holds {}, not lists", what, describe(item)));
  return item.as_list();
}

std::int64_t Fields::to_signed(const Dict& dict, Key key, Value value) const {
  if (value.kind() == Kind::integer) return value.as_integer();
  const std::uint64_t number = to_wide_number(dict, key, value);
  if (number >> 63 != 0) fail(dict.offset, fmt::format("'{}' is {}, beyond 2^63", snapshot::text(key), number));
  return static_cast<std::int64_t>(number);
}

std::uint64_t Fields::to_wide_number(const Dict& dict, Key key, Value value) const {
  const bool wide = value.kind() == Kind::wide;
  if (!wide && value.kind() != Kind::integer) fail_type(dict, key, value, "an integer");
  if (wide && !value.as_wide().negative) return value.as_wide().magnitude;
  if (!wide && value.as_integer() >= 0) return static_cast<std::uint64_t>(value.as_integer());
  fail(dict.offset, fmt::format("'{}' is {}, but must not be negative", snapshot::text(key), describe(value)));
}

void Fields::fail(std::uint64_t offset, const std::string& what, const std::string& mend) const {
  throw TraceError(what, Where::at_byte(input_.name, offset), mend);
}

void Fields::fail_type(const Dict& dict, Key key, Value found, const char* expected) const {
  if (found.absent()) fail(dict.offset, fmt::format("a dictionary without '{}'", snapshot::text(key)));
  fail(dict.offset, fmt::format("'{}' is {}, but must be {}", snapshot::text(key), describe(found), expected));
}

void Fields::fail_size(const Dict& dict, Key key, std::uint64_t number) const {
  fail(dict.offset, fmt::format("'{}' is {} bytes, more than 2^48", snapshot::text(key), number));
}

std::string Fields::describe(Value value) const {
  constexpr std::size_t shown = 40;
  switch (value.kind()) {
    case Kind::integer:
      return fmt::to_string(value.as_integer());
    case Kind::wide:
      return fmt::format("{}{}", value.as_wide().negative ? "-" : "", value.as_wide().magnitude);
    case Kind::real:
      return fmt::format("the number {}", value.as_real());
    case Kind::text:
      return fmt::format("the text '{}'", input_.text(value).substr(0, shown));
    case Kind::dict:
      return "a dictionary";
    case Kind::list:
      return "a list";
    case Kind::constant:
      break;
  }
  if (value.is(Value::Constant::none)) return "None";
  if (value.is(Value::Constant::tuple)) return "a tuple";
  return value.is(Value::Constant::yes) ? "True" : "False";
}

List& whole(List& list) {
  if (list.taken != 0) throw pickle::TakenTooEarly();
  return list;
}

}  // namespace vramlab::snapshot
