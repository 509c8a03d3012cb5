#pragma once
// How much of each pixel is covered by which layer, for any number of rectangles of any size: what is smaller than a
// pixel still counts.

#include <cstdint>
#include <vector>

#include "engine/replay/picture_canvas.h"

namespace vramlab {

/// A stretch of an axis in cells, in fixed point: 2^20 units a cell.
struct CellSpan {
  static constexpr int shift = 20;
  static constexpr std::uint64_t one = std::uint64_t{1} << shift;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Maps [0, extent) of an axis onto `cells` cells.
class CellScale {
 public:
  CellScale(std::uint64_t extent, int cells);
  /// REQUIRES: from < to <= extent. Never empty, however short the stretch.
  CellSpan span(std::uint64_t from, std::uint64_t to) const;
  /// Nearest cell boundary.
  int nearest(std::uint64_t at) const;

 private:
  std::uint64_t units(std::uint64_t at) const;
  double scale_;
  std::uint64_t end_;
};

/// Areas per cell and layer. Adding a rectangle takes 16 additions, however large it is: its mixed difference is
/// added, and settle() sums up.
class CellCover {
 public:
  CellCover(int columns, int rows, int layers);
  void add(int layer, const CellSpan& x, const CellSpan& y);
  /// REQUIRES: called once, after the last add().
  void settle();
  /// 0 to full, where full = one * one.
  std::uint64_t at(int layer, int column, int row) const { return area_[index(layer, column, row)]; }
  static constexpr std::uint64_t full = CellSpan::one * CellSpan::one;

 private:
  std::size_t index(int layer, std::uint64_t column, std::uint64_t row) const {
    return (static_cast<std::size_t>(layer) * width_ + column) * depth_ + row;
  }
  std::size_t index(int layer, int column, int row) const {
    return index(layer, static_cast<std::uint64_t>(column), static_cast<std::uint64_t>(row));
  }

  std::size_t width_, depth_;  // with room for the ends of rectangles that touch the far edges
  int layers_;
  std::vector<std::uint64_t> area_;  // modulo 2^64: differences cancel exactly
};

}  // namespace vramlab
