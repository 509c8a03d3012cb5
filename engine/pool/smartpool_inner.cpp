#include "engine/pool/smartpool_inner.h"

#include <algorithm>

#include "engine/core/check.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {
void check_same(bool same) { VRAMLAB_CHECK(same, "the inner pool's commands are numbered differently from the outer"); }
}  // namespace

// --- RelayDevice -----------------------------------------------------------------------------------------------------

RelayDevice::Range& RelayDevice::range(SegmentId id) {
  const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.inner == id; });
  VRAMLAB_CHECK(found != ranges_.end(), "a range that was not reserved");
  return *found;
}

bool RelayDevice::take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) {
  log_.flush();
  if (tier == Tier::device && beyond_limit(bytes)) return false;
  const std::optional<Space> segment = outer_.take_segment(bytes, stream, tier);
  if (segment) taken(id, segment->id);
  return segment.has_value();
}

void RelayDevice::return_segment(SegmentId id, Tier tier, Bytes bytes) {
  log_.flush();
  outer_.return_segment({outer_of(id), Address(0), bytes}, tier);
}

bool RelayDevice::reserve_range(SegmentId id, Bytes bytes) {
  log_.flush();
  const std::optional<Space> space = outer_.reserve_range(bytes);
  if (!space) return false;
  taken(id, space->id);
  ranges_.push_back({.inner = id, .space = *space, .page_bytes = {}, .pages = {}});
  return true;
}

void RelayDevice::release_range(SegmentId id, Bytes) {
  log_.flush();
  Range& gone = range(id);
  outer_.release_range(gone.space);
  ranges_.erase(ranges_.begin() + (&gone - ranges_.data()));
}

bool RelayDevice::create_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  log_.flush();
  if (beyond_limit(page_bytes * count)) return false;
  const std::optional<PageId> created = outer_.create_pages(count, page_bytes);
  if (!created) return false;
  check_same(*created == first);
  mappings_.resize(std::size_t{first.value} + count, 0);
  return true;
}

void RelayDevice::destroy_pages(PageId first, std::uint32_t count, Bytes page_bytes) {
  log_.flush();
  outer_.destroy_pages(first, count, page_bytes);
}

bool RelayDevice::map_pages(SegmentId id, Bytes offset, PageId first, std::uint32_t count, Bytes page_bytes) {
  log_.flush();
  Range& into = range(id);
  VRAMLAB_CHECK(into.page_bytes == Bytes(0) || into.page_bytes == page_bytes, "pages of two sizes in one range");
  const bool alias = mappings_[first.value] > 0;
  for (std::uint32_t i = 0; i < count; ++i)
    VRAMLAB_CHECK((mappings_[first.value + i] > 0) == alias, "one call maps pages anew and again");
  if (alias ? !outer_.alias_pages(into.space, offset, first, count, page_bytes)
            : !outer_.map_pages(into.space, offset, first, count, page_bytes))
    return false;
  into.page_bytes = page_bytes;
  const std::size_t begin = offset.value / page_bytes.value;
  if (into.pages.size() < begin + count) into.pages.resize(begin + count);
  for (std::uint32_t i = 0; i < count; ++i) {
    into.pages[begin + i] = PageId(first.value + i);
    ++mappings_[first.value + i];
  }
  return true;
}

void RelayDevice::unmap_pages(SegmentId id, Bytes offset, Bytes bytes) {
  log_.flush();
  Range& from = range(id);
  outer_.unmap_pages(from.space, offset, bytes);
  const std::size_t begin = offset.value / from.page_bytes.value, count = bytes.value / from.page_bytes.value;
  for (std::size_t i = begin; i < begin + count; ++i) --mappings_[from.pages[i].value];
}

void RelayDevice::clear(const Extent& extent, StreamId stream) {
  log_.flush();
  outer_.clear({outer_of(extent.segment), extent.offset, extent.bytes}, stream);
}

// The driver of the outer pool issues tokens too: those of the inner Port are numbered by themselves.

