#pragma once
// A recorded stack in one line.

#include <cstdint>
#include <string>

#include "traces/trace.h"

namespace vramlab {

/// Up to three innermost frames that say something, "forward resnet.py:155 < forward resnet.py:285": those of the
/// program's own language, which have lines, without the dispatch of modules; where there are none the library's,
/// without the allocator and the recorder. "" for an object without a stack.
std::string stack_line(const Trace& trace, std::uint32_t object);

}  // namespace vramlab
