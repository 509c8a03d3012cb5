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
  std::uint64_t events = 100'000;  ///< at least this many; ends at the end of the step in progress
  std::uint64_t seed = 0;
  const OptionValues* options = nullptr;
};

/// A line of the registry (traces/generators.cpp): uniform, lognormal, transformer, cnn, variable-length, moe,
/// fragmenter.
struct GeneratorInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  /// Calls `each` with parts (about a million events each), numbered as VltWriter::append wants them.
  void (*generate)(const GenerateRequest& request, const std::function<void(Trace&&)>& each) = nullptr;
};

std::span<const GeneratorInfo> generators();

/// All parts joined in memory.
Trace generate_trace(const GeneratorInfo& generator, const GenerateRequest& request);

/// Joins parts numbered as VltWriter::append wants them.
void append_part(Trace& whole, Trace&& part);

}  // namespace vramlab
