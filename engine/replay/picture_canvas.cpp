#include "engine/replay/picture_canvas.h"

namespace vramlab {
namespace {

/// The runs of one column, from the top.
void column_runs(const ToneGrid& grid, int column, std::vector<ToneRun>& out) {
  out.clear();
  for (int row = 0; row < grid.rows;) {
    const std::uint8_t tone = grid.at(column, row);
    int end = row + 1;
    while (end < grid.rows && grid.at(column, end) == tone) ++end;
    if (tone != 0) out.push_back({{column, row, 1, end - row}, tone});
    row = end;
  }
}

bool continues(const ToneRun& open, const ToneRun& run) {
  return open.tone == run.tone && open.box.y == run.box.y && open.box.height == run.box.height;
}

}  // namespace

std::vector<ToneRun> runs_of(const ToneGrid& grid) {
  std::vector<ToneRun> done, open, runs;
  for (int column = 0; column < grid.columns; ++column) {
    column_runs(grid, column, runs);
    auto before = open.begin();
    for (ToneRun& run : runs) {
      for (; before != open.end() && before->box.y < run.box.y; ++before) done.push_back(*before);
      if (before == open.end() || !continues(*before, run)) continue;
      run.box.x = before->box.x;
      run.box.width = before->box.width + 1;
      ++before;
    }
    done.insert(done.end(), before, open.end());
    open.swap(runs);
  }
  done.insert(done.end(), open.begin(), open.end());
  return done;
}

}  // namespace vramlab
