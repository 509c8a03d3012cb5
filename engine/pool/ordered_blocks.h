#pragma once
// Free blocks ordered by (size, address): what PyTorch keeps in a std::set. Kept here as a list of short sorted
// arrays, because searching and shifting a few cache lines is cheaper than chasing tree nodes.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace vramlab {

/// INVARIANT: no chunk is empty; entries ascend within and across chunks; no chunk has more than `capacity`.
class OrderedBlocks {
 public:
  struct Entry {
    std::uint64_t size = 0;
    std::uint64_t address = 0;
    std::uint32_t node = 0;
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.size != b.size ? a.size < b.size : a.address < b.address;
    }
  };
  /// Names an entry until the next insert or erase.
  struct Cursor {
    std::uint32_t chunk = 0;
    std::uint32_t index = 0;
    friend bool operator==(const Cursor&, const Cursor&) = default;
  };

  bool empty() const { return chunks_.empty(); }
  Cursor begin() const { return {}; }
  Cursor end() const { return {static_cast<std::uint32_t>(chunks_.size()), 0}; }
  const Entry& at(Cursor c) const { return chunks_[c.chunk][c.index]; }
  Cursor next(Cursor c) const {
    return c.index + 1 < chunks_[c.chunk].size() ? Cursor{c.chunk, c.index + 1} : Cursor{c.chunk + 1, 0};
  }
  Cursor previous(Cursor c) const {
    if (c.index > 0) return {c.chunk, c.index - 1};
    return {c.chunk - 1, static_cast<std::uint32_t>(chunks_[c.chunk - 1].size() - 1)};
  }

  /// First entry with (size, address) >= the given one.
  Cursor lower_bound(std::uint64_t size, std::uint64_t address = 0) const {
    const Entry key{size, address, 0};
    const auto chunk = std::lower_bound(last_.begin(), last_.end(), key);
    if (chunk == last_.end()) return end();
    const auto c = static_cast<std::uint32_t>(chunk - last_.begin());
    const auto entry = std::lower_bound(chunks_[c].begin(), chunks_[c].end(), key);
    return {c, static_cast<std::uint32_t>(entry - chunks_[c].begin())};
  }

  void insert(const Entry& e) {
    if (chunks_.empty()) {
      chunks_.emplace_back().reserve(capacity);
      last_.emplace_back();
    }
    const auto found = std::lower_bound(last_.begin(), last_.end(), e);
    const std::size_t c = found == last_.end() ? last_.size() - 1 : static_cast<std::size_t>(found - last_.begin());
    std::vector<Entry>& chunk = chunks_[c];
    chunk.insert(std::lower_bound(chunk.begin(), chunk.end(), e), e);
    last_[c] = chunk.back();
    if (chunk.size() == capacity) split(c);
  }

  void erase(Cursor c) {
    std::vector<Entry>& chunk = chunks_[c.chunk];
    chunk.erase(chunk.begin() + c.index);
    if (!chunk.empty()) {
      last_[c.chunk] = chunk.back();
      return;
    }
    chunks_.erase(chunks_.begin() + c.chunk);
    last_.erase(last_.begin() + c.chunk);
  }

  /// REQUIRES: the entry is in the set.
  void erase(std::uint64_t size, std::uint64_t address) { erase(lower_bound(size, address)); }

 private:
  static constexpr std::size_t capacity = 64;

  void split(std::size_t c) {
    std::vector<Entry> upper;
    upper.reserve(capacity);
    upper.assign(chunks_[c].begin() + capacity / 2, chunks_[c].end());
    chunks_[c].resize(capacity / 2);
    last_[c] = chunks_[c].back();
    last_.insert(last_.begin() + static_cast<std::ptrdiff_t>(c) + 1, upper.back());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(c) + 1, std::move(upper));
  }

  std::vector<std::vector<Entry>> chunks_;
  std::vector<Entry> last_;  // the greatest entry of each chunk
};

}  // namespace vramlab
