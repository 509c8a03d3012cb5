#include "traces/snapshot_history.h"

#include <fmt/format.h>

#include <utility>

namespace vramlab::snapshot {

using pickle::Dict;

void History::reserve(std::size_t events) {
  trace_.kinds.reserve(events);
  trace_.subjects.reserve(events);
  trace_.times_us.reserve(events);
}

void History::add(const Dict& dict) {
  const Entry entry = entries_.read(dict);
  if (!std::exchange(started_, true)) start_.time_us = entry.time_us;
  switch (entry.action) {
    case Text::alloc:
      return allocate(entry);
    case Text::free_requested:
      return request_free(entry);
    case Text::free_completed:
      return complete_free(entry);
    case Text::segment_alloc:
      return follow_segment(entry, SegmentAction::alloc);
    case Text::segment_free:
      return follow_segment(entry, SegmentAction::free);
    case Text::segment_map:
      return follow_segment(entry, SegmentAction::map);
    case Text::segment_unmap:
      return follow_segment(entry, SegmentAction::unmap);
    case Text::oom:
      return follow_oom(entry);
    case Text::snapshot:
      return emit(EventKind::snapshot, 0, entry);
    default:
      ++trace_.notes.unknown_actions;
  }
}

void History::emit(EventKind kind, std::size_t subject, const Entry& entry) {
  trace_.kinds.push_back(kind);
  trace_.subjects.push_back(static_cast<std::uint32_t>(subject));
  if (entries_.has_times()) trace_.times_us.push_back(entry.time_us);
}

void History::allocate(const Entry& entry) {
  if (entry.size.value == 0) {  // has no memory, so no address of its own
    ++trace_.notes.zero_size_allocs;
    return;
  }
  Block& block = blocks_[entry.address];
  if (block.state != BlockState::freed)
    fields_.fail(entry.offset, fmt::format("an allocation at {:#x}, where a block is still live", entry.address));
  const std::size_t object = trace_.sizes.size();
  if (object >= start_object_flag) fields_.fail(entry.offset, "more than 2^31 allocations");
  block = {static_cast<std::uint32_t>(object), BlockState::live};
  trace_.sizes.push_back(entry.size);
  trace_.addresses.emplace_back(entry.address);
  trace_.streams.push_back(stream(entry.stream, entry.offset));
  if (entry.frames) {
    frames_.resize(object);
    frames_.push_back(entry.frames);
  }
  emit(EventKind::alloc, object, entry);
}

void History::request_free(const Entry& entry) {
  Block* block = freed_block(entry);
  if (!block) return;
  if (block->state == BlockState::requested)
    fields_.fail(entry.offset, fmt::format("the free of the block at {:#x} is requested twice", entry.address));
  block->state = BlockState::requested;
  emit(EventKind::free_requested, block->object, entry);
}

void History::complete_free(const Entry& entry) {
  Block* block = freed_block(entry);
  if (!block) return;
  block->state = BlockState::freed;
  emit(EventKind::free_completed, block->object, entry);
}

History::Block* History::freed_block(const Entry& entry) {
  const auto found = blocks_.find(entry.address);
  const bool known = found != blocks_.end();
  if (known && found->second.state != BlockState::freed) return &found->second;
  if (entry.size.value == 0) return nullptr;
  if (known) fields_.fail(entry.offset, fmt::format("the block at {:#x} is freed twice", entry.address));
  if (segments_.seen(entry.address))
    fields_.fail(entry.offset, fmt::format("a free at {:#x}, where nothing was allocated", entry.address));
  ++trace_.notes.unseen_frees;
  const std::uint32_t object = add_start_object({entry.address, entry.size, entry.stream, nullptr, false});
  return &(blocks_[entry.address] = {object, BlockState::live});
}

std::uint32_t History::add_start_object(const StartObject& object) {
  ++trace_.notes.ring_start_objects;
  start_.objects.push_back(object);
  return start_object_flag | static_cast<std::uint32_t>(start_.objects.size() - 1);
}

void History::follow_segment(const Entry& entry, SegmentAction action) {
  segments_.follow(entry, action);
  emit(EventKind::segment, trace_.segment_events.size(), entry);
  trace_.segment_events.push_back({action, stream(entry.stream, entry.offset), Address(entry.address), entry.size});
}

void History::follow_oom(const Entry& entry) {
  emit(EventKind::oom, trace_.ooms.size(), entry);
  trace_.ooms.push_back(OomEvent{entry.size, Bytes(entry.device_free)});
}

StreamId History::stream(std::uint64_t recorded, std::uint64_t offset) {
  const StreamId id = streams_.intern(recorded);
  if (!id.valid()) fields_.fail(offset, fmt::format("more than {} streams", StreamId::none_value));
  return id;
}

void History::exists_at_end(const Dict& segment) {
  const std::uint64_t begin = fields_.number(segment, Key::address);
  const std::uint64_t size = fields_.bytes(segment, Key::total_size).value;
  const std::uint64_t stream = fields_.number(segment, Key::stream);
  const bool expandable = fields_.has(segment, Key::is_expandable) && fields_.flag(segment, Key::is_expandable);
  if (begin + size < begin) fields_.fail(segment.offset, "a segment that ends beyond the address space");
  const pickle::List& blocks = whole(fields_.list(segment, Key::blocks));
  std::uint64_t address = begin;  // blocks fill their segment; early versions do not write their addresses
  for (const pickle::Value item : blocks) {
    const Dict& block = fields_.dict_item(blocks, item, "'blocks'");
    if (fields_.has(block, Key::address)) address = fields_.number(block, Key::address);
    block_at_end(block, address, stream);
    address += fields_.bytes(block, Key::size).value;
  }
  segments_.exists_at_end({begin, begin + size}, stream, expandable);
}

/// A block that is active at the end and that no entry speaks of was live before the first one. Where entries do speak
/// of its memory it was allocated after the last entry: histories and segments are not copied in one moment.
void History::block_at_end(const Dict& block, std::uint64_t address, std::uint64_t stream) {
  const auto state = static_cast<Text>(fields_.text(block, Key::state).word());
  if (state != Text::active_allocated && state != Text::active_pending_free) return;
  const Key size_key = fields_.has(block, Key::requested_size) ? Key::requested_size : Key::size;
  const Bytes size = fields_.bytes(block, size_key);
  const auto found = blocks_.find(address);
  const bool known = found != blocks_.end();
  if ((known && found->second.state != BlockState::freed) || size.value == 0) return;
  if (known || segments_.seen(address)) {
    ++trace_.notes.dropped_events;
    return;
  }
  const bool requested = state == Text::active_pending_free;
  pickle::List* frames = fields_.has(block, Key::frames) ? &fields_.list(block, Key::frames) : nullptr;
  const std::uint32_t object = add_start_object({address, size, stream, frames, requested});
  blocks_[address] = {object, requested ? BlockState::requested : BlockState::live};
}

Trace History::finish(StackTable& stacks) {
  trace_.stream_names = streams_.take_names();
  start_.segments = segments_.take_start();
  if (!frames_.empty()) frames_.resize(trace_.sizes.size());
  if (!start_.empty()) trace_ = with_start(trace_, start_, frames_);
  stacks.begin();
  std::vector<std::uint32_t> stack_of(trace_.sizes.size());
  for (std::size_t i = 0; i < frames_.size(); ++i) stack_of[i] = frames_[i] ? stacks.intern(*frames_[i]) : 0;
  trace_.stacks = stacks.finish();
  if (trace_.stacks.stacks.size() != 0) trace_.stack_of = std::move(stack_of);
  return std::move(trace_);
}

}  // namespace vramlab::snapshot
