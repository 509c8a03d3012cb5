#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "engine/core/error.h"
#include "traces/decompress.h"
#include "traces/reader.h"

namespace vramlab {

namespace {

class FileDescriptor {
 public:
  FileDescriptor(int number, bool owned) : number_(number), owned_(owned) {}
  ~FileDescriptor() {
    if (owned_) ::close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
  bool owned_;
};

/// A read-only private mapping of a whole file.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* begin, std::size_t size) : begin_(begin), size_(size) {}
  ~Mapping() {
    if (size_ != 0) ::munmap(begin_, size_);
  }
  Mapping(Mapping&& other) noexcept { *this = std::move(other); }
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
    return *this;
  }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(begin_), size_}; }

 private:
  void* begin_ = nullptr;
  std::size_t size_ = 0;
};

[[noreturn]] void fail(const std::string& path, const std::string& what, const std::string& mend = {}) {
  throw TraceError(what, Where{path, {}, {}, {}}, mend);
}

[[noreturn]] void fail_with_errno(const std::string& path, std::string_view action) {
  const int code = errno;
  fail(path, fmt::format("cannot {}: {}", action, std::strerror(code)),
       code == ENOENT   ? "check the path"
       : code == EACCES ? "check the file's permissions"
                        : "");
}

FileDescriptor open_path(const std::string& path) {
  if (path == "-") return {STDIN_FILENO, false};
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) fail_with_errno(path, "open");
  return {number, true};
}

Mapping map_file(int file, std::size_t size, const std::string& path) {
  void* begin = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (begin == MAP_FAILED) fail_with_errno(path, "map");
  ::madvise(begin, size, MADV_SEQUENTIAL);  // advice: its failure changes nothing but speed
  return {begin, size};
}

GrowingBytes read_pipe(int file, const std::string& path, std::uint64_t limit) {
  GrowingBytes content(limit);
  for (;;) {
    const auto room = content.room();
    const ssize_t got = ::read(file, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(path, "read");
    if (got == 0) return content;
    content.filled(static_cast<std::size_t>(got));
    if (content.over_limit()) fail(path, fmt::format("more than {} bytes come from this pipe", limit));
  }
}

bool is_pipe(int file, const struct stat& status) {
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(file) == 1);
}

std::string plain_name(std::string_view path) {
  if (path == "-" || path == "/dev/stdin") return "stdin";
  path.remove_prefix(path.find_last_of('/') + 1);  // npos + 1 = 0
  for (const std::string_view suffix : {".gz", ".xz", ".zst"})
    if (path.size() > suffix.size() && path.ends_with(suffix))
      return std::string(path.substr(0, path.size() - suffix.size()));
  return std::string(path);
}

}  // namespace

struct InputFile::State {
  std::string name;
  Mapping mapping;       // of a regular file
  GrowingBytes content;  // what came from a pipe or out of a decompressor
  std::span<const std::byte> bytes;

  void load(const std::string& path, std::uint64_t limit) {
    const FileDescriptor file = open_path(path);
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) fail_with_errno(path, "inspect");
    if (S_ISDIR(status.st_mode)) fail(path, "is a directory", "name a file in it");
    if (is_pipe(file.number(), status)) {
      content = read_pipe(file.number(), path, limit);
      bytes = content.bytes();
    } else if (S_ISREG(status.st_mode)) {
      if (status.st_size > 0) mapping = map_file(file.number(), static_cast<std::size_t>(status.st_size), path);
      bytes = mapping.bytes();
    } else {
      fail(path, "is neither a file nor a pipe");
    }
    if (bytes.empty()) fail(path, "is empty");
  }

  void unpack(const std::string& path, std::uint64_t limit) {
    const Compression compression = compression_of(bytes);
    if (compression == Compression::none) return;
    content = decompress(bytes, compression, path, limit);
    mapping = Mapping();
    bytes = content.bytes();
    if (bytes.empty()) fail(path, "is empty after decompression");
  }
};

InputFile::InputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
InputFile::InputFile(InputFile&&) noexcept = default;
InputFile& InputFile::operator=(InputFile&&) noexcept = default;
InputFile::~InputFile() = default;

InputFile InputFile::open(const std::string& path, std::uint64_t limit) {
  auto state = std::make_unique<State>();
  state->name = plain_name(path);
  state->load(path, limit);
  state->unpack(path, limit);
  return InputFile(std::move(state));
}

std::span<const std::byte> InputFile::bytes() const { return state_->bytes; }
const std::string& InputFile::name() const { return state_->name; }

}  // namespace vramlab
