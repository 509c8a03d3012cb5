#pragma once
// What a replay found, and its writing as flat JSON objects or CSV. Fields are never omitted: not applicable = null.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/option.h"
#include "engine/core/types.h"
#include "engine/replay/fidelity.h"
#include "engine/replay/fragmentation.h"
#include "engine/replay/steady_meter.h"

namespace vramlab {

/// Of a run that swaps; null fields in the row of others.
struct SwapReport {
  bool oracle = false;           ///< the policy knew the stretch beforehand
  std::string options;           ///< as changed_options() gives them; null in the row where ""
  std::uint64_t operations = 0;  ///< outs and ins, spared ones too
  std::uint64_t spared = 0;      ///< outs for which a valid copy was there already
  Bytes held{};                  ///< most bytes held in the other tiers, each tier's own peak, in all
};

struct Report {
  std::string trace, pool, swap, device, machine;
  std::uint64_t seed = 0;

  std::uint64_t events = 0;      ///< alloc + free_requested + free_completed + op
  double wall_ns_per_event = 0;  ///< replay loop with digest; a timing
  Bytes peak_requested{};
  Bytes max_load{};
  Bytes peak_reserved{};
  double reserved_over_requested = 0;
  std::uint64_t segments = 0;  ///< segments taken from the device, and calls that map pages
  double fragmentation = 0;    ///< 1 - requested/reserved at the first event of peak reserved
  std::string decisions;       ///< digest, 16 hex digits

  std::optional<Bytes> recorded_peak_reserved;
  std::optional<std::uint64_t> recorded_address_mismatches;

  std::optional<Bytes> peak_device;
  std::optional<double> memory_reduction;
  std::optional<Nanoseconds> simulated, stall;  ///< measured on a real device; the stall as Fidelity says
  std::optional<double> overhead;
  std::optional<Steady> steady;
  std::optional<Bytes> swapped_out, swapped_in;
  std::optional<SwapReport> swapping;
  std::optional<bool> verified;  ///< null unless asked

  std::optional<Fragmentation> parts;  ///< of fragmentation; null where nothing was allocated

  std::optional<Fidelity> fidelity;  ///< of a real device
  std::string pool_options;          ///< as changed_options() gives them; null in the row where ""

  std::uint64_t device_calls = 0;
  Nanoseconds device_call_time{};  ///< of the device model, or measured
};

/// A value of a flat row.
using FieldValue = std::variant<std::nullptr_t, bool, std::uint64_t, std::int64_t, double, std::string>;
struct Field {
  std::string_view name;
  FieldValue value;
};
using Row = std::vector<Field>;

/// The options that differ from their default, whoever set them: "name=value,...", "" = none.
std::string changed_options(const OptionValues& options);

/// The report under the names of the contract ("peak_requested_bytes", "stall_ns", ...), in a fixed order.
Row to_row(const Report& report);

/// One JSON array of flat objects, ratios unrounded, ending in a newline.
std::string rows_to_json(const std::vector<Row>& rows);
/// RFC 4180; null = empty.
std::string rows_to_csv(const std::vector<Row>& rows);
/// Reads what rows_to_json wrote. Throws TraceError with the byte offset.
std::vector<std::vector<std::pair<std::string, FieldValue>>> read_rows(std::string_view json, const std::string& name);

}  // namespace vramlab
