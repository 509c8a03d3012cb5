#include "engine/pool/stream_fence.h"

#include <algorithm>
#include <iterator>

namespace vramlab {

// What the only stream left behind before a second one came was not written down: all memory counts as its.
void StreamFence::meet_another() {
  if (several_) return;
  several_ = true;
  uses_[0] = {~std::uint64_t{0}, only_, ++epoch_};
}

void StreamFence::use_slow(std::uint64_t address, std::uint64_t bytes, StreamId stream) {
  if (!only_.valid()) {
    only_ = stream;
    return;
  }
  meet_another();
  auto use = uses_.upper_bound(address);
  if (use != uses_.begin() && std::prev(use)->second.end > address) --use;
  for (; use != uses_.end() && use->first < address + bytes; ++use)
    if (use->second.stream != stream) await(stream, use->second);
}

void StreamFence::leave_slow(std::uint64_t address, std::uint64_t bytes, StreamId stream) {
  if (!only_.valid()) {
    only_ = stream;
    return;
  }
  meet_another();
  cut(address, bytes);
  uses_[address] = {address + bytes, stream, ++epoch_};
}

void StreamFence::move_slow(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  std::vector<std::pair<std::uint64_t, Use>> moved;
  auto use = uses_.upper_bound(from);
  if (use != uses_.begin()) --use;
  for (; use != uses_.end() && use->first < from + bytes; ++use) {
    if (use->second.end <= from) continue;
    Use part = use->second;
    part.end = std::min(part.end, from + bytes) - from + to;
    moved.emplace_back(std::max(use->first, from) - from + to, part);
  }
  cut(from, bytes);
  cut(to, bytes);
  for (const auto& [address, part] : moved) uses_[address] = part;
}

void StreamFence::cut(std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t end = address + bytes;
  auto use = uses_.lower_bound(address);
  if (use != uses_.begin()) {
    const auto below = std::prev(use);
    if (below->second.end > address) {
      if (below->second.end > end) uses_.emplace(end, below->second);
      below->second.end = address;
    }
  }
  while (use != uses_.end() && use->first < end) {
    if (use->second.end > end) uses_.emplace(end, use->second);
    use = uses_.erase(use);
  }
}

void StreamFence::await(StreamId stream, const Use& use) {
  std::uint64_t& done = waited(stream, use.stream);
  if (use.epoch <= done) return;
  port_.wait(stream, port_.record(use.stream));
  done = epoch_;
}

std::uint64_t& StreamFence::waited(StreamId stream, StreamId other) {
  const std::size_t streams = std::size_t{std::max(stream.value, other.value)} + 1;
  if (waited_.size() < streams) waited_.resize(streams);
  if (waited_[stream.value].size() < streams) waited_[stream.value].resize(streams);
  return waited_[stream.value][other.value];
}

}  // namespace vramlab
