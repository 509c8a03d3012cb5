#include "experiments/stall_table.h"

#include <fmt/format.h>

#include "engine/core/option.h"

namespace vramlab {
namespace {

std::string milliseconds(Nanoseconds time) { return fmt::format("{:.3f}", static_cast<double>(time.value) / 1e6); }

std::string object_text(const StallLine& line) {
  if (line.bytes == Bytes(0)) return "-";
  if (!line.object.valid()) return format_bytes(line.bytes);
  return fmt::format("{} ({})", line.object.value, format_bytes(line.bytes));
}

}  // namespace

void append_stalls(const std::optional<StallReport>& stalls, Row& row) {
  for (std::size_t cause = 0; cause < stall_causes; ++cause)
    row.push_back({stall_cause_fields[cause], stalls ? FieldValue((*stalls)[cause].time.value) : FieldValue(nullptr)});
}

TextTable new_stall_table() {
  return TextTable({{"trace"},
                    {"pool"},
                    {"swap"},
                    {"cause of stalls"},
                    {"ms", Align::right},
                    {"count", Align::right},
                    {"longest ms", Align::right},
                    {"before operator"},
                    {"object"}});
}

void add_stalls(const StallReport& stalls, const std::array<std::string, 3>& run, TextTable& table) {
  for (std::size_t cause = 0; cause < stall_causes; ++cause) {
    const StallLine& line = stalls[cause];
    if (line.count == 0) continue;
    table.add({{run[0]},
               {run[1]},
               {run[2]},
               {std::string(stall_cause_names[cause])},
               {milliseconds(line.time)},
               {fmt::format("{}", line.count)},
               {milliseconds(line.worst)},
               {fmt::format("{} {}", line.op, line.op_name)},
               {object_text(line)}});
  }
}

}  // namespace vramlab
