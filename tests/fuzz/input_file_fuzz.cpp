// Compressed bytes: unpacked up to a limit or refused with TraceError. Plain ones: told by content, then read or
// refused.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "engine/core/error.h"
#include "traces/decompress.h"
#include "traces/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vramlab;
  constexpr std::uint64_t limit = 1 << 20;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const Compression compression = compression_of(bytes);
    if (compression == Compression::none) {
      for (const Trace& trace : read_traces(bytes, "fuzz")) validate(trace);
    } else if (decompress(bytes, compression, "fuzz", limit).size() > limit) {
      std::abort();
    }
  } catch (const TraceError&) {  // refused, as it should be
  }
  return 0;
}
