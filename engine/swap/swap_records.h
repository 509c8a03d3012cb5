#pragma once
// What the swapper knows of each object: a small record for every one, and more for those that ever moved.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/core/types.h"
#include "engine/swap/priority_swapper.h"
#include "engine/swap/tier_store.h"

namespace vramlab {

/// Bytes of an object in another tier. They are what the object holds, or a transfer under way makes them so.
struct SwapCopy {
  Tier tier{};
  TierPlace place;
  TokenId written{};  ///< the transfer out
  TokenId read{};     ///< the latest transfer in; it follows the one out and all earlier ones in

  /// Once it is complete nothing uses the bytes any more.
  TokenId last() const { return read.valid() ? read : written; }
};

/// A transfer from or to the object's memory on the device, which streams may still have to wait for.
struct SwapEdge {
  TokenId token{};
  SwapDirection direction{};
  std::vector<StreamId> waited{};  ///< these have

  bool awaited_by(StreamId stream) const { return std::find(waited.begin(), waited.end(), stream) != waited.end(); }
};

/// Of an object that moved, or was used in a stream other than its own.
struct Movement {
  ObjectId object{};
  Tier tier{};                   ///< of the copy it leaves for or comes from: leaving, away, arriving
  std::uint64_t order = 0;       ///< leaving: by when it began to
  std::vector<StreamId> users;   ///< other streams that used it since a record of theirs was taken
  std::vector<SwapEdge> edges;   ///< since it got its place on the device, or was written there
  std::vector<SwapCopy> copies;  ///< one a tier at most
  SwapCopy* copy_in(Tier where) {
    const auto found = std::find_if(copies.begin(), copies.end(), [&](const SwapCopy& c) { return c.tier == where; });
    return found == copies.end() ? nullptr : &*found;
  }
};

struct SwapRecord {
  Bytes bytes{};
  std::uint32_t movement = none;
  std::uint32_t pins = 0;
  StreamId stream{};
  SwapState state = SwapState::resident;
  bool live = false;

  static constexpr std::uint32_t none = ~std::uint32_t{0};
};

/// THREAD-SAFETY: none.
class SwapRecords {
 public:
  /// REQUIRES: not live.
  void add(ObjectId object, Bytes bytes, StreamId stream);
  void remove(ObjectId object);
  /// REQUIRES: live.
  SwapRecord& at(ObjectId object);
  const SwapRecord& at(ObjectId object) const;
  bool live(ObjectId object) const { return object.value < records_.size() && records_[object.value].live; }
  /// Null where it never moved.
  Movement* movement(const SwapRecord& record) {
    return record.movement == SwapRecord::none ? nullptr : &movements_[record.movement];
  }
  const Movement* movement(const SwapRecord& record) const {
    return record.movement == SwapRecord::none ? nullptr : &movements_[record.movement];
  }
  /// Made where there is none. Others' references to movements end.
  Movement& ensure_movement(ObjectId object);
  /// All numbers given so far: [0, end()).
  std::uint32_t end() const { return static_cast<std::uint32_t>(records_.size()); }

 private:
  std::vector<SwapRecord> records_;  // by ObjectId
  std::vector<Movement> movements_;
  std::vector<std::uint32_t> free_movements_;
};

}  // namespace vramlab
