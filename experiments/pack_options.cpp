#include "experiments/pack_options.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "experiments/choice.h"

namespace vramlab {
namespace {

using padic::DType;
using padic::Mode;
using padic::Preset;

constexpr std::array<std::pair<std::string_view, Mode>, 4> modes{{{"lossless", Mode::lossless},
                                                                  {"bound", Mode::absolute},
                                                                  {"relative", Mode::relative},
                                                                  {"rational", Mode::rational}}};
constexpr std::array<std::pair<std::string_view, Preset>, 3> presets{
    {{"fast", Preset::fast}, {"dense", Preset::dense}, {"digits", Preset::digits}}};

constexpr std::array<std::string_view, 4> preset_words{"fast", "dense", "digits", "all"};
constexpr std::array<std::string_view, 3> mode_words{"lossless", "bound", "rational"};

template <class Table>
std::string_view name_in(const Table& table, decltype(table.front().second) value) {
  for (const auto& [name, row] : table)
    if (row == value) return name;
  return "other";
}

std::vector<Preset> chosen_presets(std::string_view list) {
  std::vector<Preset> chosen;
  for (const std::string& word : split_list(list)) {
    bool found = false;
    for (const auto& [name, preset] : presets)
      if (word == name || (word == "all" && preset != Preset::digits)) {
        chosen.push_back(preset);
        found = true;
      }
    if (!found) unknown_name("preset", word, preset_words);
  }
  if (chosen.empty()) throw ConfigError("no preset is named", {}, "one of fast, dense, digits, all");
  return chosen;
}

double bound_of(const std::string& text) {
  double bound = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), bound);
  if (status != std::errc() || stop != text.data() + text.size() || !(bound > 0) || !std::isfinite(bound))
    throw ConfigError(fmt::format("error '{}' is not a positive number", text), {}, "for instance --error 1e-4");
  return bound;
}

std::vector<double> chosen_bounds(const PackArguments& arguments) {
  std::vector<double> bounds;
  for (const std::string& text : split_list(arguments.error)) bounds.push_back(bound_of(text));
  if (bounds.empty()) bounds.push_back(default_error);
  return bounds;
}

void check_mode(const PackArguments& arguments) {
  const bool bounded = arguments.relative || !arguments.error.empty();
  if (!arguments.mode.empty() && std::ranges::find(mode_words, arguments.mode) == mode_words.end())
    unknown_name("mode", arguments.mode, mode_words);
  if (!arguments.mode.empty() && arguments.mode != "bound" && bounded)
    throw ConfigError(fmt::format("--error and --relative mean nothing in {} mode", arguments.mode), {},
                      "say --mode bound");
}

/// Without presets yet.
std::vector<padic::CodecOptions> chosen_modes(const PackArguments& arguments) {
  if (arguments.mode == "rational") return {{.mode = Mode::rational, .threads = arguments.threads}};
  std::vector<padic::CodecOptions> chosen;
  const bool bounded = arguments.mode == "bound" || arguments.relative || !arguments.error.empty();
  if (arguments.mode != "bound") chosen.push_back({.threads = arguments.threads});
  if (bounded)
    for (const double bound : chosen_bounds(arguments))
      chosen.push_back(
          {.mode = arguments.relative ? Mode::relative : Mode::absolute, .bound = bound, .threads = arguments.threads});
  return chosen;
}

}  // namespace

void add_pack_options(CLI::App& app, PackArguments& arguments, bool several) {
  const std::string list = several ? ",..." : "";
  app.add_option(
         "--mode", arguments.mode,
         "lossless: bit by bit; bound: each value within --error; rational: bit by bit, float32 as the fractions "
         "that they stand for (preset digits)")
      ->option_text("lossless|bound|rational");
  app.add_option("--error", arguments.error, "largest error of a value, in its own unit")
      ->option_text(fmt::format("E{} [1e-06]", list));
  app.add_flag("--relative", arguments.relative, "--error is a share of each value");
  app.add_option("--preset", arguments.preset,
                 "fast: bit planes, for links of tens of GB/s; dense: entropy-coded, the smallest; digits: of any "
                 "prime, to compare bases; all: fast and dense")
      ->option_text(fmt::format("fast|dense|digits{} [dense]", several ? "|all" : ""));
  app.add_option("--prime", arguments.prime, "preset digits: the base, a prime below 256")
      ->check(CLI::Range(2, 251))
      ->option_text("P [251]");
  app.add_option("--digits", arguments.digits, "mode rational: digits of a fraction's Hensel code, 0: 3")
      ->check(CLI::Range(0, 61))
      ->option_text("N [0]");
  app.add_option("--dtype", arguments.dtype,
                 "what the values are where the file cannot say: bf16 in int16, e4m3 or e5m2 in uint8")
      ->option_text("T");
  app.add_option("--threads", arguments.threads, "0: one a core; the bytes are the same")
      ->check(CLI::Range(0, 1024))
      ->option_text(fmt::format("N [{}]", arguments.threads));
}

std::vector<padic::CodecOptions> chosen_packings(const PackArguments& arguments) {
  check_mode(arguments);
  std::vector<padic::CodecOptions> chosen;
  for (padic::CodecOptions options : chosen_modes(arguments))
    for (const Preset preset : chosen_presets(options.mode == Mode::rational ? "digits" : arguments.preset)) {
      options.preset = preset;
      options.prime = static_cast<std::uint8_t>(arguments.prime);
      options.precision = arguments.digits;
      chosen.push_back(options);
    }
  return chosen;
}

padic::CodecOptions chosen_packing(const PackArguments& arguments) {
  const std::vector<padic::CodecOptions> chosen = chosen_packings(arguments);
  if (chosen_presets(arguments.preset).size() > 1 || chosen_bounds(arguments).size() > 1)
    throw ConfigError("one preset and one error make one file", {}, "name one of each");
  return chosen.back();
}

padic::CodecOptions packing_for(ElementType type, padic::CodecOptions options) {
  if (options.mode == Mode::rational ? type == ElementType::float32
                                     : element_info(type).is_float && type != ElementType::float64)
    return options;
  options.mode = Mode::lossless;
  options.bound = 0;
  return options;
}

padic::DType padic_dtype(ElementType type) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::uint8:
      return DType::uint8;
    case ElementType::int8:
      return DType::int8;
    case ElementType::uint16:
      return DType::uint16;
    case ElementType::int16:
      return DType::int16;
    case ElementType::uint32:
      return DType::uint32;
    case ElementType::int32:
      return DType::int32;
    case ElementType::uint64:
      return DType::uint64;
    case ElementType::int64:
      return DType::int64;
    case ElementType::float8_e4m3:
      return DType::float8_e4m3;
    case ElementType::float8_e5m2:
      return DType::float8_e5m2;
    case ElementType::float16:
      return DType::float16;
    case ElementType::bfloat16:
      return DType::bfloat16;
    case ElementType::float32:
      return DType::float32;
    case ElementType::float64:
      return DType::float64;
  }
  throw InvariantError("a type of elements without a number");
}

std::string_view mode_name(padic::Mode mode) { return name_in(modes, mode); }
std::string_view preset_name(padic::Preset preset) { return name_in(presets, preset); }

}  // namespace vramlab
