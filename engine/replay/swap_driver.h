#pragma once
// The program's side of swapping in a run: it tells the swapper and the policy what the program does, sees to it that
// operands are on the device when their operator is launched, and keeps the objects' places in the pool.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/decision.h"
#include "engine/device/port.h"
#include "engine/pool/pool.h"
#include "engine/replay/placement_table.h"
#include "engine/replay/replay.h"
#include "engine/swap/access_program.h"
#include "engine/swap/places.h"
#include "engine/swap/priority_swapper.h"
#include "engine/swap/stream_order.h"
#include "engine/swap/swap_plan.h"
#include "engine/swap/swap_policy.h"
#include "traces/trace.h"

namespace vramlab {

/// What the runs of a replay that swaps have in common. `window` is the trace they run.
struct SwapSetup {
  const SwapRequest* request = nullptr;
  const Trace* window = nullptr;
  const AccessProgram* program = nullptr;  ///< of the window
  std::optional<SwapPlan> plan{};          ///< of policies that follow one
  /// By Tier: taken before the stretch begins. A program pins its host memory when it starts, not in an iteration.
  std::array<Bytes, 4> taken_before{};
  std::uint64_t seed = 0;
};

/// How objects are moved, by the policy's options of the same names as the members, where its table has them.
SwapperSettings swapper_settings(const SwapRequest& request, const std::array<Bytes, 4>& taken_before = {});

/// Throws ConfigError naming the operator and the bytes where the limit is less than what some operator needs at once:
/// its operands and whatever else lives then and cannot leave.
void check_limit(const SwapSetup& setup, const SwapperSettings& settings);

/// Objects are the window's. A live object that is away keeps its slot in the pool; placed again, it is allocated in it
/// anew.
/// THREAD-SAFETY: none.
class SwapDriver final : public Places {
 public:
  /// All must outlive it. REQUIRES: the table and the order see every decision that goes into the log.
  SwapDriver(const SwapSetup& setup, Port& port, Pool& pool, DecisionLog& log, const PlacementTable& table,
             StreamOrder& order);
  ~SwapDriver() override;

  // --- Events ------------------------------------------------------------------------------------------------------
  // All throw OutOfMemory where the policy has nothing left that could go.

  void allocate(const AllocRequest& request);
  /// Its memory holds what the program put there: the policy may send it away.
  void allocated(const AllocRequest& request);
  void free_requested(ObjectId object, BlockId block);
  /// The program lets go for good. Returns whether the object has a place: what is there may be read now, then release
  /// it. Its stream waits for what was on its way.
  bool freed(ObjectId object);
  /// All that is there before the stretch is allocated.
  void begin();
  /// The iteration before, if any, ended with `mark` (a token of the operators' stream, see `mark_iteration`).
  void iteration(std::uint32_t number);
  /// The policy has its say, and every operand is on the device; the operators' stream and the objects' own wait for
  /// what they must.
  void before_operator(std::uint32_t op);
  void after_operator(std::uint32_t op);
  /// Streams wait for what is arriving, so that everything that has a place can be read.
  void settle_arrivals();
  /// At the end: everything that is away comes back, one after the other; `each` sees it.
  void bring_home(const std::function<void(ObjectId)>& each);

  // --- Inputs ------------------------------------------------------------------------------------------------------

  /// A token that marks the end of an iteration. The time from one to the next arrives as its measurement.
  TokenId mark_iteration();
  void measured(TokenId token, Nanoseconds duration);

  // --- Places ------------------------------------------------------------------------------------------------------

  Extent extent_of(ObjectId object) const override;
  void release(ObjectId object) override;
  bool place(ObjectId object) override;

  /// Whether what is at the object's place may be read in its stream: it has one, and is not on its way there.
  bool readable(ObjectId object) const;
  /// Requested bytes of live objects that have no place.
  Bytes away() const { return away_; }
  const SwapStats& stats() const { return swapper_.stats(); }

 private:
  void gather(std::uint32_t op);
  void note(std::uint32_t object, bool reads, bool writes);
  void use(const Operand& operand, std::uint32_t op);
  bool make_room(Bytes bytes, std::span<const ObjectId> needed) { return policy_->make_room(bytes, needed); }
  bool place_once(ObjectId object);
  Nanoseconds ideal_time(std::uint32_t from, std::uint32_t to) const;
  [[noreturn]] void fail(const Operand& operand, std::uint32_t op) const;

  const SwapSetup& setup_;
  const Trace& window_;
  Port& port_;
  Pool& pool_;
  DecisionLog& log_;
  const PlacementTable& table_;
  PrioritySwapper swapper_;
  std::unique_ptr<SwapPolicy> policy_;

  std::vector<BlockId> block_of_;  ///< by object
  std::uint32_t placings_ = 0;     ///< so far: a pool that plans beforehand plans placings, not objects
  std::vector<Operand> operands_;  ///< of the operator at hand
  std::vector<ObjectId> needed_;   ///< the same objects
  std::vector<StreamId> streams_;  ///< of those, other than the operators'
  Bytes away_{};
  ObjectId freed_{};         ///< the last: its streams wait for what was on its way
  bool homecoming_ = false;  ///< whatever has no room makes it

  std::optional<TokenId> mark_;             ///< of the iteration that ended last
  std::optional<Nanoseconds> iteration_;    ///< its time
  std::uint32_t slot_ = 0, mark_slot_ = 0;  ///< operators launched, now and when the iteration at hand began
};

}  // namespace vramlab
