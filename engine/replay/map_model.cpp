#include "engine/replay/map_model.h"

#include <algorithm>

namespace vramlab {

LoadCurve::LoadCurve(std::uint64_t events, std::uint32_t columns)
    : events_(std::max<std::uint64_t>(events, 1)), columns_(columns) {
  lowest_.reserve(columns);
  highest_.reserve(columns);
}

void LoadCurve::extend(std::uint64_t columns) {
  lowest_.resize(columns, value_);
  highest_.resize(columns, value_);
}

void LoadCurve::set(std::uint64_t position, Bytes value) {
  if (columns_ == 0) return;
  const std::uint64_t column = std::min<std::uint64_t>(position * columns_ / events_, columns_ - 1);
  if (column >= lowest_.size()) extend(column + 1);
  value_ = value;
  lowest_.back() = std::min(lowest_.back(), value);
  highest_.back() = std::max(highest_.back(), value);
  if (value > peak_.bytes) peak_ = {value, position};
}

void LoadCurve::finish() { extend(columns_); }

}  // namespace vramlab
