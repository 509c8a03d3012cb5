// Placement instances and plans: an instance is read as one that a plan can be written for and, without gaps and pins,
// as a valid trace with a buffer a row; a plan is read with an offset a buffer; or they are refused with TraceError.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "traces/instance_csv.h"
#include "traces/plan_csv.h"
#include "traces/reader.h"

namespace {

using namespace vramlab;
using Input = std::span<const std::byte>;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_trace(const Instance& instance) {
  try {
    const Trace trace = instance_to_trace(instance);
    validate(trace);
    check(instance.gaps.empty() && instance.pins.empty());
    check(to_instance(trace).buffers.size() == instance.buffers.size());
  } catch (const TraceError&) {
    check(!instance.gaps.empty() || !instance.pins.empty());
  }
}

/// Buffers one above the other, written and read again.
void check_plan_file(const Instance& instance) {
  Plan plan;
  for (const Buffer& buffer : instance.buffers) {
    plan.offsets.push_back(plan.peak);
    plan.peak += buffer.size;
  }
  const std::string text = plan_to_csv(instance, plan);
  const PlanFile file = read_plan_csv(std::as_bytes(std::span(text)), "plan.csv", instance);
  check(file.mistake.empty() && file.plan.offsets == plan.offsets && file.plan.peak == plan.peak);
}

void read_as_instance(Input input) {
  Instance instance;
  try {
    instance = read_instance_csv(input, "fuzz.csv");
  } catch (const TraceError&) {
    return;  // refused, as it should be
  }
  check_trace(instance);
  check_plan_file(instance);
}

void read_as_plan(Input input) {
  Instance instance;
  instance.buffers = {{0, 3, Bytes(4), Bytes(1)}, {3, 9, Bytes(4), Bytes(1)}};
  instance.names = {"b1", "b2"};
  for (const bool heaps : {false, true}) {
    if (heaps) instance.heaps = {{"fast", Bytes(8)}, {"slow", Bytes(8)}};
    try {
      check(read_plan_csv(input, "fuzz.csv", instance).plan.offsets.size() == instance.buffers.size());
    } catch (const TraceError&) {
      continue;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = std::as_bytes(std::span(data, size));
  read_as_instance(input);
  read_as_plan(input);
  return 0;
}
