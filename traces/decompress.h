#pragma once
// gzip, xz and zstd into memory, told by their magic numbers. Memory grows with the output, never with what a header
// claims, and stops at a limit.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

namespace vramlab {

/// Bytes that grow without being zeroed or (for large blocks on Linux) copied, up to a limit.
class GrowingBytes {
 public:
  explicit GrowingBytes(std::uint64_t limit = 0) : limit_(limit) {}

  std::size_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }
  /// Free space at the end, made larger when there is none. It ends one byte beyond the limit, so that going beyond
  /// is seen; never empty while !over_limit(). Throws Error when memory runs out.
  std::span<std::byte> room();
  /// The first `count` bytes of room() were filled.
  void filled(std::size_t count) { size_ += count; }
  bool over_limit() const { return size_ > limit_; }
  /// Gives back what was reserved beyond size().
  void shrink();

 private:
  void reallocate(std::size_t capacity);

  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::uint64_t limit_;
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

enum class Compression : std::uint8_t { none, gzip, xz, zstd };

/// What the first bytes of a file say.
Compression compression_of(std::span<const std::byte> head);

/// All members, streams or frames of `compressed`, one after the other. Throws TraceError naming `name` and the
/// offset in the compressed bytes: truncated, corrupt, garbage after the end, or more than `limit` bytes.
/// REQUIRES: compression != none.
GrowingBytes decompress(std::span<const std::byte> compressed, Compression compression, const std::string& name,
                        std::uint64_t limit);

}  // namespace vramlab
