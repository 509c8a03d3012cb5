#include "engine/replay/picture_cells.h"

#include <algorithm>
#include <array>

namespace vramlab {
namespace {

struct Step {
  std::uint64_t cell;
  std::uint64_t change;  // modulo 2^64
};

/// The differences from cell to cell of the length that the stretch covers of each.
std::array<Step, 4> steps_of(const CellSpan& span) {
  constexpr std::uint64_t mask = CellSpan::one - 1;
  const std::uint64_t a = span.from >> CellSpan::shift, b = span.to >> CellSpan::shift;
  const std::uint64_t into_a = span.from & mask, into_b = span.to & mask;
  return {{{a, CellSpan::one - into_a}, {a + 1, into_a}, {b, into_b - CellSpan::one}, {b + 1, 0 - into_b}}};
}

}  // namespace

CellScale::CellScale(std::uint64_t extent, int cells)
    : scale_(static_cast<double>(cells) * static_cast<double>(CellSpan::one) /
             static_cast<double>(std::max<std::uint64_t>(extent, 1))),
      end_(static_cast<std::uint64_t>(cells) * CellSpan::one) {}

std::uint64_t CellScale::units(std::uint64_t at) const {
  return std::min(end_, static_cast<std::uint64_t>(static_cast<double>(at) * scale_));
}

CellSpan CellScale::span(std::uint64_t from, std::uint64_t to) const {
  const std::uint64_t begin = std::min(units(from), end_ - 1);
  return {begin, std::max(units(to), begin + 1)};
}

int CellScale::nearest(std::uint64_t at) const {
  return static_cast<int>((units(at) + CellSpan::one / 2) >> CellSpan::shift);
}

CellCover::CellCover(int columns, int rows, int layers)
    : width_(static_cast<std::size_t>(columns) + 2),
      depth_(static_cast<std::size_t>(rows) + 2),
      layers_(layers),
      area_(width_ * depth_ * static_cast<std::size_t>(layers)) {}

void CellCover::add(int layer, const CellSpan& x, const CellSpan& y) {
  const std::array<Step, 4> rows = steps_of(y);
  for (const Step& column : steps_of(x))
    for (const Step& row : rows) area_[index(layer, column.cell, row.cell)] += column.change * row.change;
}

void CellCover::settle() {
  for (int layer = 0; layer < layers_; ++layer) {
    for (std::uint64_t column = 0; column < width_; ++column) {
      for (std::uint64_t row = 1; row < depth_; ++row)
        area_[index(layer, column, row)] += area_[index(layer, column, row - 1)];
      if (column == 0) continue;
      for (std::uint64_t row = 0; row < depth_; ++row)
        area_[index(layer, column, row)] += area_[index(layer, column - 1, row)];
    }
  }
}

}  // namespace vramlab
