#pragma once
// The rows of engine/coloring/registry.cpp, each defined in its solver's own file.

#include "engine/coloring/solver.h"

namespace vramlab {

SolverInfo best_fit_row();

}  // namespace vramlab
