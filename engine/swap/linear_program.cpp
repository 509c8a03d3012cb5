#include "engine/swap/linear_program.h"

#include <coin/ClpSimplex.hpp>
#include <coin/CoinPackedMatrix.hpp>

namespace vramlab {

int LinearProgram::column(double lowest, double highest, double cost) {
  column_lower_.push_back(lowest);
  column_upper_.push_back(highest);
  cost_.push_back(cost);
  return static_cast<int>(cost_.size()) - 1;
}

int LinearProgram::row(double lowest, double highest) {
  row_lower_.push_back(lowest);
  row_upper_.push_back(highest);
  return static_cast<int>(row_lower_.size()) - 1;
}

void LinearProgram::entry(int row, int column, double factor) {
  entry_rows_.push_back(row);
  entry_columns_.push_back(column);
  entries_.push_back(factor);
}

void LinearProgram::shift(int row, double more) {
  const auto at = static_cast<std::size_t>(row);
  if (row_lower_[at] > -infinite) row_lower_[at] += more;
  if (row_upper_[at] < infinite) row_upper_[at] += more;
}

std::optional<LinearProgram::Solution> LinearProgram::minimise() const {
  // Equal places add up.
  CoinPackedMatrix matrix(true, entry_rows_.data(), entry_columns_.data(), entries_.data(),
                          static_cast<CoinBigIndex>(entries_.size()));
  matrix.setDimensions(static_cast<int>(rows()), static_cast<int>(columns()));
  ClpSimplex solver;
  solver.setLogLevel(0);
  solver.loadProblem(matrix, column_lower_.data(), column_upper_.data(), cost_.data(), row_lower_.data(),
                     row_upper_.data());
  ClpSolve how;
  how.setPresolveType(ClpSolve::presolveOn);
  how.setSolveType(ClpSolve::useDual);
  solver.initialSolve(how);
  if (!solver.isProvenOptimal()) return std::nullopt;
  const double* values = solver.primalColumnSolution();
  return Solution{solver.objectiveValue(), std::vector<double>(values, values + columns())};
}

}  // namespace vramlab
