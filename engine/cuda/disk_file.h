#pragma once
// One file of this process alone: made in a directory that only its owner may enter (0700), readable by its owner only
// (0600), and unlinked at once where the system allows, so that nothing stays behind whatever happens.
//
// Bytes go past the page cache (O_DIRECT) where the file system takes that and memory, offset and length are multiples
// of 4096; the rest, and everything where it does not (tmpfs before Linux 6.6), goes through the cache, and writing
// back is begun at once so that dirty pages do not pile up behind the runs that swap because memory is short.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/core/types.h"

namespace vramlab {

/// THREAD-SAFETY: read() and write() from any thread; the others from one at a time. Results are an errno, 0 = done.
class DiskFile {
 public:
  static constexpr std::uint64_t granule = 4096;

  /// Throws DeviceError where no file can be made in `folder`.
  explicit DiskFile(const std::string& folder);
  ~DiskFile();
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

  /// Sets blocks of the disk aside for [from, to), as far as the file system can. Nothing has changed where it fails.
  int reserve(std::uint64_t from, std::uint64_t to);
  void shrink(std::uint64_t to) const;
  int read(std::byte* into, std::uint64_t offset, std::size_t bytes) noexcept;
  int write(const std::byte* from, std::uint64_t offset, std::size_t bytes) noexcept;

 private:
  int extend(std::uint64_t from, std::uint64_t to) const;
  /// How many bytes at the beginning go past the cache.
  std::size_t direct_bytes(const void* memory, std::uint64_t offset, std::size_t bytes) const;

  int file_ = -1;
  std::atomic<int> direct_{-1};  // the same file, past the cache; -1 where that does not work
  int opened_direct_ = -1;
  std::string folder_, name_;  // to be removed in the end; "" where that is done already
};

}  // namespace vramlab
