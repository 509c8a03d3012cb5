#pragma once
// Freed blocks kept whole for the next request of just their size: first in a cache of the stream that freed them, from
// where the oldest move to a cache shared by all streams, from where the oldest leave. A block that a stream takes from
// its own cache needs no wait; one from the shared cache may.

#include <cstdint>
#include <vector>

#include "engine/core/types.h"
#include "engine/pool/block_graph.h"

namespace vramlab {

/// Every operation takes constant time: classes are an array indexed by size, and the order of age is a list through
/// the entries. Sizes are multiples of 512 bytes. The cache knows nothing of addresses; who takes a block that another
/// stream left has to wait for it.
class TwoLevelCache {
 public:
  /// Blocks and bytes held at most. 0 switches a level, or all, off.
  struct Limits {
    std::uint32_t stream = 100;  ///< blocks of one stream
    std::uint32_t global = 500;  ///< blocks of the shared cache
    std::uint32_t total = 1000;  ///< blocks in all
    std::uint64_t bytes = ~std::uint64_t{0};
  };

  /// Keeps blocks of at most `largest` bytes.
  TwoLevelCache(const Limits& limits, Bytes largest);

  /// The block of exactly `size` bytes that `stream` put last, else the one that came last to the shared cache.
  /// no_node when there is none. REQUIRES: size is a multiple of 512 and at most the largest.
  NodeIndex take(std::uint64_t size, StreamId stream) {
    const std::uint32_t c = class_of(size);
    std::uint32_t e = no_entry;
    if (stream.value + std::size_t{1} < levels_.size()) e = levels_[stream.value + std::size_t{1}].first_of(c);
    if (e == no_entry) e = levels_[shared].first_of(c);
    return e == no_entry ? no_node : remove(e);
  }

  /// Afterwards the cache may be over its limits: take what overflow() gives, until it gives nothing.
  void put(NodeIndex node, std::uint64_t size, StreamId stream) {
    const std::uint32_t level = stream.value + 1u;
    if (level >= levels_.size() || levels_[level].first.empty()) add_level(level);
    last_level_ = level;
    ++count_;
    bytes_ += size;
    link(new_entry(node, class_of(size)), level);
    if (levels_[level].count > limits_.stream) {
      const std::uint32_t oldest = levels_[level].oldest;
      unlink(oldest);
      link(oldest, shared);
    }
  }

  /// A block that has to leave, now removed: the oldest of the shared cache, else of the stream that put last. no_node
  /// when everything is within the limits.
  NodeIndex overflow() {
    const bool too_many = count_ > limits_.total || bytes_ > limits_.bytes;
    if (levels_[shared].count > limits_.global || (too_many && levels_[shared].count > 0))
      return remove(levels_[shared].oldest);
    if (!too_many) return no_node;
    return levels_[last_level_].count > 0 ? remove(levels_[last_level_].oldest) : take_oldest();
  }

  /// Removes the oldest of the shared cache, else of the stream with the lowest number; no_node when empty.
  NodeIndex take_oldest();
  /// Smaller limits take effect as overflow() is called.
  void set_limits(const Limits& limits);

  const Limits& limits() const { return limits_; }
  std::uint64_t largest() const { return largest_; }
  std::uint32_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }
  /// Blocks in the cache of `stream`, and in the shared one.
  std::uint32_t count_of(StreamId stream) const;
  std::uint32_t shared_count() const { return levels_[shared].count; }

  /// Calls `each` with node and size of every block, level after level, oldest first.
  template <class Each>
  void for_each(Each&& each) const {
    for (const Level& level : levels_)
      for (std::uint32_t e = level.oldest; e != no_entry; e = entries_[e].newer)
        each(entries_[e].node, std::uint64_t{entries_[e].size_class} << 9);
  }

  /// Throws InvariantError naming what is wrong.
  void validate() const;

 private:
  static constexpr std::uint32_t no_entry = ~std::uint32_t{0};
  static constexpr std::uint32_t shared = 0;  // the level of all streams; stream s has level s + 1

  struct Entry {
    NodeIndex node = no_node;
    std::uint32_t size_class = 0;
    std::uint32_t level = 0;
    std::uint32_t above = no_entry, below = no_entry;  // in the stack of its class
    std::uint32_t newer = no_entry, older = no_entry;  // in its level's order of age; `newer` links unused entries
    std::uint32_t pad = 0;
  };
  struct Level {
    std::vector<std::uint32_t> first;  // the top of each class's stack; empty until the level is used
    std::uint32_t oldest = no_entry, newest = no_entry;
    std::uint32_t count = 0;

    std::uint32_t first_of(std::uint32_t c) const { return count == 0 ? no_entry : first[c]; }
  };

  static std::uint32_t class_of(std::uint64_t size) { return static_cast<std::uint32_t>(size >> 9); }

  std::uint32_t new_entry(NodeIndex node, std::uint32_t size_class) {
    std::uint32_t e = unused_;
    if (e == no_entry) {
      e = static_cast<std::uint32_t>(entries_.size());
      entries_.emplace_back();
    } else {
      unused_ = entries_[e].newer;
    }
    entries_[e].node = node;
    entries_[e].size_class = size_class;
    return e;
  }

  // On top of its class, as the newest of the level.
  void link(std::uint32_t e, std::uint32_t to) {
    Level& level = levels_[to];
    Entry& entry = entries_[e];
    std::uint32_t& top = level.first[entry.size_class];
    entry.level = to;
    entry.above = no_entry;
    entry.below = top;
    if (top != no_entry) entries_[top].above = e;
    top = e;
    entry.newer = no_entry;
    entry.older = level.newest;
    (level.newest == no_entry ? level.oldest : entries_[level.newest].newer) = e;
    level.newest = e;
    ++level.count;
  }

  void unlink(std::uint32_t e) {
    const Entry& entry = entries_[e];
    Level& level = levels_[entry.level];
    (entry.above == no_entry ? level.first[entry.size_class] : entries_[entry.above].below) = entry.below;
    if (entry.below != no_entry) entries_[entry.below].above = entry.above;
    (entry.newer == no_entry ? level.newest : entries_[entry.newer].older) = entry.older;
    (entry.older == no_entry ? level.oldest : entries_[entry.older].newer) = entry.newer;
    --level.count;
  }

  NodeIndex remove(std::uint32_t e) {
    unlink(e);
    --count_;
    bytes_ -= std::uint64_t{entries_[e].size_class} << 9;
    entries_[e].newer = unused_;
    unused_ = e;
    return entries_[e].node;
  }

  void add_level(std::uint32_t level);

  Limits limits_;
  std::uint64_t largest_;
  std::vector<Level> levels_;
  std::vector<Entry> entries_;
  std::uint32_t unused_ = no_entry;
  std::uint32_t count_ = 0;
  std::uint32_t last_level_ = shared;
  std::uint64_t bytes_ = 0;
};

}  // namespace vramlab
