#pragma once
// From one placement to better ones: decides by portfolios of searches whether lower peaks can be had.

#include "engine/coloring/portfolio.h"
#include "engine/coloring/solver.h"

namespace vramlab {

/// Searches below the peak of `start` in at most `rounds` rounds: with a capacity, only for a plan within it; else for
/// the lower bound first (one search that aims at it often ends sooner than many that creep towards it), then between
/// the bound and the best peak. Proofs that a peak cannot be had raise the lower bound. The result is never worse than
/// `start`. REQUIRES: as SolverInfo::solve.
SolveResult lower_peak(const Instance& instance, const SolveRequest& request, const PortfolioRules& rules,
                       unsigned rounds, SolveResult start);

/// Nothing is left to do: within the capacity asked for, or at the lower bound.
bool good_enough(const SolveResult& result, const Instance& instance, const SolveRequest& request);

}  // namespace vramlab
