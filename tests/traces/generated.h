#pragma once
// Traces for the tests of generators, and ways to look at them.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/registry.h"
#include "traces/generate.h"

namespace vramlab::test {

using Settings = std::vector<std::pair<std::string, std::string>>;

inline const GeneratorInfo& generator(std::string_view name) { return find_row(generators(), "generator", name); }

inline OptionValues options_for(const GeneratorInfo& info, const Settings& settings) {
  OptionValues options(info.name, info.options);
  for (const auto& [name, text] : settings) options.set(name, text, "test");
  return options;
}

inline Trace made(std::string_view name, std::uint64_t events, std::uint64_t seed, const Settings& settings = {}) {
  const OptionValues options = options_for(generator(name), settings);
  Trace trace = generate_trace(generator(name), {.events = events, .seed = seed, .options = &options});
  validate(trace);
  return trace;
}

/// FNV-1a over everything a generator decides.
class Digest {
 public:
  explicit Digest(const Trace& trace) {
    for (const EventKind kind : trace.kinds) add(static_cast<std::uint64_t>(kind));
    add_all(trace.subjects);
    for (const Bytes size : trace.sizes) add(size.value);
    for (const StreamId stream : trace.streams) add(stream.value);
    for (const std::string& name : trace.operators.names) add_all(name);
    add_all(trace.operators.name);
    for (const Nanoseconds time : trace.operators.gpu_time) add(static_cast<std::uint64_t>(time.value));
    add_all(trace.operators.reads.ends);
    add_all(trace.operators.reads.values);
    add_all(trace.operators.writes.ends);
    add_all(trace.operators.writes.values);
  }
  std::uint64_t value() const { return value_; }

 private:
  void add(std::uint64_t word) {
    for (int shift = 0; shift < 64; shift += 8) value_ = (value_ ^ ((word >> shift) & 0xff)) * 0x100000001b3;
  }
  template <class Numbers>
  void add_all(const Numbers& numbers) {
    for (const auto number : numbers) add(static_cast<std::uint64_t>(number));
  }
  std::uint64_t value_ = 0xcbf29ce484222325;
};

inline std::uint64_t digest(const Trace& trace) { return Digest(trace).value(); }

inline std::uint64_t unmarked_events(const Trace& trace) {
  return trace.event_count() -
         static_cast<std::uint64_t>(std::count(trace.kinds.begin(), trace.kinds.end(), EventKind::iteration));
}

/// Calls `each(kind, subject, live objects after the event)`.
template <class Each>
void walk(const Trace& trace, const Each& each) {
  std::size_t live = 0;
  for (std::size_t i = 0; i < trace.event_count(); ++i) {
    if (trace.kinds[i] == EventKind::alloc) ++live;
    if (trace.kinds[i] == EventKind::free_completed) --live;
    each(trace.kinds[i], trace.subjects[i], live);
  }
}

/// What happened between two iteration marks.
struct Step {
  std::vector<std::uint64_t> alloc_sizes;
  std::vector<std::string> ops;
  std::size_t live_at_begin = 0;
};

inline std::vector<Step> steps_of(const Trace& trace) {
  std::vector<Step> steps;
  walk(trace, [&](EventKind kind, std::uint32_t subject, std::size_t live) {
    if (kind == EventKind::iteration) steps.push_back({.alloc_sizes = {}, .ops = {}, .live_at_begin = live});
    if (steps.empty()) return;
    if (kind == EventKind::alloc) steps.back().alloc_sizes.push_back(trace.sizes[subject].value);
    if (kind == EventKind::op) steps.back().ops.push_back(trace.operators.names[trace.operators.name[subject]]);
  });
  return steps;
}

}  // namespace vramlab::test
