#pragma once
// The whole program behind main: reads the command line, runs one verb, turns
// failures into one line and an exit code.

#include <string_view>

namespace vramlab {

/// Exit codes: 0 done, 1 the run failed, 2 bad usage or input, 3 the hardware
/// needed is not there.
int run_program(int argc, const char* const* argv, std::string_view version);

}  // namespace vramlab
