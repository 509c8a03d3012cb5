#include "engine/replay/picture.h"

#include <fmt/format.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "engine/core/error.h"
#include "engine/replay/map_recorder.h"
#include "engine/replay/picture_map.h"
#include "engine/replay/raster.h"
#include "engine/replay/svg.h"

namespace vramlab {
namespace {

/// A file that appears under its name only when it is complete. Opened at once, so that a path that cannot be written
/// is known before any work.
class PictureFile {
 public:
  explicit PictureFile(const std::string& path) : path_(path), temporary_(path + ".part") {
    if (std::filesystem::is_directory(path)) refuse("is a folder");
    errno = 0;
    stream_.open(temporary_, std::ios::binary | std::ios::trunc);
    if (!stream_) refuse(std::strerror(errno));
  }
  PictureFile(const PictureFile&) = delete;
  PictureFile& operator=(const PictureFile&) = delete;
  ~PictureFile() {
    if (!done_) std::remove(temporary_.c_str());
  }

  void write(std::string_view content) {
    stream_.write(content.data(), static_cast<std::streamsize>(content.size()));
    stream_.close();
    if (!stream_) throw Error("cannot write the picture", {path_, {}, {}, {}}, "is the disk full?");
    std::filesystem::rename(temporary_, path_);
    done_ = true;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw ConfigError(fmt::format("cannot write the picture: {}", why), {path_, {}, {}, {}},
                      "name a file in a folder that can be written");
  }

  std::string path_, temporary_;
  std::ofstream stream_;
  bool done_ = false;
};

using MakeCanvas = std::unique_ptr<Canvas> (*)(const PictureSize&, const std::string& title);

/// The canvas for the path's suffix.
MakeCanvas canvas_for(const std::string& path) {
  const std::string suffix = std::filesystem::path(path).extension().string();
  if (suffix == ".svg")
    return [](const PictureSize& size, const std::string& title) -> std::unique_ptr<Canvas> {
      return std::make_unique<SvgCanvas>(static_cast<int>(size.width), static_cast<int>(size.height), title);
    };
  if (suffix == ".png")
    return [](const PictureSize& size, const std::string&) -> std::unique_ptr<Canvas> {
      return std::make_unique<RasterCanvas>(static_cast<int>(size.width), static_cast<int>(size.height));
    };
  throw ConfigError(fmt::format("'{}' is not a kind of picture", suffix), {path, {}, {}, {}},
                    "end the name in .svg or .png");
}

/// Which objects have a free_completed event: the others end at their free_requested.
std::vector<bool> completed_objects(const Trace& trace) {
  std::vector<bool> completed(trace.object_count());
  for (std::size_t i = 0; i < trace.event_count(); ++i)
    if (trace.kinds[i] == EventKind::free_completed) completed[trace.subjects[i]] = true;
  return completed;
}

class MapWriter final : public ReplayWatcher {
 public:
  MapWriter(const std::string& path, std::string title, const PictureSize& size)
      : make_canvas_(canvas_for(path)), title_(std::move(title)), size_(size), frame_(frame_of(size)), file_(path) {}

  void on_event(const Trace& trace, std::uint64_t position) override {
    if (!recorder_) begin(trace);
    recorder_->at(position);
    count_request(trace, position);
  }

  void on_decisions(std::span<const Decision> batch) override {
    if (ended_) return;  // what a pool gives back when it goes is no part of the run
    for (const Decision& decision : batch) {
      if (recorder_)
        recorder_->apply(decision);
      else
        early_.push_back(decision);
    }
  }

  void on_end(const Trace& trace) override {
    if (!recorder_) begin(trace);
    const MapModel model = recorder_->finish();
    ended_ = true;
    const std::unique_ptr<Canvas> canvas = make_canvas_(size_, title_);
    draw_map(*canvas, frame_, model, title_);
    file_.write(canvas->encode());
  }

 private:
  // Decisions may come before the first event: the log's version, memory that a pool takes at once.
  void begin(const Trace& trace) {
    recorder_.emplace(trace.event_count(), static_cast<std::uint32_t>(frame_.curve.width));
    completed_ = completed_objects(trace);
    for (const Decision& decision : early_) recorder_->apply(decision);
  }

  void count_request(const Trace& trace, std::uint64_t position) {
    const std::uint32_t subject = trace.subjects[position];
    switch (trace.kinds[position]) {
      case EventKind::alloc:
        return recorder_->request(trace.sizes[subject]);
      case EventKind::free_completed:
        return recorder_->unrequest(trace.sizes[subject]);
      case EventKind::free_requested:
        if (!completed_[subject]) recorder_->unrequest(trace.sizes[subject]);
        return;
      default:
        return;
    }
  }

  MakeCanvas make_canvas_;
  std::string title_;
  PictureSize size_;
  PictureFrame frame_;
  PictureFile file_;
  std::optional<MapRecorder> recorder_;
  std::vector<Decision> early_;
  std::vector<bool> completed_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ReplayWatcher> make_map_writer(const std::string& path, const std::string& title, PictureSize size) {
  return std::make_unique<MapWriter>(path, title, size);
}

}  // namespace vramlab
