#pragma once
// Moves objects between the device and the tiers behind it, and keeps account of where each of them is. It decides
// nothing about which object goes: policies do (swap_policy.h).
//
// States of an object:
//   resident   on the device
//   leaving    being copied out; its memory on the device is still held (settle() gives it up)
//   away       in another tier only
//   arriving   being copied in; its stream has not yet been told to wait
// A copy in another tier stays valid until its object is written: leaving again then needs no transfer (a clean copy).
//
// Order is by edge: memory that was copied out is given up behind a wait() of the object's stream for that transfer,
// and an object that was copied in is used behind a wait() for that one. Nothing here polls. A copy follows what its
// object's stream and every other stream that used it have to do until then. Bytes of a tier are given out again at
// once: the transfer that fills them follows the one that used them last.
//
// A copy of an object that is on the device is spare: where a tier is full, it makes room for one that is needed.
// A tier holds raw bytes, whatever the codec packs on the way: how far it packs is not known before.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "engine/swap/places.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

class StreamOrder;

enum class SwapState : std::uint8_t { resident, leaving, away, arriving };

struct SwapperSettings {
  SwapStrategy strategy = SwapStrategy::async;
  Bytes min_swap{std::uint64_t{1} << 20};  ///< smaller objects are refused (document: 1 MB)
  Bytes max_swap{std::uint64_t{1} << 30};  ///< larger ones too (document: 1024 MB)
  std::array<Bytes, 4> capacity{};         ///< by Tier: bytes that may be held there; 0 = the tier is not used
  std::array<Bytes, 4> reserve_now{};      ///< by Tier: taken in one segment by reserve() or the first use
  bool keep_clean_copies = true;           ///< a copy out of date only after a write
};

/// One operation, as asked and as it came out.
struct SwapOperation {
  ObjectId object{};
  SwapDirection direction{};
  Tier tier{};
  Bytes bytes{};                      ///< of the object
  Bytes packed{};                     ///< that passed the link; 0: a clean copy spared the transfer
  TokenId token{};                    ///< none where nothing was transferred
  std::uint64_t operator_index = 0;   ///< operators launched before it
  std::optional<Nanoseconds> time{};  ///< of the transfer, once measured
  bool succeeded = false;             ///< false until its completion is known
};

struct SwapStats {
  std::uint64_t outs = 0;         ///< objects that began to leave
  std::uint64_t ins = 0;          ///< that began to come back
  std::uint64_t spared_outs = 0;  ///< swap_out() and copy_out() that found a clean copy
  std::uint64_t refused = 0;
  std::uint64_t cancelled = 0;               ///< accessed, pinned or freed on the way out
  Bytes out_bytes{}, in_bytes{};             ///< transferred, of objects
  Bytes packed_bytes{};                      ///< that passed the links, in both directions
  std::array<Bytes, 4> held{}, peak_held{};  ///< by Tier: copies that are kept there, rounded as the tier does
  Nanoseconds transfer_time{};               ///< sum over measured operations
  std::uint64_t measured = 0;
};

/// THREAD-SAFETY: none; the manager serialises.
class PrioritySwapper {
 public:
  /// All must outlive it. What it holds in other tiers is returned in the end; REQUIRES: no transfer is under way then.
  /// `order` of the same Port lets transfers share a record of a stream in which nothing was launched since; without it
  /// each takes its own.
  PrioritySwapper(Port& port, Places& places, const SwapMachine& machine, const SwapperSettings& settings,
                  StreamOrder* order = nullptr);
  ~PrioritySwapper();
  PrioritySwapper(const PrioritySwapper&) = delete;
  PrioritySwapper& operator=(const PrioritySwapper&) = delete;

  // --- The program's side: called by the driver ------------------------------------------------------------------

  void allocated(ObjectId object, Bytes bytes, StreamId stream);
  /// Before its place is given up: whatever is kept elsewhere is forgotten, what is on its way is waited for (by the
  /// object's stream). Returns whether the object has a place on the device, which the caller must release. Uses in
  /// other streams are the caller's to order, as for every free.
  bool freed(ObjectId object);
  /// About to be used by an operator in `stream`: after this it is resident and the stream waits for what it must.
  /// False: it is away and there is no memory; make room and ask again. A write makes copies elsewhere invalid.
  bool use(ObjectId object, StreamId stream, bool writes);
  /// Takes what the settings say is to be reserved in the tiers, so that it is not taken while time counts.
  void reserve();
  void operator_launched();

  // --- The policy's side -----------------------------------------------------------------------------------------

  /// Why `object` cannot go to `tier` now; nullptr where it can: not resident, pinned, too small or large, tier full or
  /// not there.
  const char* obstacle(ObjectId object, Tier tier) const;
  /// Begins to copy it out; with a valid copy in that tier nothing is transferred. False where there is an obstacle
  /// (counted as refused). Immediate strategy: settles at once.
  bool swap_out(ObjectId object, Tier tier);
  /// Several at once. Returns how many began. What began before a device
  /// fails stays begun.
  std::size_t swap_out_batch(std::span<const ObjectId> objects, Tier tier);
  /// Copies it out but keeps it resident: a later swap_out() then needs no transfer, unless it is written before.
  bool copy_out(ObjectId object, Tier tier);
  /// Gives up the memory of an object that is leaving, behind a wait of its stream. REQUIRES: leaving.
  void settle(ObjectId object);
  /// Settles what began to leave first, in that order, until `bytes` have been given up or none is left.
  /// Returns the bytes given up.
  Bytes settle_oldest(Bytes bytes);
  /// Begins to bring it back. False: no memory. REQUIRES: away. Immediate strategy: its stream waits at once.
  bool swap_in(ObjectId object);
  /// Never swapped out while pinned (counts); what is leaving stays, what is away stays away until it is brought back.
  void pin(ObjectId object);
  void unpin(ObjectId object);

  // --- Inputs ------------------------------------------------------------------------------------------------------

  void measured(TokenId token, Nanoseconds duration);
  /// Brings home what is away, one after the other in order of number; for the end of a run. `each` sees every such
  /// object while it is resident and may read it in its stream; then it leaves its place again (its copy is clean).
  /// What is leaving is settled where memory is missing. Throws OutOfMemory; the object is away then.
  void bring_home(const std::function<void(ObjectId)>& each);

  // --- Accounts ----------------------------------------------------------------------------------------------------

  SwapState state(ObjectId object) const;
  Tier tier_of(ObjectId object) const;  ///< REQUIRES: not resident
  bool pinned(ObjectId object) const;
  Bytes bytes_of(ObjectId object) const;
  Bytes leaving_bytes() const;
  const SwapStats& stats() const;
  /// The latest operations, oldest first, at most 65536.
  std::span<const SwapOperation> operations() const;
  /// Throws InvariantError naming what is wrong.
  void validate() const;

  struct Parts;  ///< engine/swap/swapper_parts.h

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace vramlab
