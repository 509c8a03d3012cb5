#include "engine/cuda/disk_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "engine/core/error.h"

namespace vramlab {
namespace {

[[noreturn]] void refuse(const std::string& folder, int error) {
  throw DeviceError(
      fmt::format("cannot make the file of the disk tier in {}: {}", folder, std::generic_category().message(error)),
      {}, "name a folder that can be written");
}

// Goes on after interruptions and short counts. `call(done)` is pread or pwrite of what is left.
template <class Call>
int whole(std::size_t bytes, Call&& call) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t count = call(done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      return count == 0 ? EIO : errno;
    }
  }
  return 0;
}

int read_all(int file, std::byte* into, std::uint64_t offset, std::size_t bytes) {
  return whole(bytes, [&](std::size_t done) {
    return ::pread(file, into + done, bytes - done, static_cast<off_t>(offset + done));
  });
}

int write_all(int file, const std::byte* from, std::uint64_t offset, std::size_t bytes) {
  return whole(bytes, [&](std::size_t done) {
    return ::pwrite(file, from + done, bytes - done, static_cast<off_t>(offset + done));
  });
}

// Beyond its limit the system would send a signal that ends the process.
bool beyond_limit(std::uint64_t bytes) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur;
}

}  // namespace

DiskFile::DiskFile(const std::string& folder) : folder_(folder + "/vramlab-disk-XXXXXX") {
  if (::mkdtemp(folder_.data()) == nullptr) refuse(folder, errno);
  name_ = folder_ + "/blocks";
  file_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file_ < 0) {
    const int error = errno;
    ::rmdir(folder_.c_str());
    refuse(folder, error);
  }
  opened_direct_ = ::open(name_.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_DIRECT);
  direct_ = opened_direct_;
  if (::unlink(name_.c_str()) == 0) name_.clear();
  if (::rmdir(folder_.c_str()) == 0) folder_.clear();
}

DiskFile::~DiskFile() {
  if (opened_direct_ >= 0) ::close(opened_direct_);
  ::close(file_);
  if (!name_.empty()) ::unlink(name_.c_str());
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

int DiskFile::reserve(std::uint64_t from, std::uint64_t to) {
  const int error = beyond_limit(to) ? EFBIG : extend(from, to);
  if (error != 0) shrink(from);  // what was set aside before the disk was full
  return error;
}

void DiskFile::shrink(std::uint64_t to) const { static_cast<void>(::ftruncate(file_, static_cast<off_t>(to)) == 0); }

// posix_fallocate() would write a byte into every block where the file system cannot do better; there we only look
// whether there is room now.
int DiskFile::extend(std::uint64_t from, std::uint64_t to) const {
  int failed = 0;
  do {
    failed = ::fallocate(file_, 0, static_cast<off_t>(from), static_cast<off_t>(to - from));
  } while (failed != 0 && errno == EINTR);
  if (failed == 0) return 0;
  if (errno != EOPNOTSUPP) return errno;
  struct statvfs room{};
  if (::fstatvfs(file_, &room) != 0) return errno;
  if (room.f_bavail < (to - from) / room.f_frsize) return ENOSPC;
  return ::ftruncate(file_, static_cast<off_t>(to)) == 0 ? 0 : errno;
}

std::size_t DiskFile::direct_bytes(const void* memory, std::uint64_t offset, std::size_t bytes) const {
  const bool aligned = std::bit_cast<std::uintptr_t>(memory) % granule == 0 && offset % granule == 0;
  return aligned && direct_ >= 0 ? bytes / granule * granule : 0;
}

// EINVAL from a direct transfer: the file system wants another alignment, or none at all. From then on all goes through
// the cache.
int DiskFile::read(std::byte* into, std::uint64_t offset, std::size_t bytes) noexcept {
  std::size_t first = direct_bytes(into, offset, bytes);
  int error = first == 0 ? 0 : read_all(opened_direct_, into, offset, first);
  if (error == EINVAL) {
    direct_ = -1;
    first = 0;
    error = 0;
  }
  return error != 0 ? error : read_all(file_, into + first, offset + first, bytes - first);
}

int DiskFile::write(const std::byte* from, std::uint64_t offset, std::size_t bytes) noexcept {
  std::size_t first = direct_bytes(from, offset, bytes);
  int error = first == 0 ? 0 : write_all(opened_direct_, from, offset, first);
  if (error == EINVAL) {
    direct_ = -1;
    first = 0;
    error = 0;
  }
  if (error == 0) error = write_all(file_, from + first, offset + first, bytes - first);
  if (error == 0 && first != bytes)
    static_cast<void>(::sync_file_range(file_, static_cast<off_t>(offset + first), static_cast<off_t>(bytes - first),
                                        SYNC_FILE_RANGE_WRITE) == 0);  // a hint
  return error;
}

}  // namespace vramlab
