#pragma once
// Named options with a default and a reason: the command line, the sweep schema, the help text and the
// ablations read these tables.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

enum class OptionKind : std::uint8_t {
  flag,     ///< true | false
  integer,  ///< signed 64-bit
  real,     ///< finite double
  bytes,    ///< 4096, 512KiB, 20MiB, 1.5GiB, 1GB, unlimited
  choice,   ///< one of `choices`
  text      ///< anything
};

/// One line of an option table.
struct OptionSpec {
  std::string_view name;
  OptionKind kind;
  std::string_view default_text;
  std::string_view reason;        ///< one line: what it is for
  std::string_view choices = {};  ///< for choice: "a|b|c"
  double at_least = -9.2e18;      ///< inclusive bounds for integer and real
  double at_most = 9.2e18;
};

/// Values of one option table, each with where it came from. Unknown names and bad values throw ConfigError that
/// names the option, the nearest known name and what is allowed.
class OptionValues {
 public:
  OptionValues() = default;
  /// `owner` is used in messages ("pool pytorch"). The table must outlive the values.
  OptionValues(std::string_view owner, std::span<const OptionSpec> table);

  /// Later calls win. `source` is shown by `config show` ("flag", "environment", "file x.yaml:3", "recording").
  void set(std::string_view name, std::string_view text, std::string_view source);
  /// As set, but only where the option still has its default.
  void set_if_default(std::string_view name, std::string_view text, std::string_view source);
  bool has(std::string_view name) const;

  bool flag(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  Bytes bytes(std::string_view name) const;
  std::string_view text(std::string_view name) const;

  struct Item {
    const OptionSpec* spec;
    std::string text;
    std::string source;  ///< "default" until set
  };
  std::span<const Item> items() const { return items_; }

 private:
  const Item& find(std::string_view name) const;
  Item& find(std::string_view name);

  std::string owner_;
  std::vector<Item> items_;
};

/// "unlimited" parses to this.
inline constexpr Bytes unlimited_bytes{~std::uint64_t{0}};

/// Parses a byte count with an optional binary (KiB) or decimal (KB) suffix. Throws ConfigError.
Bytes parse_bytes(std::string_view text);
/// "1.50 GiB", "512 B".
std::string format_bytes(Bytes bytes);
/// The entry of `known` nearest to `name` by edit distance, or "" when none is near.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known);

}  // namespace vramlab
