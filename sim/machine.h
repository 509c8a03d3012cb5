#pragma once
// Machine models: what a GPU machine's memory, links and calls cost. YAML in sim/machines/, built into the program;
// a file of the user's own has the same schema.

#include <cstdint>
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
  };
  std::vector<Point> points;
  Nanoseconds at(Bytes bytes) const;
};

/// Time of a transfer of n bytes alone on the link: latency + n / bandwidth.
struct LinkModel {
  Nanoseconds latency{};
  std::uint64_t bytes_per_second = 0;         ///< one direction alone
  std::uint64_t duplex_bytes_per_second = 0;  ///< both directions at once, in all
};

struct MachineModel {
  std::string name;
  std::string description;
  std::string source;         ///< where the figures come from
  std::uint32_t gpus = 1;
  Bytes device_memory{};
  Bytes page_granularity{};   ///< of virtual memory management
  std::uint32_t launch_queue = 1024;  ///< launches the host may be ahead of a stream

  CostCurve segment_take, segment_return;        ///< cudaMalloc, cudaFree
  CostCurve page_create, page_destroy;           ///< cuMemCreate, cuMemRelease
  CostCurve map, unmap;                          ///< cuMemMap + cuMemSetAccess; cuMemUnmap
  Nanoseconds range_reserve{}, range_release{};  ///< cuMemAddressReserve, cuMemAddressFree
  Nanoseconds launch{}, record{}, wait{};
  CostCurve pin;                                 ///< taking a segment of the host tier

  LinkModel host_link;        ///< device <-> pinned host
  LinkModel peer_link;        ///< device <-> peer device; bytes_per_second 0 where there is none
  std::uint64_t disk_write_bytes_per_second = 0;
  std::uint64_t disk_read_bytes_per_second = 0;
  Nanoseconds disk_latency{};
  std::uint64_t device_copy_bytes_per_second = 0;  ///< bytes copied (read plus write = twice that)
};

/// Names of the built-in models.
std::vector<std::string_view> machine_names();
/// A built-in model by name, or a YAML file when `name_or_path` ends in .yaml or .yml. Throws ConfigError.
MachineModel load_machine(const std::string& name_or_path);
MachineModel parse_machine(const std::string& yaml, const std::string& file);
/// The YAML text of a built-in model.
std::string_view machine_yaml(std::string_view name);

}  // namespace vramlab
