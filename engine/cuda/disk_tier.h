#pragma once
// The disk tier: one file of this process alone, already unlinked, so that nothing stays behind whatever happens.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/core/types.h"

namespace vramlab {

/// THREAD-SAFETY: read() and write() from any thread; the others from one at a time.
class DiskTier {
 public:
  /// `folder` "" = TMPDIR, else /tmp. The file is made when first needed.
  explicit DiskTier(std::string folder) : folder_(std::move(folder)) {}
  ~DiskTier();
  DiskTier(const DiskTier&) = delete;
  DiskTier& operator=(const DiskTier&) = delete;

  /// Offset of space that is set aside for it, as far as the file system can; nullopt where the disk is full. Throws
  /// DeviceError where there can be no file.
  std::optional<std::uint64_t> take(Bytes bytes);
  /// REQUIRES: as taken.
  void give_back(std::uint64_t offset, Bytes bytes);

  // A failure is kept for throw_failure(): these run where nobody can catch.
  void read(std::byte* into, std::uint64_t offset, std::size_t bytes) noexcept;
  void write(const std::byte* from, std::uint64_t offset, std::size_t bytes) noexcept;
  /// Throws DeviceError once a read or a write has failed.
  void throw_failure() const;

 private:
  std::optional<std::uint64_t> reuse(Bytes bytes);
  int extend(Bytes bytes) const;
  void open();
  std::string place() const;

  std::string folder_;
  int file_ = -1;
  std::uint64_t end_ = 0;
  std::map<std::uint64_t, std::uint64_t> free_;  // offset -> end; neighbours are merged
  std::atomic<int> failure_{0};                  // errno of the first failure
};

}  // namespace vramlab
