#pragma once
// What `vramlab run` tells the plug-in inside the program, through its environment.

#include <filesystem>
#include <string>

#include "experiments/child_process.h"
#include "experiments/settings.h"

namespace vramlab {

struct RunArguments {
  std::vector<std::string> command;
  std::string record;    ///< "" = none
  bool compare = false;  ///< follow PyTorch's own allocator
  bool serve = false;
};

/// Where the plug-in lies, from the folder of this program.
struct PluginFiles {
  std::filesystem::path library;
  std::filesystem::path python;  ///< the folder of sitecustomize.py

  static PluginFiles beside_program();
};

/// The one pool that the setting `pool` names; where nobody set it, the plug-in's own default. Throws ConfigError for
/// several, for an unknown one, and for one that must see the whole trace first.
std::string pool_to_run(const Settings& settings);

/// `python_path`: the PYTHONPATH there is, or "". Throws ConfigError as pool_to_run() does, and for options of pools
/// that take no part.
Variables run_environment(const RunArguments& arguments, const Settings& settings, const PluginFiles& files,
                          const std::string& python_path);

}  // namespace vramlab
