#include "engine/pool/stream_fence.h"

#include <algorithm>

namespace vramlab {

// What the only stream left behind before a second one came was not written down: all memory counts as its.
void StreamFence::meet_another() {
  if (several_) return;
  several_ = true;
  uses_.set_background(use_of(++epoch_, only_));
}

void StreamFence::use_slow(std::uint64_t address, std::uint64_t bytes, StreamId stream) {
  if (!only_.valid()) {
    only_ = stream;
    return;
  }
  meet_another();
  UseMap::Value last = clean;
  uses_.for_each(address, bytes, [&](std::uint64_t, std::uint64_t, UseMap::Value use) {
    if (use == last) return;
    last = use;
    if (use != clean && stream_of(use) != stream) await(stream, use);
  });
}

void StreamFence::leave_slow(std::uint64_t address, std::uint64_t bytes, StreamId stream) {
  if (!only_.valid()) {
    only_ = stream;
    return;
  }
  meet_another();
  uses_.assign(address, bytes, use_of(++epoch_, stream));
}

void StreamFence::move_slow(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  struct Part {
    std::uint64_t address, bytes;
    UseMap::Value use;
  };
  std::vector<Part> parts;
  uses_.for_each(from, bytes, [&](std::uint64_t address, std::uint64_t length, UseMap::Value use) {
    parts.push_back({address - from + to, length, use});
  });
  uses_.assign(from, bytes, clean);
  for (const Part& part : parts) uses_.assign(part.address, part.bytes, part.use);
}

void StreamFence::await(StreamId stream, UseMap::Value use) {
  std::uint64_t& done = waited(stream, stream_of(use));
  if (use >> 16 <= done) return;
  port_.wait(stream, port_.record(stream_of(use)));
  done = epoch_;
}

std::uint64_t& StreamFence::waited(StreamId stream, StreamId other) {
  const std::size_t streams = std::size_t{std::max(stream.value, other.value)} + 1;
  if (waited_.size() < streams) waited_.resize(streams);
  if (waited_[stream.value].size() < streams) waited_[stream.value].resize(streams);
  return waited_[stream.value][other.value];
}

}  // namespace vramlab
