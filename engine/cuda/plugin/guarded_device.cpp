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

bool GuardedDevice::next_completed(TokenId& token, Nanoseconds& duration) {
  const std::lock_guard guard(mutex_);
  if (!device_.next_completed(token, duration)) return false;
  pending_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

}  // namespace vramlab::plugin
