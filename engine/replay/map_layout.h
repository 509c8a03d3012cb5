#pragma once
// From what a run did with memory to rectangles without gaps between segments.

#include <cstdint>
#include <vector>

#include "engine/core/decision.h"
#include "engine/replay/map_model.h"

namespace vramlab {

/// Something that is taken and returned: a segment, a page, or a range (which holds no memory itself).
struct RecordedHold {
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint32_t first = 0;  ///< positions [first, last)
  std::uint32_t last = 0;
  std::uint64_t taken = 0;  ///< in steps: the number of changes of held memory before
  std::uint64_t returned = never;
  Bytes bytes{};
};

struct RecordedSpace : RecordedHold {
  bool on_device = false;
  bool is_range = false;
  Bytes homed{};  ///< of a range: bytes of live pages whose home it is
  Bytes peak_homed{};
};

struct RecordedPage : RecordedHold {
  static constexpr std::uint32_t no_home = ~std::uint32_t{0};
  std::uint32_t home = no_home;  ///< the range it was mapped into first, and where
  std::uint64_t home_offset = 0;
};

/// A map, alias or unmap decision, made when `blocks_before` blocks had been placed.
struct RecordedMapping {
  std::uint64_t blocks_before = 0;
  Decision decision;
};

struct MapRecording {
  std::vector<MapBlock> blocks;  ///< in order of placement; low and high are offsets in their space
  std::vector<RecordedSpace> spaces;
  std::vector<RecordedPage> pages;
  std::vector<RecordedMapping> mappings;
};

/// Fills height, blocks and held of `model`. Throws InvariantError for a block that lies where no page is mapped.
void lay_out(MapRecording recording, MapModel& model);

}  // namespace vramlab
