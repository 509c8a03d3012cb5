#pragma once
// What `--codec` chooses among: which figures stand for a codec where memory is only counted.

#include <span>
#include <string_view>

#include "engine/core/option.h"
#include "engine/device/codec.h"

namespace vramlab {

struct CodecMode {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  std::string_view value = {};  ///< what follows "name:"; "" = nothing may
  /// `value` is that text. Throws ConfigError; TraceError where it names a file that cannot be read.
  CodecFigures (*figures)(std::string_view value, const OptionValues& options) = nullptr;
};

std::span<const CodecMode> codecs();

/// The row and the value that "none", "half", "ratio:1.5", "padic-dense:weight.npy" name. Throws ConfigError.
struct CodecChoice {
  const CodecMode* mode = nullptr;
  std::string_view value;
};
CodecChoice parse_codec(std::string_view text);

}  // namespace vramlab
