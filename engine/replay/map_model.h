#pragma once
// What a memory map shows, apart from how it is drawn: blocks and held memory as rectangles of positions by
// addresses, and three curves. MapRecorder (map_recorder.h) makes one of a run's decisions; anything else that places
// intervals can fill a MapModel itself.
//
// The address axis has no gaps. Memory gets its place on it when it is taken (a segment, or the pages behind a
// range) and leaves it when it is returned, so that the height is about the peak of what was held. Offsets within a
// segment are true. A block in a range lies where its pages are: in several pieces where they are apart.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// A block, or a piece of one: 40 bytes, because a run may have hundreds of millions.
struct MapBlock {
  std::uint32_t first = 0;  ///< positions [first, last)
  std::uint32_t last = 0;
  std::uint64_t low = 0;  ///< bytes [low, high) of the address axis
  std::uint64_t high = 0;
  std::uint64_t size = 0;  ///< bytes of the whole block
  std::uint32_t object = 0;
  std::uint32_t space = 0;  ///< the segment or range it was placed in
};
static_assert(sizeof(MapBlock) == 40);

/// Memory held from the device: a segment, or pages.
struct MapHeld {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// The largest value of a curve and the first position where it is reached.
struct MapPeak {
  Bytes bytes{};
  std::uint64_t position = 0;
};

/// A step curve over positions, folded into columns as it is recorded: the lowest and highest value of each.
class LoadCurve {
 public:
  LoadCurve() = default;
  LoadCurve(std::uint64_t events, std::uint32_t columns);

  /// REQUIRES: positions do not fall.
  void add(std::uint64_t position, Bytes bytes) { set(position, value_ + bytes); }
  void subtract(std::uint64_t position, Bytes bytes) { set(position, value_ - bytes); }
  /// Extends the last value to the end.
  void finish();

  Bytes value() const { return value_; }
  MapPeak peak() const { return peak_; }
  /// Per column; full after finish().
  const std::vector<Bytes>& lowest() const { return lowest_; }
  const std::vector<Bytes>& highest() const { return highest_; }

 private:
  void set(std::uint64_t position, Bytes value);
  void extend(std::uint64_t columns);

  std::uint64_t events_ = 1;
  std::uint32_t columns_ = 0;
  Bytes value_{};
  MapPeak peak_;
  std::vector<Bytes> lowest_, highest_;
};

/// A line across all positions of the map.
enum class MapLevelKind : std::uint8_t { load, bound, edge };
struct MapLevel {
  MapLevelKind kind{};
  std::string name;  ///< "maximum load"
  Bytes bytes{};     ///< what it stands for
  Bytes height{};    ///< where it lies on the address axis
};

struct MapModel {
  std::uint64_t events = 0;      ///< positions are below this
  Bytes height{};                ///< addresses are below this
  std::vector<MapBlock> blocks;  ///< no two overlap
  std::vector<MapHeld> held;     ///< no two overlap; empty where nothing is taken from a device
  std::vector<MapLevel> levels;
  LoadCurve requested, allocated, reserved;
};

/// What a map says in words.
struct MapWords {
  std::string title;
  std::string figures = {};                 ///< the line below the title; "": the peaks and their quotient
  std::string_view object = "object";       ///< what a block is
  std::span<const std::string> names = {};  ///< of objects; empty: their numbers
  std::string_view position = "event";      ///< what the horizontal axis counts
  std::string_view positions = "events";
  std::string_view place = "address";   ///< what the vertical axis counts
  std::string_view load = "requested";  ///< what MapModel::requested is
};

}  // namespace vramlab
