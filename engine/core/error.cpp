#include "engine/core/error.h"

#include <utility>

#include "engine/core/check.h"

namespace vramlab {

std::string Where::text() const {
  std::string out = file;
  const auto part = [&out](const std::optional<std::uint64_t>& number, const char* sep) {
    if (number) out += (out.empty() ? "" : sep) + std::to_string(*number);
  };
  if (!file.empty() || !line) {
    part(line, ":");
  } else {
    out = "line " + std::to_string(*line);
  }
  if (line) part(column, ":");
  if (byte) out += (out.empty() ? "byte " : ": byte ") + std::to_string(*byte);
  return out;
}

namespace {
std::string compose(std::string what, const Where& where, const std::string& mend) {
  const std::string place = where.text();
  if (!place.empty()) what.insert(0, place + ": ");
  if (!mend.empty()) what += " (" + mend + ")";
  return what;
}
}  // namespace

Error::Error(std::string what, Where where, std::string mend)
    : std::runtime_error(compose(std::move(what), where, mend)), where_(std::move(where)), mend_(std::move(mend)) {}

void check_failed(const char* expression, const char* file, int line, const std::string& detail) {
  throw InvariantError("check failed: " + std::string(expression) + (detail.empty() ? "" : ": " + detail),
                       Where::at_line(file, static_cast<std::uint64_t>(line)),
                       "this is a bug: please report it with the input that shows it");
}

}  // namespace vramlab
