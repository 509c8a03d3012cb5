#pragma once
// Machine models: what a GPU machine's memory, links and calls cost. YAML in sim/machines/, built into the program;
// a file of the user's own has the same schema.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// Cost of a call by size: linear between the points, constant before the first, and beyond the last growing with
/// the slope of the last two.
struct CostCurve {
  struct Point {
    Bytes bytes{};
    Nanoseconds cost{};
    friend bool operator==(const Point&, const Point&) = default;
  };
  std::vector<Point> points;
  /// Rounded down to whole nanoseconds; 0 without points. REQUIRES: sizes rise strictly.
  Nanoseconds at(Bytes bytes) const;
  friend bool operator==(const CostCurve&, const CostCurve&) = default;
};

/// One direction of a link: a transfer of n bytes alone takes latency + n / bandwidth.
struct LinkDirection {
  Nanoseconds latency{};
  std::uint64_t bytes_per_second = 0;
  friend bool operator==(const LinkDirection&, const LinkDirection&) = default;
};

/// Full duplex; bytes_per_second is 0 where there is no such link.
struct LinkModel {
  LinkDirection out;                          ///< from the device
  LinkDirection in;                           ///< to the device
  std::uint64_t duplex_bytes_per_second = 0;  ///< both directions at once, in all
  friend bool operator==(const LinkModel&, const LinkModel&) = default;
};

/// What the host pays for a call, and the device for an operator beside its work.
struct CallCosts {
  std::uint32_t launch_queue = 1024;       ///< launches the host may be ahead of a stream
  CostCurve segment_take, segment_return;  ///< cudaMalloc, cudaFree
  CostCurve page_create, page_destroy;     ///< cuMemCreate, cuMemRelease of one page, by its size
  CostCurve map, unmap;                    ///< cuMemMap + cuMemSetAccess, cuMemUnmap of one page, by its size
  /// Of a call over pages, beside what its pages cost.
  Nanoseconds page_create_call{}, page_destroy_call{}, map_call{}, unmap_call{};
  Nanoseconds range_reserve{}, range_release{};  ///< cuMemAddressReserve, cuMemAddressFree
  Nanoseconds launch{}, record{}, wait{};
  Nanoseconds transfer{};  ///< host time to issue a transfer
  CostCurve pin, unpin;    ///< cudaHostAlloc, cudaFreeHost: segments of the host tier
  /// Where memory once pinned is kept and given out again (kept_memory.h): the cost of that. Giving host segments back
  /// waits for nothing then.
  std::optional<Nanoseconds> pin_reuse{};
  Nanoseconds launch_gap{};    ///< on the device: from the end of what a stream did to the start of its next operator
  Nanoseconds launch_floor{};  ///< on the device: no operator is shorter
  Nanoseconds record_gap{};    ///< on the device: of its stream's time that a record takes before its token completes
  /// On the device: from a token's completion until what waited for it goes on, a copy behind a stream's work or a
  /// stream behind a copy.
  Nanoseconds handover{};
  friend bool operator==(const CallCosts&, const CallCosts&) = default;
};

struct MachineModel {
  std::string name;
  std::string description;
  std::string source;  ///< where the figures come from
  std::uint32_t gpus = 1;
  Bytes device_memory{};
  Bytes page_granularity{};  ///< of virtual memory management
  CallCosts calls;

  LinkModel host_link;        ///< device <-> pinned host
  LinkModel peer_link;        ///< device <-> peer device
  LinkDirection disk_write;   ///< host -> disk
  LinkDirection disk_read;    ///< disk -> host
  LinkDirection device_copy;  ///< inside the device; bytes copied (read plus write = twice that)
  friend bool operator==(const MachineModel&, const MachineModel&) = default;
};

/// Names of the built-in models.
std::vector<std::string_view> machine_names();
/// A built-in model by name, or a YAML file when `name_or_path` ends in .yaml or .yml. Throws ConfigError.
MachineModel load_machine(const std::string& name_or_path);
MachineModel parse_machine(const std::string& yaml, const std::string& file);
/// The YAML text of a built-in model.
std::string_view machine_yaml(std::string_view name);

}  // namespace vramlab
