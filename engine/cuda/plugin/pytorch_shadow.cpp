#include "engine/cuda/plugin/pytorch_shadow.h"

#include "engine/core/registry.h"

namespace vramlab::plugin {
namespace {

/// Accepts everything and does nothing.
class NoDevice : public Device {
 public:
  bool take_segment(SegmentId, Tier, Bytes, StreamId) override { return true; }
  void return_segment(SegmentId, Tier, Bytes) override {}
  bool reserve_range(SegmentId, Bytes) override { return true; }
  void release_range(SegmentId, Bytes) override {}
  bool create_pages(PageId, std::uint32_t, Bytes) override { return true; }
  void destroy_pages(PageId, std::uint32_t, Bytes) override {}
  bool map_pages(SegmentId, Bytes, PageId, std::uint32_t, Bytes) override { return true; }
  void unmap_pages(SegmentId, Bytes, Bytes) override {}
  void clear(const Extent&, StreamId) override {}
  void transfer(TokenId, const Transfer&, std::span<const TokenId>) override {}
  void record(TokenId, StreamId) override {}
  void wait(StreamId, TokenId) override {}
};

}  // namespace

struct PytorchShadow::Parts {
  explicit Parts(Bytes device_memory) {
    const PoolInfo& info = find_row(pools(), "pool", "pytorch");
    pool = info.make(port, OptionValues(info.name, info.options), {.device_memory = device_memory});
  }

  NoDevice device;
  DecisionLog log;
  Port port{device, log};
  std::unique_ptr<Pool> pool;
};

PytorchShadow::PytorchShadow(Bytes device_memory) : parts_(std::make_unique<Parts>(device_memory)) {}
PytorchShadow::~PytorchShadow() = default;

void PytorchShadow::allocate(const AllocationEvent& event) {
  const bool is_new = idle_.empty();
  const BlockId block = is_new ? BlockId(slots_++) : idle_.back();
  if (!is_new) idle_.pop_back();
  const ObjectId object(objects_);
  objects_ = (objects_ + 1) % ObjectId::none_value;
  parts_->port.bind(block, object);
  parts_->pool->allocate({.block = block, .object = object, .bytes = event.bytes, .stream = event.stream, .hints = {}});
  live_[event.address] = block;
}

void PytorchShadow::follow(const AllocationEvent& event) {
  if (event.kind == AllocationEventKind::alloc) return allocate(event);
  const auto live = live_.find(event.address);
  if (live == live_.end()) return;
  if (event.kind == AllocationEventKind::free_requested) return parts_->pool->free_requested(live->second);
  parts_->pool->release(live->second);
  idle_.push_back(live->second);
  live_.erase(live);
}

Bytes PytorchShadow::peak_reserved() const { return parts_->port.peak_reserved(); }

}  // namespace vramlab::plugin
