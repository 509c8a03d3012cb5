#pragma once
// A map from dense, growing ids to small records, without hashing and with bounded memory.
//
// Ids lie in chunks of 64; a chunk is freed with its last record. Memory: at most 64 records for each id held (when
// every chunk keeps just one) and never more than one record an id ever inserted, plus 8 bytes a chunk: 1/8 byte an id.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace vramlab {

template <class Record>
class IdTable {
 public:
  /// Null where the id is not held.
  Record* find(std::uint32_t id) {
    const std::size_t chunk = id / width;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return nullptr;
    Chunk& c = *chunks_[chunk];
    return (c.held >> (id % width) & 1) != 0 ? &c.records[id % width] : nullptr;
  }
  const Record* find(std::uint32_t id) const { return const_cast<IdTable*>(this)->find(id); }

  /// REQUIRES: the id is not held.
  Record& insert(std::uint32_t id, Record record) {
    const std::size_t chunk = id / width;
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    if (chunks_[chunk] == nullptr) chunks_[chunk] = fresh_chunk();
    Chunk& c = *chunks_[chunk];
    c.held |= std::uint64_t{1} << (id % width);
    end_ = std::max(end_, std::uint64_t{id} + 1);
    return c.records[id % width] = std::move(record);
  }

  /// REQUIRES: the id is held.
  void erase(std::uint32_t id) {
    std::unique_ptr<Chunk>& chunk = chunks_[id / width];
    chunk->held &= ~(std::uint64_t{1} << (id % width));
    if (chunk->held != 0) return;
    if (spare_ == nullptr) spare_ = std::move(chunk);  // the next chunk is likely needed at once
    chunk.reset();
  }

  /// One more than the largest id ever inserted.
  std::uint64_t end() const { return end_; }

 private:
  static constexpr std::size_t width = 64;
  struct Chunk {
    std::uint64_t held = 0;  // bit i: record i
    std::array<Record, width> records{};
  };

  std::unique_ptr<Chunk> fresh_chunk() { return spare_ != nullptr ? std::move(spare_) : std::make_unique<Chunk>(); }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::unique_ptr<Chunk> spare_;
  std::uint64_t end_ = 0;
};

}  // namespace vramlab
