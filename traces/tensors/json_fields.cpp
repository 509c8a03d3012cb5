#include "traces/tensors/json_fields.h"

#include <fmt/format.h>

#include <set>

#include "engine/core/error.h"
#include "traces/tensors/file_name.h"

namespace vramlab {

void JsonFields::fail(const std::string& what) const {
  throw TraceError(what, Where{file_, {}, {}, {}}, "copy or save the file again");
}

JsonFields::Json JsonFields::parse(std::span<const std::byte> text, int deepest) const {
  std::vector<std::set<std::string>> keys;
  const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > deepest) fail("the JSON is nested too deep");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      fail(fmt::format("the key '{}' stands twice", one_printable_line(value.get<std::string>())));
    return true;
  };
  const auto* begin = reinterpret_cast<const char*>(text.data());
  try {
    return Json::parse(begin, begin + text.size(), look);
  } catch (const Json::exception& error) {
    fail(fmt::format("the header is no JSON: {}", one_printable_line(error.what())));
  }
}

const JsonFields::Json& JsonFields::member(const Json& object, const char* key, std::string_view owner) const {
  if (!object.is_object() || !object.contains(key)) fail(fmt::format("{} has no {}", owner, key));
  return object.at(key);
}

std::uint64_t JsonFields::whole(const Json& value, const char* key, std::string_view owner) const {
  if (!value.is_number_unsigned()) fail(fmt::format("{} of {} is no whole number from 0 on", key, owner));
  return value.get<std::uint64_t>();
}

std::uint64_t JsonFields::number(const Json& object, const char* key, std::string_view owner) const {
  return whole(member(object, key, owner), key, owner);
}

std::string JsonFields::text(const Json& object, const char* key, std::string_view owner) const {
  const Json& value = member(object, key, owner);
  if (!value.is_string()) fail(fmt::format("{} of {} is no text", key, owner));
  return value.get<std::string>();
}

const JsonFields::Json& JsonFields::list(const Json& object, const char* key, std::string_view owner) const {
  const Json& value = member(object, key, owner);
  if (!value.is_array()) fail(fmt::format("{} of {} is no list", key, owner));
  return value;
}

std::vector<std::uint64_t> JsonFields::numbers(const Json& object, const char* key, std::string_view owner) const {
  std::vector<std::uint64_t> found;
  for (const Json& value : list(object, key, owner)) found.push_back(whole(value, key, owner));
  return found;
}

}  // namespace vramlab
