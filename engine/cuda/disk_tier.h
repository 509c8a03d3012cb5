#pragma once
// The disk tier: one private file (disk_file.h), whose space is set aside before anything is written, and whose blocks
// are summed when they are written and held against their sums when they come back. Bytes that are not what was written
// never reach whoever asked: it gets 0xFF instead (not a number, in every floating-point format), and the run fails
// with the block's place and both sums.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/cuda/block_sums.h"
#include "engine/cuda/disk_file.h"

namespace vramlab {

/// THREAD-SAFETY: read() and write() from any thread, but not of the same bytes at once; the others from one at a time.
class DiskTier {
 public:
  /// `folder` "" = TMPDIR, else /tmp. The file is made when first needed.
  explicit DiskTier(std::string folder) : folder_(std::move(folder)) {}

  /// Offset of space that is set aside for it, as far as the file system can: a multiple of 4096. nullopt where the
  /// disk is full; nothing is left behind then. Throws DeviceError where there can be no file. `owner` is for messages.
  std::optional<std::uint64_t> take(Bytes bytes, SegmentId owner = {});
  /// REQUIRES: as taken.
  void give_back(std::uint64_t offset, Bytes bytes);

  // A failure is kept for throw_failure(): these run where nobody can catch.
  void read(std::byte* into, std::uint64_t offset, std::size_t bytes) noexcept;
  void write(const std::byte* from, std::uint64_t offset, std::size_t bytes) noexcept;
  /// Throws DeviceError once a read or a write has failed, or a block came back altered.
  void throw_failure() const;

 private:
  struct Taken {
    std::uint64_t end = 0;
    SegmentId owner{};
  };

  std::string place() const;
  std::optional<std::uint64_t> reuse(std::uint64_t bytes);
  std::optional<std::uint64_t> extend(std::uint64_t bytes);
  void cut_blocks(std::uint64_t begin, std::uint64_t end);
  void check_blocks(std::byte* into, std::uint64_t begin, std::uint64_t end);
  std::vector<std::byte> checked_block(const SummedBlock& block);
  void check_sum(const SummedBlock& block, const std::byte* bytes) const;
  void check_done(int error, const char* what, std::uint64_t offset, std::size_t bytes) const;
  std::string name_of(std::uint64_t offset) const;
  void keep_failure(const char* text) noexcept;

  std::string folder_;
  std::unique_ptr<DiskFile> file_;
  BlockSums sums_;
  std::uint64_t end_ = 0;
  std::map<std::uint64_t, std::uint64_t> free_;  // offset -> end; neighbours are merged
  mutable std::mutex mutex_;                     // of what follows
  std::map<std::uint64_t, Taken> taken_;         // by offset
  std::string failure_;                          // the first
  std::atomic<bool> failed_{false};
};

}  // namespace vramlab
