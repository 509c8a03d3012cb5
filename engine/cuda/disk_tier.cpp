#include "engine/cuda/disk_tier.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <system_error>

#include "engine/core/error.h"

namespace vramlab {
namespace {

std::string error_text(int error) { return std::generic_category().message(error); }

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

}  // namespace

DiskTier::~DiskTier() {
  if (file_ >= 0) ::close(file_);
}

std::string DiskTier::place() const {
  if (!folder_.empty()) return folder_;
  const char* const temporary = std::getenv("TMPDIR");
  return temporary != nullptr && *temporary != 0 ? temporary : "/tmp";
}

// mkostemp gives mode 0600 and a name nobody else has.
void DiskTier::open() {
  std::string name = place() + "/vramlab-disk-XXXXXX";
  file_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0)
    throw DeviceError(fmt::format("cannot make the file of the disk tier in {}: {}", place(), error_text(errno)), {},
                      "name a folder that can be written");
  ::unlink(name.c_str());
}

std::optional<std::uint64_t> DiskTier::reuse(Bytes bytes) {
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto [begin, end] = *it;
    if (end - begin < bytes.value) continue;
    free_.erase(it);
    if (begin + bytes.value != end) free_.emplace(begin + bytes.value, end);
    return begin;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> DiskTier::take(Bytes bytes) {
  if (bytes > max_object_bytes) return std::nullopt;
  if (file_ < 0) open();
  if (const auto offset = reuse(bytes)) return offset;
  const int error = extend(std::max(bytes, Bytes(1)));
  if (error != 0) {
    static_cast<void>(::ftruncate(file_, static_cast<off_t>(end_)) == 0);  // what was there before it was full
    if (error == ENOSPC || error == EFBIG || error == EDQUOT) return std::nullopt;
    throw DeviceError(fmt::format("cannot take {} bytes of disk in {}: {}", bytes.value, place(), error_text(error)));
  }
  const std::uint64_t offset = end_;
  end_ += bytes.value;
  return offset;
}

// posix_fallocate() would write a byte into every block where the file system cannot do better; there we only look
// whether there is room now.
int DiskTier::extend(Bytes bytes) const {
  int failed = 0;
  do {
    failed = ::fallocate(file_, 0, static_cast<off_t>(end_), static_cast<off_t>(bytes.value));
  } while (failed != 0 && errno == EINTR);
  if (failed == 0) return 0;
  if (errno != EOPNOTSUPP) return errno;
  struct statvfs room{};
  if (::fstatvfs(file_, &room) != 0) return errno;
  if (room.f_bavail < bytes.value / room.f_frsize) return ENOSPC;
  return ::ftruncate(file_, static_cast<off_t>(end_ + bytes.value)) == 0 ? 0 : errno;
}

void DiskTier::give_back(std::uint64_t offset, Bytes bytes) {
  if (bytes.value == 0) return;
  auto at = free_.emplace(offset, offset + bytes.value).first;
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
  if (at->second != end_ || ::ftruncate(file_, static_cast<off_t>(at->first)) != 0) return;
  end_ = at->first;
  free_.erase(at);
}

void DiskTier::read(std::byte* into, std::uint64_t offset, std::size_t bytes) noexcept {
  const int error = whole(bytes, [&](std::size_t done) {
    return ::pread(file_, into + done, bytes - done, static_cast<off_t>(offset + done));
  });
  int none = 0;
  if (error != 0) failure_.compare_exchange_strong(none, error);
}

void DiskTier::write(const std::byte* from, std::uint64_t offset, std::size_t bytes) noexcept {
  const int error = whole(bytes, [&](std::size_t done) {
    return ::pwrite(file_, from + done, bytes - done, static_cast<off_t>(offset + done));
  });
  int none = 0;
  if (error != 0) failure_.compare_exchange_strong(none, error);
}

void DiskTier::throw_failure() const {
  if (const int error = failure_.load(); error != 0)
    throw DeviceError(fmt::format("a transfer from or to the disk in {} failed: {}", place(), error_text(error)), {},
                      "make room there, or name another folder");
}

}  // namespace vramlab
