#pragma once
// JSON of strangers: parsed with bounded depth and without keys that stand twice; fields of the kind that is expected.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vramlab {

/// Says which file is wrong. All throw TraceError with it.
class JsonFields {
 public:
  using Json = nlohmann::ordered_json;

  explicit JsonFields(std::string file) : file_(std::move(file)) {}

  Json parse(std::span<const std::byte> text, int deepest) const;
  [[noreturn]] void fail(const std::string& what) const;

  /// `owner` is for the message: "tensor 'w'".
  const Json& member(const Json& object, const char* key, std::string_view owner) const;
  std::uint64_t number(const Json& object, const char* key, std::string_view owner) const;
  std::string text(const Json& object, const char* key, std::string_view owner) const;
  std::vector<std::uint64_t> numbers(const Json& object, const char* key, std::string_view owner) const;
  const Json& list(const Json& object, const char* key, std::string_view owner) const;

 private:
  std::uint64_t whole(const Json& value, const char* key, std::string_view owner) const;

  std::string file_;
};

}  // namespace vramlab
