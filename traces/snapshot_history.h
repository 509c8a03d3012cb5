#pragma once
// One device's history: entries become events; what was live before the first entry is inferred.

#include <cstdint>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "traces/snapshot_entry.h"
#include "traces/snapshot_segments.h"
#include "traces/snapshot_stacks.h"
#include "traces/snapshot_start.h"
#include "traces/snapshot_streams.h"
#include "traces/trace.h"

namespace vramlab::snapshot {

/// The entries of a history follow one another without a gap; only its beginning may be lost (the history is a ring).
/// So what an entry does not explain happened before the first one, unless an earlier entry speaks of the same memory:
/// then the file contradicts itself, which is a TraceError naming the entry's byte.
class History {
 public:
  explicit History(const Fields& fields) : fields_(fields), entries_(fields), segments_(fields) {}

  /// Room for this many events without a move.
  void reserve(std::size_t events);
  /// The next entry. Throws TraceError.
  void add(const pickle::Dict& dict);
  /// A segment of this device as it was when the snapshot was taken. REQUIRES: all entries were added.
  void exists_at_end(const pickle::Dict& segment);
  /// The trace, without name and settings. The history is empty afterwards.
  Trace finish(StackTable& stacks);

 private:
  enum class BlockState : std::uint8_t { freed, live, requested };
  struct Block {
    std::uint32_t object = 0;
    BlockState state{};
  };

  void emit(EventKind kind, std::size_t subject, const Entry& entry);
  void allocate(const Entry& entry);
  void request_free(const Entry& entry);
  void complete_free(const Entry& entry);
  void follow_segment(const Entry& entry, SegmentAction action);
  void follow_oom(const Entry& entry);
  /// The block that `entry` frees; null for one of 0 bytes, which has no events.
  Block* freed_block(const Entry& entry);
  std::uint32_t add_start_object(const StartObject& object);
  void block_at_end(const pickle::Dict& block, std::uint64_t address, std::uint64_t stream);
  StreamId stream(std::uint64_t recorded, std::uint64_t offset);

  const Fields& fields_;
  EntryReader entries_;
  SegmentLog segments_;
  StreamTable streams_;
  boost::unordered_flat_map<std::uint64_t, Block> blocks_;  ///< by address, freed ones too
  std::vector<pickle::List*> frames_;                       ///< of each object's allocation; empty while none has any
  Start start_;
  bool started_ = false;
  Trace trace_;
};

}  // namespace vramlab::snapshot
