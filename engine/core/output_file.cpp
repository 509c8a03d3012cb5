#include "engine/core/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "engine/core/error.h"

namespace vramlab {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw ConfigError("cannot write: " + why, Where{path, {}, {}, {}}, "name a file in a folder that can be written");
}

/// Renaming over a folder fails at the very end, and renaming over a device would replace it.
void refuse_special_files(const std::string& path) {
  if (path.empty()) refuse(path, "the name is empty");
  std::error_code unknown;  // then there is nothing that could be replaced
  const std::filesystem::file_status status = std::filesystem::status(path, unknown);
  if (std::filesystem::is_directory(status)) refuse(path, "is a folder");
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) refuse(path, "is no plain file");
}

[[noreturn]] void fail_writing(const std::string& path, const char* action) {
  const int code = errno;
  throw Error(fmt::format("cannot {}: {}", action, std::strerror(code)), Where{path, {}, {}, {}},
              code == ENOSPC ? "free some space on that disk" : "check the folder and its permissions");
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  refuse_special_files(path);
  for (int attempt = 0; file_ < 0; ++attempt) {
    pending_ = fmt::format("{}.{}-{}.tmp", path, ::getpid(), attempt);
    file_ = ::open(pending_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0 && errno != EEXIST) refuse(path, std::strerror(errno));
  }
}

OutputFile::~OutputFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(pending_.c_str());
}

void OutputFile::write(const void* bytes, std::size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(file_, at, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_writing(path_, "write");
    at += written;
    count -= static_cast<std::size_t>(written);
  }
}

void OutputFile::commit() {
  if (::fsync(file_) != 0) fail_writing(path_, "write");
  if (::rename(pending_.c_str(), path_.c_str()) != 0) fail_writing(path_, "put the finished file in its place");
  ::close(file_);
  file_ = -1;
}

void write_output_file(const std::string& path, std::string_view content) {
  OutputFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace vramlab
