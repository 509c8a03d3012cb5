#pragma once
// A linear program built row by row, solved by COIN-OR's Clp.

#include <cstdint>
#include <optional>
#include <vector>

namespace vramlab {

/// Minimises the sum of cost * column over columns within their bounds and rows within theirs.
class LinearProgram {
 public:
  static constexpr double infinite = 1e30;
  static constexpr double tolerance = 1e-5;

  /// Returns the column's number.
  int column(double lowest, double highest, double cost = 0);
  int row(double lowest, double highest);
  /// Adds to what stands there already.
  void entry(int row, int column, double factor);
  /// Adds `more` to the row's bounds.
  void shift(int row, double more);

  std::uint32_t columns() const { return static_cast<std::uint32_t>(column_lower_.size()); }
  std::uint32_t rows() const { return static_cast<std::uint32_t>(row_lower_.size()); }

  struct Solution {
    double value = 0;  ///< none is lower by more than `tolerance`: proved with the prices, whatever the solver takes
    std::vector<double> columns;
    std::vector<double> prices;  ///< of rows: what the value would rise by, were their bounds higher by one
  };
  /// None where the solver found no optimum.
  std::optional<Solution> minimise() const;

 private:
  double proved(const double* prices) const;

  std::vector<double> column_lower_, column_upper_, cost_, row_lower_, row_upper_;
  std::vector<int> entry_rows_, entry_columns_;
  std::vector<double> entries_;
};

}  // namespace vramlab
