#pragma once
// Strict YAML. Every key is taken by name and type; what is left over, written twice, missing or of another type is a
// ConfigError with file, line, column and, for a name, the nearest known one.
//
//   const YamlFile file = YamlFile::load("machine.yaml");
//   file.root().read_map([&](YamlMap& map) {
//     model.name = map.take("name").text();
//     if (const auto gpus = map.take_if("gpus")) model.gpus = gpus->integer(1, 8);
//   });  // a key that was not taken throws here
//
// Not read, because nothing here needs it and it is how a small file becomes a large one: anchors and aliases, tags,
// several documents. Files over 1 MiB and nesting over 100 levels are refused.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/types.h"

namespace vramlab {

struct YamlTree;
class YamlMap;

/// One value and its place. REQUIRES: its YamlFile lives.
class YamlValue {
 public:
  YamlValue(const YamlTree& tree, std::uint32_t node, std::string path);

  Where where() const;
  /// "links.host.latency"; "" for the root.
  const std::string& path() const { return path_; }
  /// An error at this place, naming the path.
  ConfigError error(const std::string& what, const std::string& mend = {}) const;

  bool is_null() const;  ///< nothing was written
  bool is_scalar() const;
  bool is_list() const;
  bool is_map() const;

  // Each throws ConfigError where the value is of another type. Numbers and flags must not be quoted.
  std::string text() const;
  bool flag() const;  ///< true | false
  std::int64_t integer(std::int64_t at_least = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t at_most = std::numeric_limits<std::int64_t>::max()) const;
  double real() const;              ///< finite
  Bytes bytes() const;              ///< parse_bytes
  Nanoseconds duration() const;     ///< parse_duration
  std::uint64_t bandwidth() const;  ///< parse_bandwidth
  std::vector<YamlValue> list() const;
  /// Runs `body` over the mapping, then refuses the keys that it did not take.
  void read_map(const std::function<void(YamlMap&)>& body) const;

 private:
  friend class YamlMap;
  template <class Parse>
  auto parse(Parse&& parse_text) const;
  const std::string& plain(std::string_view expected) const;
  ConfigError wrong_type(std::string_view expected) const;

  const YamlTree* tree_;
  std::uint32_t node_;
  std::string path_;
};

/// The keys of one mapping, in the order written. Every key asked for is a known key.
class YamlMap {
 public:
  explicit YamlMap(const YamlValue& value);

  /// Throws ConfigError where the key is missing.
  YamlValue take(std::string_view key);
  std::optional<YamlValue> take_if(std::string_view key);
  /// All keys not taken so far: for mappings with names of the user's own.
  std::vector<std::pair<std::string, YamlValue>> take_rest();
  /// Throws ConfigError for the first key not taken.
  void finish() const;

 private:
  struct Entry {
    std::uint32_t key;
    std::uint32_t value;
    bool taken = false;
  };
  YamlValue value_of(const Entry& entry) const;
  std::string_view name_of(const Entry& entry) const;

  YamlValue value_;
  std::vector<Entry> entries_;
  std::vector<std::string> known_;
};

/// A whole document.
class YamlFile {
 public:
  /// `file` is used in messages. Throws ConfigError with line and column.
  static YamlFile parse(std::string_view text, const std::string& file);
  static YamlFile load(const std::string& path);

  YamlFile(YamlFile&&) noexcept;
  YamlFile& operator=(YamlFile&&) noexcept;
  ~YamlFile();

  YamlValue root() const;

 private:
  explicit YamlFile(std::unique_ptr<const YamlTree> tree);
  std::unique_ptr<const YamlTree> tree_;
};

}  // namespace vramlab
