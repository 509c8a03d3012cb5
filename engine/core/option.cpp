#include "engine/core/option.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

struct Suffix {
  std::string_view text;
  std::uint64_t scale;
};
constexpr std::array<Suffix, 14> suffixes{{{"", 1},
                                           {"B", 1},
                                           {"K", 1ull << 10},
                                           {"KiB", 1ull << 10},
                                           {"KB", 1000ull},
                                           {"M", 1ull << 20},
                                           {"MiB", 1ull << 20},
                                           {"MB", 1000'000ull},
                                           {"G", 1ull << 30},
                                           {"GiB", 1ull << 30},
                                           {"GB", 1000'000'000ull},
                                           {"T", 1ull << 40},
                                           {"TiB", 1ull << 40},
                                           {"TB", 1000'000'000'000ull}}};

ConfigError bad_bytes(std::string_view text) {
  return ConfigError(fmt::format("'{}' is not a byte count", text), {},
                     "write for instance 4096, 512KiB, 20MiB, 1.5GiB");
}

template <class Number>
bool parse_whole(std::string_view text, Number& out) {
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, out);
  return status == std::errc() && stop == end;
}

void check_number(const OptionSpec& spec, double value) {
  if (!(value >= spec.at_least && value <= spec.at_most))
    throw ConfigError(fmt::format("{} is outside {} to {}", value, spec.at_least, spec.at_most));
}

void check_integer(const OptionSpec& spec, std::string_view text) {
  std::int64_t value = 0;
  if (!parse_whole(text, value)) throw ConfigError(fmt::format("'{}' is not a whole number", text));
  check_number(spec, static_cast<double>(value));
}

void check_real(const OptionSpec& spec, std::string_view text) {
  double value = 0;
  if (!parse_whole(text, value) || !std::isfinite(value)) throw ConfigError(fmt::format("'{}' is not a number", text));
  check_number(spec, value);
}

void check_choice(const OptionSpec& spec, std::string_view text) {
  std::string_view rest = spec.choices;
  while (!rest.empty()) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, bar) == text) return;
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  throw ConfigError(fmt::format("'{}' is not one of {}", text, spec.choices));
}

void check_value(const OptionSpec& spec, std::string_view text) {
  switch (spec.kind) {
    case OptionKind::flag:
      if (text != "true" && text != "false") throw ConfigError(fmt::format("'{}' is neither true nor false", text));
      return;
    case OptionKind::integer:
      return check_integer(spec, text);
    case OptionKind::real:
      return check_real(spec, text);
    case OptionKind::bytes:
      static_cast<void>(parse_bytes(text));
      return;
    case OptionKind::choice:
      return check_choice(spec, text);
    case OptionKind::text:
      return;
  }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

OptionValues::OptionValues(std::string_view owner, std::span<const OptionSpec> table) : owner_(owner) {
  for (const OptionSpec& spec : table) items_.push_back({&spec, std::string(spec.default_text), "default"});
}

const OptionValues::Item& OptionValues::find(std::string_view name) const {
  for (const Item& item : items_)
    if (item.spec->name == name) return item;
  std::vector<std::string_view> known;
  for (const Item& item : items_) known.push_back(item.spec->name);
  unknown_name("option of " + owner_, name, known);
}

OptionValues::Item& OptionValues::find(std::string_view name) {
  return const_cast<Item&>(std::as_const(*this).find(name));
}

bool OptionValues::has(std::string_view name) const {
  return std::any_of(items_.begin(), items_.end(), [name](const Item& item) { return item.spec->name == name; });
}

void OptionValues::set(std::string_view name, std::string_view text, std::string_view source) {
  Item& item = find(name);
  try {
    check_value(*item.spec, text);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("option {} of {}: {}", name, owner_, error.what()));
  }
  item.text = text;
  item.source = source;
}

void OptionValues::set_if_default(std::string_view name, std::string_view text, std::string_view source) {
  if (find(name).source == "default") set(name, text, source);
}

bool OptionValues::flag(std::string_view name) const { return find(name).text == "true"; }

std::int64_t OptionValues::integer(std::string_view name) const {
  std::int64_t value = 0;
  parse_whole(find(name).text, value);
  return value;
}

double OptionValues::real(std::string_view name) const {
  double value = 0;
  parse_whole(find(name).text, value);
  return value;
}

Bytes OptionValues::bytes(std::string_view name) const { return parse_bytes(find(name).text); }

std::string_view OptionValues::text(std::string_view name) const { return find(name).text; }

Bytes parse_bytes(std::string_view text) {
  if (text == "unlimited") return unlimited_bytes;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string_view suffix = text.substr(digits);
  while (!suffix.empty() && suffix.front() == ' ') suffix.remove_prefix(1);
  const auto known = std::find_if(suffixes.begin(), suffixes.end(), [&](const Suffix& s) { return s.text == suffix; });
  if (known == suffixes.end() || digits == 0) throw bad_bytes(text);
  std::uint64_t whole = 0;
  if (parse_whole(text.substr(0, digits), whole)) {
    if (whole > max_object_bytes.value * 1024 / known->scale) throw bad_bytes(text);
    return Bytes(whole * known->scale);
  }
  double value = 0;
  if (!parse_whole(text.substr(0, digits), value)) throw bad_bytes(text);
  const double scaled = value * static_cast<double>(known->scale);
  if (!(scaled >= 0 && scaled < 2.8e17)) throw bad_bytes(text);
  return Bytes(static_cast<std::uint64_t>(scaled));
}

std::string format_bytes(Bytes bytes) {
  static constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes == unlimited_bytes) return "unlimited";
  auto value = static_cast<double>(bytes.value);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes.value) : fmt::format("{:.2f} {}", value, units[unit]);
}

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (std::string_view candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace vramlab
