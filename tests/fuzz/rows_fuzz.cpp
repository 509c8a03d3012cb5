// Results of replays: whatever the bytes are, read_rows reads them or throws TraceError; what it reads, it reads again
// after writing.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/core/error.h"
#include "engine/replay/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vramlab;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  try {
    const auto read = read_rows(json, "fuzz.json");
    std::vector<Row> rows;
    for (const auto& fields : read) {
      Row& row = rows.emplace_back();
      for (const auto& [name, value] : fields) row.push_back({name, value});
    }
    if (read_rows(rows_to_json(rows), "again.json") != read) std::abort();
  } catch (const TraceError&) {  // refused, as it should be
  }
  return 0;
}
