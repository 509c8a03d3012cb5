#include "experiments/codecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/config/units.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

constexpr std::uint32_t plain = 1000;
constexpr std::string_view at_once = "unlimited";

constexpr std::array<OptionSpec, 2> speed_options{{
    {"compress", OptionKind::text, at_once, "raw bytes a second that are packed, for instance 90 GB/s"},
    {"decompress", OptionKind::text, at_once, "raw bytes a second that are unpacked"},
}};

std::uint32_t ratio_of(std::string_view text) {
  double ratio = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (status != std::errc() || stop != text.data() + text.size() || !(ratio >= 1 && ratio <= 1000))
    throw ConfigError(fmt::format("codec ratio '{}' is not a number from 1 to 1000", text), {},
                      "raw bytes over packed bytes: ratio:1.5");
  return static_cast<std::uint32_t>(std::lround(ratio * plain));
}

std::uint64_t speed(const OptionValues& options, std::string_view name) {
  const std::string_view text = options.text(name);
  return text == at_once ? 0 : parse_bandwidth(text);
}

CodecFigures packing(std::uint32_t ratio_per_mille, const OptionValues& options) {
  return {ratio_per_mille, speed(options, "compress"), speed(options, "decompress")};
}

constexpr std::array<CodecMode, 3> modes{{
    {"none",
     "bytes pass the links as they are",
     {},
     {},
     [](std::string_view, const OptionValues&) { return CodecFigures(); }},
    {"half",
     "every transfer is halved, as a codec of ratio 2 would do",
     speed_options,
     {},
     [](std::string_view, const OptionValues& options) { return packing(2 * plain, options); }},
    {"ratio", "ratio:X, raw bytes over packed bytes", speed_options, "X",
     [](std::string_view value, const OptionValues& options) { return packing(ratio_of(value), options); }},
}};

}  // namespace

std::span<const CodecMode> codecs() { return modes; }

CodecChoice parse_codec(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const CodecMode& mode = find_row(codecs(), "codec", text.substr(0, colon));
  if ((colon == text.size()) != mode.value.empty())
    throw ConfigError(fmt::format("codec '{}' says too {}", text, mode.value.empty() ? "much" : "little"), {},
                      fmt::format("write {}{}{}", mode.name, mode.value.empty() ? "" : ":", mode.value));
  return {&mode, text.substr(std::min(colon + 1, text.size()))};
}

}  // namespace vramlab
