#include "experiments/codecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/config/units.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "experiments/packed_ratio.h"

namespace vramlab {
namespace {

constexpr std::uint32_t plain = 1000;
constexpr std::string_view at_once = "unlimited";
constexpr std::string_view as_stored = "file";

constexpr std::array<OptionSpec, 2> speed_options{{
    {"compress", OptionKind::text, at_once, "raw bytes a second that are packed, for instance 90 GB/s"},
    {"decompress", OptionKind::text, at_once, "raw bytes a second that are unpacked"},
}};

/// Speeds on an H200 of 1 GiB of float32 packed lossless, as results/codec-gpu.md has them; within an absolute error of
/// 1e-4 they are 1069 and 2223 GB/s (fast), 566 and 1322 GB/s (dense).
constexpr std::array<OptionSpec, 4> packing_options(std::string_view compress, std::string_view decompress) {
  return {{
      {"compress", OptionKind::text, compress, "raw bytes a second that are packed; measured lossless on an H200"},
      {"decompress", OptionKind::text, decompress, "raw bytes a second that are unpacked, likewise"},
      {"error", OptionKind::real, "0", "largest error of a value, in its own unit; 0: lossless", {}, 0, 1e300},
      {"dtype", OptionKind::text, as_stored, "what the values of FILE are where it cannot say, for instance bf16"},
  }};
}
constexpr auto fast_options = packing_options("1156 GB/s", "1890 GB/s");
constexpr auto dense_options = packing_options("639 GB/s", "1318 GB/s");

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

/// A file that does not get smaller is sent as it is: then nothing is packed, in no time.
template <padic::Preset preset>
CodecFigures packing_of(std::string_view file, const OptionValues& options) {
  const double error = options.real("error");
  const std::string_view dtype = options.text("dtype");
  const padic::CodecOptions settings{.mode = error > 0 ? padic::Mode::absolute : padic::Mode::lossless,
                                     .bound = error,
                                     .preset = preset,
                                     .threads = 0};
  const CodecFigures figures =
      packing(packed_ratio_per_mille(std::string(file), settings, dtype == as_stored ? "" : dtype), options);
  return figures.packs() ? figures : CodecFigures();
}

constexpr std::array<CodecMode, 5> modes{{
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
    {"padic-fast", "padic-fast:FILE, the codec's preset fast on a GPU: the ratio is that of packing FILE's tensors",
     fast_options, "FILE", packing_of<padic::Preset::fast>},
    {"padic-dense", "padic-dense:FILE, likewise its preset dense, smaller and slower", dense_options, "FILE",
     packing_of<padic::Preset::dense>},
}};

}  // namespace

std::span<const CodecMode> codecs() { return modes; }

CodecChoice parse_codec(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const CodecMode& mode = find_row(codecs(), "codec", text.substr(0, colon));
  const std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (value.empty() != mode.value.empty() || (mode.value.empty() && colon < text.size()))
    throw ConfigError(fmt::format("codec '{}' says too {}", text, mode.value.empty() ? "much" : "little"), {},
                      fmt::format("write {}{}{}", mode.name, mode.value.empty() ? "" : ":", mode.value));
  return {&mode, value};
}

}  // namespace vramlab
