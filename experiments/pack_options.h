#pragma once
// What codec and compress are told: mode, bound, preset and what the values are.

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/padic/tensor_codec.h"
#include "traces/tensors/tensor.h"

namespace vramlab {

/// As the command line gives it; "" = not given.
struct PackArguments {
  std::string mode, preset = "dense", error, dtype;
  bool relative = false;
  unsigned threads = 1, prime = 251, digits = 0;
};

/// Adds --mode, --error, --relative, --preset, --dtype, --prime, --digits and --threads. `several`: --error and
/// --preset take lists.
void add_pack_options(CLI::App& app, PackArguments& arguments, bool several);

/// Bound where --mode says nothing: the figure of the p-adic document.
inline constexpr double default_error = 1e-6;

/// One set of options a run: mode by mode, bound by bound, preset by preset. Without --mode: lossless, and then, where
/// --error is given, within it. Throws ConfigError: words that are none, bounds that are not positive and finite, a
/// bound in lossless mode.
std::vector<padic::CodecOptions> chosen_packings(const PackArguments& arguments);
/// The one for `compress`: lossless, unless --mode or --error say otherwise. Throws ConfigError.
padic::CodecOptions chosen_packing(const PackArguments& arguments);

/// These options for values of a type: lossless where a type has no bounds (integers, bool, float64) or is not one
/// whose values are taken for fractions (float32).
padic::CodecOptions packing_for(ElementType type, padic::CodecOptions options);

padic::DType padic_dtype(ElementType type);
std::string_view mode_name(padic::Mode mode);
std::string_view preset_name(padic::Preset preset);

}  // namespace vramlab
