#include "engine/device/input_log.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/output_file.h"

namespace vramlab {
namespace {

constexpr std::string_view header = "vramlab-inputs 1";
constexpr std::array<std::string_view, 5> kind_names{"completed", "failed", "measured", "pressure", "tick"};
constexpr std::uint64_t max_token = TokenId::none_value - 1;

// Reads line by line; every error names the line.
class LogReader {
 public:
  LogReader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  InputLog read() {
    if (next_line() != header) throw error("not an input log", fmt::format("the first line must be '{}'", header));
    InputLog log;
    while (!rest_.empty()) {
      const Input input = parse(next_line());
      check(input);
      log.inputs.push_back(input);
    }
    return log;
  }

 private:
  TraceError error(const std::string& what, const std::string& mend = {}) const {
    return TraceError(what, Where::at_line(name_, line_), mend);
  }

  std::string_view next_line() {
    ++line_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos)
      throw error("the line does not end", "the file is truncated: write the log again");
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }

  template <class Number>
  Number number(std::string_view field, std::string_view what) const {
    Number value{};
    const char* end = field.data() + field.size();
    const auto [stop, status] = std::from_chars(field.data(), end, value);
    if (status != std::errc() || stop != end) throw error(fmt::format("{} '{}' is not a whole number", what, field));
    return value;
  }

  InputKind kind(std::string_view field) const {
    for (std::size_t i = 0; i < kind_names.size(); ++i)
      if (kind_names[i] == field) return static_cast<InputKind>(i);
    throw error(fmt::format("unknown kind '{}'", field), fmt::format("known: {}", fmt::join(kind_names, ", ")));
  }

  Input parse(std::string_view line) const {
    std::array<std::string_view, 4> fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::size_t comma = i + 1 < fields.size() ? line.find(',') : line.size();
      if (comma == std::string_view::npos)
        throw error(fmt::format("{} fields instead of 4", i + 1), "write KIND,POSITION,SUBJECT,VALUE");
      fields[i] = line.substr(0, comma);
      line.remove_prefix(std::min(comma + 1, line.size()));
    }
    return {kind(fields[0]), number<std::uint64_t>(fields[1], "position"), number<std::uint64_t>(fields[2], "subject"),
            number<std::int64_t>(fields[3], "value")};
  }

  void check(const Input& input) {
    const bool about_token = input.kind == InputKind::completed || input.kind == InputKind::measured;
    const bool has_subject = about_token || input.kind == InputKind::failed;
    const bool has_value = input.kind == InputKind::measured || input.kind == InputKind::pressure;
    if (input.position < position_)
      throw error(fmt::format("position {} comes after position {}", input.position, position_));
    if (about_token && input.subject > max_token) throw error(fmt::format("token {} is too large", input.subject));
    if (!has_subject && input.subject != 0) throw error("this kind has no subject", "write 0");
    if (has_value ? input.value < 0 : input.value != 0)
      throw error(fmt::format("value {} is not allowed here", input.value), has_value ? "write 0 or more" : "write 0");
    if (input.kind == InputKind::failed && failed_ && input.subject <= *failed_)
      throw error(fmt::format("failed command {} comes after command {}", input.subject, *failed_));
    if (input.kind == InputKind::failed) failed_ = input.subject;
    position_ = input.position;
  }

  std::string_view rest_;
  const std::string& name_;
  std::uint64_t line_ = 0;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> failed_;
};

Where in_file(const std::string& path) { return {path, {}, {}, {}}; }

}  // namespace

InputLog parse_input_log(std::string_view text, const std::string& name) { return LogReader(text, name).read(); }

InputLog read_input_log(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw TraceError("cannot open the input log", in_file(path), "check the path and its permissions");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw TraceError("cannot read the input log", in_file(path));
  return parse_input_log(text, path);
}

void write_input_log(const InputLog& log, const std::string& path) {
  std::string text = fmt::format("{}\n", header);
  for (const Input& input : log.inputs)
    fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", kind_names[static_cast<std::size_t>(input.kind)],
                   input.position, input.subject, input.value);
  write_output_file(path, text);
}

}  // namespace vramlab
