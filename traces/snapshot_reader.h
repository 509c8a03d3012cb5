#pragma once
// Both ways to read a snapshot; they give the same traces.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace vramlab::snapshot {

enum class Way {
  whole,    ///< the pickle first, then its meaning
  streamed  ///< entries are used while they are read; throws TakenTooEarly where that does not work
};

std::vector<Trace> read(std::span<const std::byte> bytes, const std::string& name, Way way);

}  // namespace vramlab::snapshot
