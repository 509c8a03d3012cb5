#include "engine/config/yaml.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "engine/config/units.h"
#include "engine/config/yaml_tree.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

using Kind = YamlNode::Kind;

std::string_view name_of_kind(const YamlNode& node) {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a mapping";
    case Kind::scalar:
      return node.quoted ? "quoted text" : "text";
  }
  return "";
}

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

YamlValue::YamlValue(const YamlTree& tree, std::uint32_t node, std::string path)
    : tree_(&tree), node_(node), path_(std::move(path)) {}

Where YamlValue::where() const { return tree_->where(tree_->nodes[node_]); }

ConfigError YamlValue::error(const std::string& what, const std::string& mend) const {
  return ConfigError(path_.empty() ? what : fmt::format("{}: {}", path_, what), where(), mend);
}

ConfigError YamlValue::wrong_type(std::string_view expected) const {
  return error(fmt::format("expected {}, found {}", expected, name_of_kind(tree_->nodes[node_])));
}

bool YamlValue::is_null() const { return tree_->nodes[node_].kind == Kind::null; }
bool YamlValue::is_scalar() const { return tree_->nodes[node_].kind == Kind::scalar; }
bool YamlValue::is_list() const { return tree_->nodes[node_].kind == Kind::list; }
bool YamlValue::is_map() const { return tree_->nodes[node_].kind == Kind::map; }

std::string YamlValue::text() const {
  if (!is_scalar()) throw wrong_type("text");
  return tree_->nodes[node_].text;
}

const std::string& YamlValue::plain(std::string_view expected) const {
  if (!is_scalar() || tree_->nodes[node_].quoted) throw wrong_type(expected);
  return tree_->nodes[node_].text;
}

bool YamlValue::flag() const {
  const std::string& word = plain("true or false");
  if (word != "true" && word != "false") throw error(fmt::format("'{}' is neither true nor false", word));
  return word == "true";
}

std::int64_t YamlValue::integer(std::int64_t at_least, std::int64_t at_most) const {
  const std::string& digits = plain("a whole number");
  const auto value = parse_number<std::int64_t>(digits);
  if (!value) throw error(fmt::format("'{}' is not a whole number", digits));
  if (*value < at_least || *value > at_most)
    throw error(fmt::format("{} is outside {} to {}", *value, at_least, at_most));
  return *value;
}

double YamlValue::real() const {
  const std::string& digits = plain("a number");
  const auto value = parse_number<double>(digits);
  if (!value || !std::isfinite(*value)) throw error(fmt::format("'{}' is not a number", digits));
  return *value;
}

// A parser of text knows no place: its error is thrown again with ours.
template <class Parse>
auto YamlValue::parse(Parse&& parse_text) const {
  try {
    return parse_text(text());
  } catch (const ConfigError& e) {
    if (e.where().line) throw;
    throw error(e.what());
  }
}

Bytes YamlValue::bytes() const { return parse(parse_bytes); }
Nanoseconds YamlValue::duration() const { return parse(parse_duration); }
std::uint64_t YamlValue::bandwidth() const { return parse(parse_bandwidth); }

std::vector<YamlValue> YamlValue::list() const {
  if (!is_list()) throw wrong_type("a list");
  std::vector<YamlValue> values;
  for (std::uint32_t item : tree_->nodes[node_].items)
    values.emplace_back(*tree_, item, fmt::format("{}[{}]", path_, values.size()));
  return values;
}

void YamlValue::read_map(const std::function<void(YamlMap&)>& body) const {
  YamlMap map(*this);
  body(map);
  map.finish();
}

YamlMap::YamlMap(const YamlValue& value) : value_(value) {
  if (!value.is_map()) throw value.wrong_type("a mapping");
  const std::vector<std::uint32_t>& items = value.tree_->nodes[value.node_].items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) entries_.push_back({items[i], items[i + 1]});
}

std::string_view YamlMap::name_of(const Entry& entry) const { return value_.tree_->nodes[entry.key].text; }

YamlValue YamlMap::value_of(const Entry& entry) const {
  const std::string_view name = name_of(entry);
  return {*value_.tree_, entry.value,
          value_.path().empty() ? std::string(name) : fmt::format("{}.{}", value_.path(), name)};
}

std::optional<YamlValue> YamlMap::take_if(std::string_view key) {
  known_.emplace_back(key);
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return name_of(e) == key; });
  if (entry == entries_.end()) return std::nullopt;
  entry->taken = true;
  return value_of(*entry);
}

YamlValue YamlMap::take(std::string_view key) {
  if (auto value = take_if(key)) return *std::move(value);
  for (const Entry& entry : entries_) {
    const std::string_view wanted[] = {key};
    if (!entry.taken && !nearest_name(name_of(entry), wanted).empty())
      throw ConfigError(fmt::format("key '{}' is missing", key), value_.tree_->where(value_.tree_->nodes[entry.key]),
                        fmt::format("did you mean it by '{}'?", name_of(entry)));
  }
  throw value_.error(fmt::format("key '{}' is missing", key));
}

std::vector<std::pair<std::string, YamlValue>> YamlMap::take_rest() {
  std::vector<std::pair<std::string, YamlValue>> rest;
  for (Entry& entry : entries_) {
    if (entry.taken) continue;
    entry.taken = true;
    rest.emplace_back(std::string(name_of(entry)), value_of(entry));
  }
  return rest;
}

void YamlMap::finish() const {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [](const Entry& e) { return !e.taken; });
  if (entry == entries_.end()) return;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  const std::string_view nearest = nearest_name(name_of(*entry), known);
  const std::string mend = nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest);
  throw ConfigError(fmt::format("unknown key '{}'", name_of(*entry)),
                    value_.tree_->where(value_.tree_->nodes[entry->key]),
                    fmt::format("{}known: {}", mend, fmt::join(known, ", ")));
}

YamlFile::YamlFile(std::unique_ptr<const YamlTree> tree) : tree_(std::move(tree)) {}
YamlFile::YamlFile(YamlFile&&) noexcept = default;
YamlFile& YamlFile::operator=(YamlFile&&) noexcept = default;
YamlFile::~YamlFile() = default;

YamlFile YamlFile::parse(std::string_view text, const std::string& file) {
  return YamlFile(parse_yaml_tree(text, file));
}

YamlFile YamlFile::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ConfigError("cannot open the file", Where{path, {}, {}, {}}, "check the path and its permissions");
  std::string text(max_yaml_bytes + 1, '\0');  // one more than allowed, so that an endless file is refused too
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) throw ConfigError("cannot read the file", Where{path, {}, {}, {}});
  return parse(text, path);
}

YamlValue YamlFile::root() const { return {*tree_, 0, ""}; }

}  // namespace vramlab
