#include "experiments/plan_input.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "experiments/trace_files.h"
#include "experiments/trace_notes.h"
#include "traces/instance_csv.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

bool is_usual(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

PlanInput of_trace(Trace trace, const Settings& settings) {
  for (const std::string& note : trace_notes(trace)) spdlog::info("{}: {}", trace.name, note);
  PlanInput input{to_instance(trace, settings.values.bytes("granule")), {}};
  input.trace = std::move(trace);
  return input;
}

}  // namespace

std::vector<Heap> parse_heaps(std::span<const std::string> texts) {
  std::vector<Heap> heaps;
  for (const std::string& text : texts) {
    const auto [name, bytes] = split_assignment("--heap", text, "NAME=BYTES");
    if (!std::all_of(name.begin(), name.end(), is_usual))
      throw ConfigError(fmt::format("--heap: '{}' is not a name", name), {}, "use letters, digits, '-', '_' and '.'");
    const std::string_view taken = name;
    if (std::any_of(heaps.begin(), heaps.end(), [taken](const Heap& heap) { return heap.name == taken; }))
      throw ConfigError(fmt::format("--heap: '{}' is named twice", name));
    heaps.push_back({name, parse_bytes(bytes)});
  }
  return heaps;
}

std::vector<PlanInput> read_plan_inputs(const std::string& path, const Settings& settings,
                                        const std::vector<Heap>& heaps) {
  const InputFile file = InputFile::open(path);
  std::vector<PlanInput> inputs;
  if (recognise_instance_csv(file.bytes())) {
    inputs.push_back({read_instance_csv(file.bytes(), file.name()), {}});
  } else {
    for (Trace& trace : chosen_traces(read_traces(file.bytes(), file.name()), path, settings.values.text("gpu")))
      inputs.push_back(of_trace(std::move(trace), settings));
  }
  for (PlanInput& input : inputs) {
    if (input.instance.buffers.empty()) throw TraceError("nothing is allocated here", Where{path, {}, {}, {}});
    input.instance.heaps = heaps;
    check_instance(input.instance);
  }
  return inputs;
}

}  // namespace vramlab
