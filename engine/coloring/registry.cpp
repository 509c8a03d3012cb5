#include <array>

#include "engine/coloring/solver.h"

// A line a solver, in the order of listings: NAME_row() is defined at the end of the solver's own file.
#define VRAMLAB_SOLVERS(ROW) \
  ROW(best_fit)              \
  ROW(first_fit)             \
  ROW(by_lifetime)           \
  ROW(by_area)               \
  ROW(by_start)              \
  ROW(boxing)                \
  ROW(by_load)               \
  ROW(exact)                 \
  ROW(improve)               \
  ROW(automatic)

namespace vramlab {

#define VRAMLAB_DECLARE(name) SolverInfo name##_row();
VRAMLAB_SOLVERS(VRAMLAB_DECLARE)

std::span<const SolverInfo> solvers() {
#define VRAMLAB_ENTRY(name) name##_row(),
  static const std::array table{VRAMLAB_SOLVERS(VRAMLAB_ENTRY)};
  return table;
}

}  // namespace vramlab
