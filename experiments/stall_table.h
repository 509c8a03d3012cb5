#pragma once
// Why computation waited for memory, for people and for programs.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/replay/report.h"
#include "engine/replay/stall_causes.h"
#include "experiments/text_table.h"

namespace vramlab {

/// The pauses of one cause, and the longest of them.
struct StallLine {
  Nanoseconds time{};
  std::uint64_t count = 0;
  Nanoseconds worst{};
  std::uint64_t op = 0;  ///< it was before this operator
  std::string op_name;
  ObjectId object;  ///< that was moved; none where nothing was
  Bytes bytes{};    ///< of it
};
using StallReport = std::array<StallLine, stall_causes>;

/// A field a cause, null where nobody asked.
void append_stalls(const std::optional<StallReport>& stalls, Row& row);

TextTable new_stall_table();
/// A line for each cause that occurs; `run` are the cells that name the run.
void add_stalls(const StallReport& stalls, const std::array<std::string, 3>& run, TextTable& table);

}  // namespace vramlab
