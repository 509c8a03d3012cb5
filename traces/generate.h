#pragma once
// Seeded synthetic traces, produced in parts so that 10^9 events need little memory. The same seed and options give
// the same bytes on every machine (integer arithmetic only).

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "engine/core/option.h"
#include "traces/trace.h"

namespace vramlab {

struct GenerateRequest {
  std::uint64_t events = 100'000;  ///< at least this many, without iteration marks; ends with the step in progress
  std::uint64_t seed = 0;
  const OptionValues* options = nullptr;  ///< of the generator's table; null = the defaults
};

/// Receives the parts of a trace in order.
using PartSink = std::function<void(Trace&&)>;

/// A line of the registry (traces/generators.cpp): uniform, lognormal, transformer, cnn, variable-length, moe,
/// fragmenter.
struct GeneratorInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  /// Calls `each` with parts (about a million events each), numbered as VltWriter::append wants them. Throws
  /// ConfigError for options that contradict each other or lead to objects of 2^48 bytes and more.
  void (*generate)(const GenerateRequest& request, const PartSink& each) = nullptr;
};

std::span<const GeneratorInfo> generators();

/// All parts joined in memory.
Trace generate_trace(const GeneratorInfo& generator, const GenerateRequest& request);

/// Joins parts numbered as VltWriter::append wants them: subjects, streams, operators, names, stacks and indices have
/// the numbers of the whole; Lists::ends count from the part's own beginning. Throws TraceError when the parts
/// do not agree on what was recorded.
void append_part(Trace& whole, Trace&& part);

}  // namespace vramlab
