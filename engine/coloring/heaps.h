#pragma once
// Placement over several bounded heaps: what does not fit into the preferred one spills into the next.

#include "engine/coloring/solver.h"

namespace vramlab {

/// Buffers go to the earliest heap that has room, those of higher priority first (of equal ones the smaller area, size
/// times lifetime, so that most stay); then the solver places what each heap keeps, and what still ends above its
/// capacity spills too. Throws ConfigError when the maximum load exceeds all heaps together, Error when a buffer fits
/// in none. REQUIRES: check_instance() passed, the instance has heaps.
SolveResult solve_over_heaps(const SolverInfo& solver, const Instance& instance, const SolveRequest& request);

}  // namespace vramlab
