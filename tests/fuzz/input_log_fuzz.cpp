// Any text is an input log, or one TraceError, and a log keeps its promises.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/core/error.h"
#include "engine/device/input_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vramlab;
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const InputLog log = parse_input_log(text, "fuzz.log");
    std::uint64_t position = 0;
    for (const Input& input : log.inputs) {
      if (input.position < position || input.value < 0) __builtin_trap();
      position = input.position;
    }
  } catch (const TraceError&) {
  }
  return 0;
}
