#pragma once
// Gantt pictures: what kept computation and each link busy, where computation waited and why, and the memory held
// against its limit, as SVG or PNG.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/output_file.h"
#include "engine/replay/picture.h"
#include "engine/replay/replay.h"
#include "engine/replay/stall_causes.h"

namespace vramlab {

/// Memory while operator k is at hand: from the end of operator k-1 in the program to its own.
struct GanttMemory {
  Bytes reserved{};  ///< most that was held from the device
  Bytes placed{};    ///< most that lived there
};

struct GanttModel {
  std::string title;
  const ReplayTimeline* timeline = nullptr;
  std::span<const Stall> stalls{};
  std::span<const GanttMemory> memory{};        ///< by operator; empty: not drawn
  std::span<const Bytes> load{};                ///< by operator, without swapping; empty: not drawn
  std::span<const std::string_view> names{};    ///< of operators; empty: their numbers
  std::span<const std::uint32_t> iterations{};  ///< the first operator of each
  std::optional<Bytes> limit{};
  std::optional<double> overhead{};
};

class Canvas;

/// Onto a canvas of `size`. What is narrower than a few pixels is folded: the share of a pixel's time that was busy is
/// the height that is filled. REQUIRES: a timeline.
void draw_gantt(Canvas& canvas, const PictureSize& size, const GanttModel& model);

/// The file of one. `path` ends in .svg or .png and can be written, else ConfigError, before any work.
class GanttPicture {
 public:
  explicit GanttPicture(const std::string& path, PictureSize size = {});
  /// The file is there when this returns. REQUIRES: called once.
  void write(const GanttModel& model);

 private:
  std::unique_ptr<Canvas> (*make_canvas_)(const PictureSize&, const std::string& title);
  PictureSize size_;
  OutputFile file_;
};

/// Watches a run and keeps GanttModel::memory.
class GanttMemoryWatcher final : public ReplayWatcher {
 public:
  void on_event(const Trace& trace, std::uint64_t position) override;
  void on_decisions(std::span<const Decision> batch) override;
  void on_end(const Trace& trace) override;
  std::span<const GanttMemory> memory() const { return memory_; }

 private:
  void apply(const Decision& decision);
  void place(const Decision& decision);
  void close_operator();

  std::vector<GanttMemory> memory_;
  std::vector<Bytes> placed_of_;  // by object
  std::vector<Bytes> taken_;      // by segment of the device; 0 elsewhere
  Bytes reserved_{}, placed_{};
  GanttMemory most_{};  // since the operator before
  bool at_operator_ = false;
};

}  // namespace vramlab
