#include "engine/swap/linear_program.h"

#include <coin/ClpSimplex.hpp>
#include <coin/CoinPackedMatrix.hpp>

#include <algorithm>
#include <cmath>

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
  how.setSolveType(ClpSolve::usePrimal);  // these programs: seven times as fast as the dual simplex
  solver.initialSolve(how);
  if (!solver.isProvenOptimal()) return std::nullopt;
  const double* values = solver.primalColumnSolution();
  const double* prices = solver.dualRowSolution();
  return Solution{std::min(solver.objectiveValue(), proved(prices) + tolerance),
                  std::vector<double>(values, values + columns()), std::vector<double>(prices, prices + rows())};
}

// With any prices y of rows (0 where they would ask for a bound that is not there) cost * x is at least the least of
// y * (rows' bounds) + (cost - y * matrix) * x over the columns' bounds (Neumaier and Shcherbina, Safe bounds in linear
// and mixed-integer linear programming, 2004).
double LinearProgram::proved(const double* prices) const {
  std::vector<double> kept(prices, prices + rows());
  long double sum = 0;
  for (std::size_t row = 0; row < kept.size(); ++row) {
    double& price = kept[row];
    const double bound = price > 0 ? row_lower_[row] : row_upper_[row];
    if (std::abs(bound) >= infinite) price = 0;
    if (price != 0) sum += static_cast<long double>(price) * bound;
  }
  std::vector<long double> left(cost_.begin(), cost_.end());
  for (std::size_t i = 0; i < entries_.size(); ++i)
    left[static_cast<std::size_t>(entry_columns_[i])] -=
        static_cast<long double>(kept[static_cast<std::size_t>(entry_rows_[i])]) * entries_[i];
  for (std::size_t column = 0; column < left.size(); ++column)
    if (left[column] != 0) sum += left[column] * (left[column] > 0 ? column_lower_[column] : column_upper_[column]);
  return static_cast<double>(sum);
}

}  // namespace vramlab
