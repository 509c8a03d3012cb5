#include "engine/cuda/plugin/guarded_device.h"

namespace vramlab::plugin {

bool GuardedDevice::take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) {
  const std::lock_guard guard(mutex_);
  const Bytes held = tier == Tier::device ? bytes : Bytes(0);
  if (!fits(held) || !device_.take_segment(id, tier, bytes, stream)) return false;
  hold(held);
  return true;
}

void GuardedDevice::return_segment(SegmentId id, Tier tier, Bytes bytes) {
  const std::lock_guard guard(mutex_);
  device_.return_segment(id, tier, bytes);
  if (tier == Tier::device) held_ -= bytes;
}

bool GuardedDevice::reserve_range(SegmentId id, Bytes bytes) {
  const std::lock_guard guard(mutex_);
  return device_.reserve_range(id, bytes);
}

void GuardedDevice::release_range(SegmentId id, Bytes bytes) {
  const std::lock_guard guard(mutex_);
  device_.release_range(id, bytes);
}

bool GuardedDevice::create_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  const std::lock_guard guard(mutex_);
  if (!fits(page_bytes * count) || !device_.create_pages(first, count, page_bytes)) return false;
  hold(page_bytes * count);
  return true;
}

void GuardedDevice::destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  const std::lock_guard guard(mutex_);
  device_.destroy_pages(first, count, page_bytes);
  held_ -= page_bytes * count;
}

bool GuardedDevice::map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  const std::lock_guard guard(mutex_);
  return device_.map_pages(range, offset, first, count, page_bytes);
}

void GuardedDevice::unmap_pages(SegmentId range, Bytes offset, Bytes bytes) {
  const std::lock_guard guard(mutex_);
  device_.unmap_pages(range, offset, bytes);
}

void GuardedDevice::clear(const Extent& extent, StreamId stream) {
  const std::lock_guard guard(mutex_);
  device_.clear(extent, stream);
}

void GuardedDevice::transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) {
  const std::lock_guard guard(mutex_);
  device_.transfer(token, transfer, after);
  pending_.fetch_add(1, std::memory_order_relaxed);
}

void GuardedDevice::record(TokenId token, StreamId stream) {
  const std::lock_guard guard(mutex_);
  device_.record(token, stream);
  pending_.fetch_add(1, std::memory_order_relaxed);
}

void GuardedDevice::wait(StreamId stream, TokenId token) {
  const std::lock_guard guard(mutex_);
  device_.wait(stream, token);
}

void GuardedDevice::launch(StreamId stream, const Work& work) {
  const std::lock_guard guard(mutex_);
  device_.launch(stream, work);
}

bool GuardedDevice::next_completed(TokenId& token, Nanoseconds& duration) {
  const std::lock_guard guard(mutex_);
  if (!device_.next_completed(token, duration)) return false;
  pending_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void GuardedDevice::synchronize(TokenId token) {
  const std::lock_guard guard(mutex_);
  device_.synchronize(token);
}

void GuardedDevice::synchronize() {
  const std::lock_guard guard(mutex_);
  device_.synchronize();
}

Nanoseconds GuardedDevice::now() const {
  const std::lock_guard guard(mutex_);
  return device_.now();
}

DeviceCounters GuardedDevice::counters() const {
  const std::lock_guard guard(mutex_);
  return device_.counters();
}

}  // namespace vramlab::plugin
