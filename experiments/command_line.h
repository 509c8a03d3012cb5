#pragma once
// The command line as CLI11 sees it, built from the tables of verbs and
// settings.

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/settings.h"
#include "experiments/verb.h"

namespace vramlab {

class CommandLine {
 public:
  explicit CommandLine(std::string_view version);

  /// Runs the verb that the arguments name; returns its exit code. --help and
  /// --version print and return 0. Throws ConfigError for bad usage, and what
  /// the verb throws.
  int run(int argc, const char* const* argv);

 private:
  struct Defined {
    CLI::App* app;
    const VerbInfo* verb;
    VerbRun run;
  };
  void define(const VerbInfo& verb);
  CLI::App& parent_of(const VerbInfo& verb);
  void add_settings(CLI::App& app, const VerbInfo& verb);
  void add_setting(CLI::App& app, const SettingInfo& info);
  /// The innermost verb or group that was named.
  const CLI::App& selected() const;
  [[noreturn]] void refuse_extras() const;

  CLI::App app_;
  GivenFlags given_;
  std::vector<Defined> defined_;
};

}  // namespace vramlab