void RelayDevice::issued(TokenId inner, TokenId outer) {
  VRAMLAB_CHECK(inner.value == tokens_.size(), "the inner pool's tokens are not numbered one after the other");
  tokens_.push_back(outer);
}

void RelayDevice::taken(SegmentId inner, SegmentId outer) {
  VRAMLAB_CHECK(inner.value == segments_.size(), "the inner pool's segments are not numbered one after the other");
  segments_.push_back(outer);
}

std::optional<TokenId> RelayDevice::inner_of(TokenId outer) const {
  const auto found = std::lower_bound(tokens_.begin(), tokens_.end(), outer);
  if (found == tokens_.end() || *found != outer) return std::nullopt;
  return TokenId(static_cast<std::uint32_t>(found - tokens_.begin()));
}

void RelayDevice::transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) {
  log_.flush();
  std::vector<TokenId> earlier;
  for (const TokenId inner : after) earlier.push_back(tokens_.at(inner.value));
  Transfer passed = transfer;
  passed.from.segment = outer_of(transfer.from.segment);
  passed.to.segment = outer_of(transfer.to.segment);
  issued(token, outer_.transfer(passed, earlier));
}

void RelayDevice::record(TokenId token, StreamId stream) {
  log_.flush();
  issued(token, outer_.record(stream));
}

void RelayDevice::wait(StreamId stream, TokenId token) {
  log_.flush();
  outer_.wait(stream, tokens_.at(token.value));
}

// --- InnerPool -------------------------------------------------------------------------------------------------------

InnerPool::InnerPool(Port& outer, const PoolInfo& row, const PoolContext& context)
    : outer_(outer), device_(outer, log_), port_(device_, log_, outer.capacity()) {
  if (outer.device_addresses() != nullptr) port_.use_device_addresses(device_);
  if (row.needs_instance) throw ConfigError("pool " + std::string(row.name) + " cannot be the pool inside of another");
  log_.add_sink(*this);
  pool_ = row.make(port_, OptionValues(row.name, row.options), context);
  log_.flush();
}

void InnerPool::on_decisions(std::span<const Decision> batch) {
  for (const Decision& d : batch) {
    const bool held = d.object == held_object.value;
    const BlockId block(d.object - 1);
    if (d.kind == DecisionKind::place) {
      if (held) {
        held_ = d;
      } else {
        outer_.place(block, device_.outer_of(SegmentId(d.segment)), Bytes(d.offset), Bytes(d.bytes),
                     StreamId(d.stream));
      }
    } else if (d.kind == DecisionKind::release && !held) {
      outer_.release(block);
    }
  }
}

void InnerPool::limited(const AllocRequest& request, Bytes limit) {
  device_.limit(limit);
  try {
    command([&] { pool_->allocate(request); });
  } catch (...) {
    device_.limit(unlimited_bytes);
    throw;
  }
  device_.limit(unlimited_bytes);
}

void InnerPool::completed(TokenId token) {
  if (const std::optional<TokenId> inner = device_.inner_of(token)) command([&] { pool_->completed(*inner); });
}

void InnerPool::measured(TokenId token, Nanoseconds duration) {
  if (const std::optional<TokenId> inner = device_.inner_of(token)) command([&] { pool_->measured(*inner, duration); });
}

std::optional<InnerPool::Memory> InnerPool::hold(Bytes bytes, StreamId stream, Bytes limit) {
  port_.bind(held_block, held_object);
  try {
    limited({.block = held_block, .object = held_object, .bytes = bytes, .stream = stream}, limit);
  } catch (const OutOfMemory&) {
    return std::nullopt;
  }
  return Memory{device_.outer_of(SegmentId(held_.segment)), Bytes(held_.offset), pool_->address_of(held_block),
                Bytes(held_.bytes)};
}

void InnerPool::let_go() {
  command([&] { pool_->release(held_block); });
}

OptimizeResult InnerPool::optimize() {
  OptimizeResult result;
  command([&] { result = pool_->optimize(); });
  return result;
}

}  // namespace vramlab
