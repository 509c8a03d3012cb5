#pragma once
// Where copies lie in one tier behind the device: segments taken through the Port, and best fit inside them. Memory
// once taken is kept until the end, since pinning takes longer than the transfers it serves.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"

namespace vramlab {

/// Bytes of a store, rounded up to its granule.
struct TierPlace {
  std::uint32_t segment = 0;  ///< counted from 0 in its store
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Order is by edge here too: bytes given back may still be read or written by a transfer under way. They are given out
/// again at once, and whoever writes there next lets its transfer follow last_uses().
/// THREAD-SAFETY: none.
class TierStore {
 public:
  /// Holds at most `capacity` bytes, `reserve_now` of them from the first use on, in one segment.
  TierStore(Port& port, Tier tier, Bytes capacity, Bytes reserve_now);
  /// Returns the segments. REQUIRES: no transfer uses them any more.
  ~TierStore();
  TierStore(const TierStore&) = delete;
  TierStore& operator=(const TierStore&) = delete;

  /// Takes `reserve_now` now, unless something was taken before.
  void reserve();
  bool there() const { return capacity_ > Bytes(0); }
  /// Whether there is a place, or would be without the spare copies. Only the device can still refuse then.
  bool fits(Bytes bytes) const;
  /// A place for `bytes`; nullopt where there is none without dropping spare copies.
  std::optional<TierPlace> take(Bytes bytes, StreamId stream);
  /// Owners of the spare copies to drop before take() can succeed: those with the fewest bytes. Empty: no use.
  std::vector<ObjectId> in_the_way(Bytes bytes) const;
  /// `last`: the transfer whose completion ends every use of those bytes; none where none was begun.
  void give_back(const TierPlace& place, TokenId last);
  /// A copy that nothing is lost with, and whose it is; none: it is needed.
  void mark_spare(const TierPlace& place, ObjectId owner);
  /// Appends what a transfer into `place` has to follow.
  void last_uses(const TierPlace& place, std::vector<TokenId>& after) const;
  TransferEnd end_of(const TierPlace& place) const;

  Bytes held() const { return Bytes(held_); }    ///< given out
  Bytes taken() const { return Bytes(taken_); }  ///< from the device
  /// Throws InvariantError.
  void validate() const;

 private:
  using Key = std::pair<std::uint32_t, std::uint64_t>;  // segment, offset
  struct Piece {
    std::uint64_t bytes = 0;
    bool used = false;
    ObjectId spare_of{};
  };
  struct Use {
    std::uint64_t bytes = 0;
    TokenId token{};
  };
  struct Run {
    std::uint64_t bytes = 0, spare = 0;
    std::vector<ObjectId> owners;
  };
  using Pieces = std::map<Key, Piece>;

  std::uint64_t rounded(Bytes bytes) const;
  std::uint64_t growth(std::uint64_t bytes) const;
  bool can_grow(std::uint64_t bytes) const;
  bool grow(std::uint64_t bytes, StreamId stream);
  bool take_segment(std::uint64_t bytes, StreamId stream);
  Pieces::iterator used_piece(const TierPlace& place);
  Pieces::iterator merged(Pieces::iterator piece);
  Run run_from(Pieces::const_iterator first, std::uint64_t bytes) const;
  void set_use(const TierPlace& place, TokenId token);
  std::map<Key, Use>::const_iterator first_use(const TierPlace& place) const;

  Port& port_;
  Tier tier_;
  Bytes capacity_, reserve_now_;
  std::uint64_t granule_;
  std::vector<Space> segments_;
  Pieces pieces_;                                 // cover every segment; no two free ones side by side
  std::set<std::pair<std::uint64_t, Key>> free_;  // by size
  std::map<Key, Use> uses_;                       // of bytes that were given back; disjoint
  std::uint64_t held_ = 0, taken_ = 0, spare_ = 0;
  std::uint64_t refused_ = ~std::uint64_t{0};  // the least that the device refused: not asked for again
};

}  // namespace vramlab
