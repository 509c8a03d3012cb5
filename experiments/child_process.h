#pragma once
// Programs that this one starts.

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace vramlab {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Runs `command` (looked up in PATH) with `variables` on top of the environment, and waits. What a terminal sends goes
/// to it alone; SIGTERM and SIGHUP are passed on. Returns its exit code, 128 + the signal where one ended it.
/// Throws ConfigError where the program cannot be started. REQUIRES: one call at a time in a process.
int run_command(const std::vector<std::string>& command, const Variables& variables);

/// Calls work() in a process of its own, so that nothing it leaves behind (a GPU's context) stays here. A
/// HardwareMissing or other Error is thrown here with its text.
void in_own_process(const std::function<void()>& work);

}  // namespace vramlab
