#pragma once
// Errors as the program around us knows them.

#include <string>

namespace vramlab::plugin {

/// Throws c10::OutOfMemoryError, which Python sees as torch.OutOfMemoryError, where PyTorch is loaded and its library
/// has that class as we know it; else OutOfMemory, which Python sees as a RuntimeError with the same text.
[[noreturn]] void throw_out_of_memory(const std::string& text);

}  // namespace vramlab::plugin
