// Placement instances: read as a valid trace with a buffer a row, or refused with TraceError.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "engine/core/error.h"
#include "traces/instance_csv.h"
#include "traces/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vramlab;
  Instance instance;
  try {
    instance = read_instance_csv(std::as_bytes(std::span(data, size)), "fuzz.csv");
  } catch (const TraceError&) {
    return 0;  // refused, as it should be
  }
  const Trace trace = instance_to_trace(instance);
  validate(trace);
  if (to_instance(trace).buffers.size() != instance.buffers.size()) std::abort();
  return 0;
}
