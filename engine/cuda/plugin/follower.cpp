#include "engine/cuda/plugin/follower.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/core/error.h"

namespace vramlab::plugin {
namespace {

std::string name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

}  // namespace

Follower::Follower(const std::string& record, Bytes device_memory)
    : path_(record), builder_(name_of(record)), shadow_(device_memory) {
  if (!record.empty()) writer_ = std::make_unique<VltWriter>(record, name_of(record));
}

void Follower::take_in(const AllocationHistory& history) {
  const std::vector<AllocationEvent> events = history.events_since(next_);
  if (events.empty()) return;
  if (events.front().sequence != next_) {
    writer_.reset();
    throw Error(fmt::format("{} requests were forgotten before they were recorded", events.front().sequence - next_),
                {}, "raise the option history_events of the allocator");
  }
  next_ = events.back().sequence + 1;
  for (const AllocationEvent& event : events) {
    shadow_.follow(event);
    if (writer_ != nullptr) builder_.add(event);
  }
  if (writer_ != nullptr) writer_->append(builder_.take());
}

void Follower::follow(const AllocationHistory& history) {
  const std::unique_lock held(mutex_, std::try_to_lock);
  if (held.owns_lock()) take_in(history);
}

void Follower::finish(const AllocationHistory& history) {
  const std::lock_guard guard(mutex_);
  take_in(history);
  if (writer_ == nullptr) return;
  const std::unique_ptr<VltWriter> writer = std::move(writer_);
  writer->finish();
}

Bytes Follower::pytorch_reserved() const {
  const std::lock_guard guard(mutex_);
  return shadow_.peak_reserved();
}

}  // namespace vramlab::plugin
