#include <array>

#include "engine/coloring/rows.h"

namespace vramlab {

std::span<const SolverInfo> solvers() {
  static const std::array table{
      best_fit_row(),
  };
  return table;
}

}  // namespace vramlab
