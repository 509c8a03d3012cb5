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

/// "label  note  0:12", for work whose end is not known; cut likewise.
std::string progress_note(std::string_view label, std::string_view note, double elapsed_seconds, std::size_t width);

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
  /// What was reached so far.
  void note(std::string_view text);

 private:
  using Clock = std::chrono::steady_clock;
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
  bool due();
  void draw(const std::string& line);
  void wipe();

  std::string label_;
  bool on_terminal_;
  bool drawn_ = false;
  Clock::time_point begin_;
  Clock::time_point next_draw_;
};

}  // namespace vramlab
