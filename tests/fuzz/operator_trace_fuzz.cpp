// Operator traces: whatever the bytes are, they are read as a valid trace or refused with TraceError.

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/error.h"
#include "traces/operator_trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vramlab;
  std::vector<Trace> traces;
  try {
    traces = read_operator_trace(std::as_bytes(std::span(data, size)), "fuzz.csv");
  } catch (const TraceError&) {  // refused, as it should be
  }
  for (const Trace& trace : traces) validate(trace);
  return 0;
}
