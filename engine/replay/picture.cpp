#include "engine/replay/picture.h"

#include <fmt/format.h>
#include <filesystem>
#include <optional>

#include "engine/core/error.h"
#include "engine/replay/map_recorder.h"
#include "engine/replay/picture_kind.h"
#include "engine/replay/picture_map.h"

namespace vramlab {
namespace {

PictureSize checked(PictureSize size) {
  static_cast<void>(frame_of(size));  // throws
  return size;
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
      : title_(std::move(title)), picture_(path, size) {}

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
    picture_.write(model, {title_});
  }

 private:
  // Decisions may come before the first event: the log's version, memory that a pool takes at once.
  void begin(const Trace& trace) {
    recorder_.emplace(trace.event_count(), picture_.columns());
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

  std::string title_;
  MapPicture picture_;
  std::optional<MapRecorder> recorder_;
  std::vector<Decision> early_;
  std::vector<bool> completed_;
  bool ended_ = false;
};

}  // namespace

MapPicture::MapPicture(const std::string& path, PictureSize size)
    : make_canvas_(canvas_for(path)), size_(checked(size)), file_(path) {}

std::uint32_t MapPicture::columns() const { return static_cast<std::uint32_t>(frame_of(size_).curve.width); }

void MapPicture::write(const MapModel& model, const MapWords& words) {
  const std::unique_ptr<Canvas> canvas = make_canvas_(size_, words.title);
  draw_map(*canvas, frame_of(size_), model, words);
  file_.write(canvas->encode());
  file_.commit();
}

std::unique_ptr<ReplayWatcher> make_map_writer(const std::string& path, const std::string& title, PictureSize size) {
  return std::make_unique<MapWriter>(path, title, size);
}

}  // namespace vramlab
