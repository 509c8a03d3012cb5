#pragma once
// A progress bar with the time that remains, on a terminal only: piped output
// stays clean.

#include <chrono>
#include <string>
#include <string_view>

namespace vramlab {

/// "label [#####-----]  50%  0:12 left", cut to `width` columns. `fraction` is
/// clamped to [0, 1].
std::string progress_line(std::string_view label, double fraction, double elapsed_seconds, std::size_t width);

/// Draws on stderr while it lives, at most ten times a second, and wipes its
/// line when it goes. The clock decides about drawing only. THREAD-SAFETY:
/// none.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// A new label starts the bar, and its clock, again.
  void restart(std::string label);
  /// `fraction` of the work is done.
  void update(double fraction);

 private:
  using Clock = std::chrono::steady_clock;
  void wipe();

  std::string label_;
  bool on_terminal_;
  bool drawn_ = false;
  Clock::time_point begin_;
  Clock::time_point next_draw_;
};

}  // namespace vramlab
