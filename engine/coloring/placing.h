#pragma once
// What solvers that build on others share.

#include <string_view>

#include "engine/coloring/solver.h"

namespace vramlab {

/// The plan of another solver with its default options, for the same seed. REQUIRES: as SolverInfo::solve.
SolveResult solve_by(std::string_view solver, const Instance& instance, const SolveRequest& request);

/// Ruin and recreate from a given plan (see improve.cpp). REQUIRES: as SolverInfo::solve.
SolveResult improve(const Instance& instance, const SolveRequest& request, SolveResult start);

/// Whether the request's time is over.
bool late(const SolveRequest& request);

}  // namespace vramlab
