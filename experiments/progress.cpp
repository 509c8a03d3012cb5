#include "experiments/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "experiments/output.h"

namespace vramlab {
namespace {

constexpr std::size_t bar_width = 30;
constexpr std::string_view wipe_line = "\r\x1b[K";
constexpr std::chrono::milliseconds draw_every{100};

std::string time_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e9));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string progress_line(std::string_view label, double fraction, double elapsed_seconds, std::size_t width) {
  const double done = std::clamp(fraction, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(done * static_cast<double>(bar_width));
  std::string line =
      fmt::format("{} [{:#<{}}{:-<{}}] {:3}%", label, "", filled, "", bar_width - filled, static_cast<int>(done * 100));
  if (done > 0) line += fmt::format("  {} left", time_text(elapsed_seconds * (1 - done) / done));
  return line.substr(0, width);
}

std::string progress_note(std::string_view label, std::string_view note, double elapsed_seconds, std::size_t width) {
  return fmt::format("{}  {}  {}", label, note, time_text(elapsed_seconds)).substr(0, width);
}

ProgressBar::ProgressBar(std::string label) : on_terminal_(log_is_terminal()) { restart(std::move(label)); }

ProgressBar::~ProgressBar() { wipe(); }

void ProgressBar::restart(std::string label) {
  wipe();
  label_ = std::move(label);
  begin_ = Clock::now();
  next_draw_ = begin_ + draw_every;  // short work never flickers
}

bool ProgressBar::due() {
  const Clock::time_point now = Clock::now();
  if (!on_terminal_ || now < next_draw_) return false;
  next_draw_ = now + draw_every;
  return true;
}

void ProgressBar::draw(const std::string& line) {
  fmt::print(stderr, "{}{}", wipe_line, line);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressBar::update(double fraction) {
  if (due()) draw(progress_line(label_, fraction, elapsed(), terminal_width() - 1));
}

void ProgressBar::note(std::string_view text) {
  if (due()) draw(progress_note(label_, text, elapsed(), terminal_width() - 1));
}

void ProgressBar::wipe() {
  if (!drawn_) return;
  fmt::print(stderr, "{}", wipe_line);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace vramlab
