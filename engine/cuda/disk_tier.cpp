#include "engine/cuda/disk_tier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <span>
#include <system_error>
#include <utility>

#include "engine/core/error.h"

namespace vramlab {
namespace {

std::uint64_t rounded(Bytes bytes) { return round_up(std::max(bytes, Bytes(1)), Bytes(DiskFile::granule)).value; }

// What was never right is worse than what is plainly wrong.
constexpr int poison = 0xFF;

}  // namespace

std::string DiskTier::place() const {
  if (!folder_.empty()) return folder_;
  const char* const temporary = std::getenv("TMPDIR");
  return temporary != nullptr && *temporary != 0 ? temporary : "/tmp";
}

// --- Space -----------------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> DiskTier::reuse(std::uint64_t bytes) {
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto [begin, end] = *it;
    if (end - begin < bytes) continue;
    free_.erase(it);
    if (begin + bytes != end) free_.emplace(begin + bytes, end);
    return begin;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> DiskTier::extend(std::uint64_t bytes) {
  const int error = file_->reserve(end_, end_ + bytes);
  if (error == ENOSPC || error == EFBIG || error == EDQUOT) return std::nullopt;
  if (error != 0)
    throw DeviceError(
        fmt::format("cannot take {} bytes of disk in {}: {}", bytes, place(), std::generic_category().message(error)));
  return std::exchange(end_, end_ + bytes);
}

std::optional<std::uint64_t> DiskTier::take(Bytes bytes, SegmentId owner) {
  if (bytes > max_object_bytes) return std::nullopt;
  if (!file_) file_ = std::make_unique<DiskFile>(place());
  const std::uint64_t size = rounded(bytes);
  std::optional<std::uint64_t> offset = reuse(size);
  if (!offset) offset = extend(size);
  if (!offset) return std::nullopt;
  const std::lock_guard lock(mutex_);
  taken_[*offset] = {*offset + size, owner};
  return offset;
}

void DiskTier::give_back(std::uint64_t offset, Bytes bytes) {
  const std::uint64_t end = offset + rounded(bytes);
  sums_.forget(offset, end);
  {
    const std::lock_guard lock(mutex_);
    taken_.erase(offset);
  }
  auto at = free_.emplace(offset, end).first;
  if (const auto next = std::next(at); next != free_.end() && next->first == at->second) {
    at->second = next->second;
    free_.erase(next);
  }
  if (at != free_.begin()) {
    if (const auto before = std::prev(at); before->second == at->first) {
      before->second = at->second;
      free_.erase(at);
      at = before;
    }
  }
  if (at->second != end_) return;
  end_ = at->first;
  free_.erase(at);
  file_->shrink(end_);
}

// --- Bytes -----------------------------------------------------------------------------------------------------------

std::string DiskTier::name_of(std::uint64_t offset) const {
  const std::lock_guard lock(mutex_);
  auto it = taken_.upper_bound(offset);
  if (it == taken_.begin() || std::prev(it)->second.end <= offset || !std::prev(it)->second.owner.valid())
    return fmt::format("byte {} of the file", offset);
  --it;
  return fmt::format("segment {} at offset {}", it->second.owner.value, offset - it->first);
}

void DiskTier::check_done(int error, const char* what, std::uint64_t offset, std::size_t bytes) const {
  if (error != 0)
    throw DeviceError(fmt::format("{} {} bytes of the disk tier in {} failed, {}: {}", what, bytes, place(),
                                  name_of(offset), std::generic_category().message(error)),
                      {}, "make room there, or name another folder");
}

void DiskTier::check_sum(const SummedBlock& block, const std::byte* bytes) const {
  const std::uint64_t found = block_sum({bytes, block.bytes});
  if (found != block.sum)
    throw DeviceError(fmt::format("a block of {} bytes of the disk tier in {} is not what was written, {}: its sum is "
                                  "{:016x}, written was {:016x}",
                                  block.bytes, place(), name_of(block.offset), found, block.sum),
                      {}, "check that disk; the bytes were not used");
}

std::vector<std::byte> DiskTier::checked_block(const SummedBlock& block) {
  std::vector<std::byte> bytes(block.bytes);
  check_done(file_->read(bytes.data(), block.offset, bytes.size()), "reading", block.offset, bytes.size());
  check_sum(block, bytes.data());
  return bytes;
}

// Sums of what is about to be overwritten go; what stays of a block that is written in part gets a sum of its own.
void DiskTier::cut_blocks(std::uint64_t begin, std::uint64_t end) {
  std::vector<SummedBlock> rest;
  for (const SummedBlock& block : sums_.within(begin, end)) {
    if (block.offset >= begin && block.end() <= end) continue;
    const std::vector<std::byte> bytes = checked_block(block);
    const auto keep = [&](std::uint64_t from, std::uint64_t to) {
      const std::span part(bytes.data() + (from - block.offset), to - from);
      rest.push_back({from, to - from, block_sum(part)});
    };
    if (block.offset < begin) keep(block.offset, begin);
    if (block.end() > end) keep(end, block.end());
  }
  sums_.forget(begin, end);
  for (const SummedBlock& block : rest) sums_.set(block);
}

// A block that was asked for in part is read whole: only so can it be told right from wrong.
void DiskTier::check_blocks(std::byte* into, std::uint64_t begin, std::uint64_t end) {
  for (const SummedBlock& block : sums_.within(begin, end)) {
    if (block.offset >= begin && block.end() <= end) {
      check_sum(block, into + (block.offset - begin));
      continue;
    }
    const std::vector<std::byte> bytes = checked_block(block);
    const std::uint64_t from = std::max(begin, block.offset), to = std::min(end, block.end());
    std::memcpy(into + (from - begin), bytes.data() + (from - block.offset), to - from);
  }
}

void DiskTier::read(std::byte* into, std::uint64_t offset, std::size_t bytes) noexcept {
  try {
    check_done(file_->read(into, offset, bytes), "reading", offset, bytes);
    check_blocks(into, offset, offset + bytes);
  } catch (const std::exception& error) {
    std::memset(into, poison, bytes);
    keep_failure(error.what());
  }
}

// The sums come first: a write that is torn, or fails, is found by whoever reads.
void DiskTier::write(const std::byte* from, std::uint64_t offset, std::size_t bytes) noexcept {
  try {
    cut_blocks(offset, offset + bytes);
    for (std::size_t done = 0; done < bytes; done += BlockSums::block_bytes) {
      const std::size_t part = std::min(BlockSums::block_bytes, bytes - done);
      sums_.set({offset + done, part, block_sum({from + done, part})});
    }
    check_done(file_->write(from, offset, bytes), "writing", offset, bytes);
  } catch (const std::exception& error) {
    keep_failure(error.what());
  }
}

void DiskTier::keep_failure(const char* text) noexcept {
  const std::lock_guard lock(mutex_);
  if (!failed_) failure_ = text;
  failed_ = true;
}

void DiskTier::throw_failure() const {
  if (!failed_) return;
  const std::lock_guard lock(mutex_);
  throw DeviceError(failure_);
}

}  // namespace vramlab
