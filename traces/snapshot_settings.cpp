#include "traces/snapshot_settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace vramlab::snapshot {
namespace {

using pickle::Dict;

std::string split_size(const Fields& fields, const Dict& settings) {
  const pickle::Value value = settings.get(word(Key::max_split_size));
  if (value.kind() == pickle::Value::Kind::integer && value.as_integer() == -1) return "unlimited";
  const std::uint64_t bytes = fields.number(settings, Key::max_split_size);
  return bytes == std::numeric_limits<std::uint64_t>::max() ? "unlimited" : fmt::to_string(bytes);
}

/// "" when all are 0.
std::string divisions(const Fields& fields, const Dict& slots) {
  std::string text;
  bool any = false;
  for (int slot = 0; slot < 16; ++slot) {
    const auto key = static_cast<Key>(static_cast<int>(Key::first_division) + slot);
    if (!fields.has(slots, key)) continue;
    const std::uint64_t count = fields.number(slots, key);
    any = any || count != 0;
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", snapshot::text(key), count);
  }
  return any ? text : "";
}

/// The shortest decimal text that reads back as the same number; "" for 0.
std::string threshold(const Fields& fields, const Dict& settings) {
  const double value = fields.real(settings, Key::garbage_collection_threshold);
  if (!std::isfinite(value) || value < 0 || value > 1)
    fields.fail(settings.offset, fmt::format("'garbage_collection_threshold' is {}, not in 0 to 1", value));
  if (value == 0) return "";
  std::array<char, 512> text{};  // fixed notation of the smallest double takes some 330 characters
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return error == std::errc() ? std::string(text.data(), end) : "";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_settings(const Fields& fields, const Dict& root) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!fields.has(root, Key::allocator_settings)) return out;
  const Dict& settings = fields.dict(root, Key::allocator_settings);
  const auto add = [&](Key key, std::string text) {
    if (!text.empty()) out.emplace_back(snapshot::text(key), std::move(text));
  };
  if (fields.has(settings, Key::max_split_size)) add(Key::max_split_size, split_size(fields, settings));
  if (fields.has(settings, Key::roundup_power2_divisions))
    add(Key::roundup_power2_divisions, divisions(fields, fields.dict(settings, Key::roundup_power2_divisions)));
  if (fields.has(settings, Key::garbage_collection_threshold))
    add(Key::garbage_collection_threshold, threshold(fields, settings));
  if (fields.has(settings, Key::expandable_segments))
    add(Key::expandable_segments, fields.flag(settings, Key::expandable_segments) ? "true" : "false");
  return out;
}

}  // namespace vramlab::snapshot
