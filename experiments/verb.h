#pragma once
// A verb of the command line: one file, one line in experiments/registry.cpp.
// The program, its help, its suggestions and its tests read the table.

#include <CLI/App.hpp>
#include <functional>
#include <span>
#include <string_view>

#include "experiments/settings.h"

namespace vramlab {

/// Does the verb's work after the command line was read; returns the exit code.
/// Throws Error.
using VerbRun = std::function<int(const Settings& settings)>;

struct VerbInfo {
  std::string_view name;                            ///< "replay", or with its group "trace info"
  std::string_view summary;                         ///< one line
  std::string_view example;                         ///< command lines, each beginning with "vramlab"
  std::string_view notes = {};                      ///< what the help says below the examples
  std::span<const std::string_view> settings;       ///< which settings it takes as flags
  std::span<const std::string_view> sections = {};  ///< takes --set NAME.OPTION=VALUE of these (setting_sections())
  /// Adds the verb's own arguments to `app`; the VerbRun it returns sees their
  /// values.
  VerbRun (*define)(CLI::App& app) = nullptr;
};

/// Words that verbs share as their first one.
struct VerbGroup {
  std::string_view name;
  std::string_view summary;
};

std::span<const VerbInfo> verbs();
std::span<const VerbGroup> verb_groups();

}  // namespace vramlab
