#include "engine/swap/plan_stall.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/swap/swap_time.h"

namespace vramlab {
namespace {

/// Slot of the first access from `slot` on; slots() where there is none.
std::uint32_t next_access(const AccessProgram& program, const ProgramObject& object, std::uint32_t slot) {
  const auto found = std::ranges::lower_bound(object.accesses, slot, {}, &Access::slot);
  return found == object.accesses.end() ? program.slots() : found->slot;
}

/// One transfer with the slot where it is put and the slot that waits for it.
struct Move {
  std::uint32_t put = 0;
  std::uint32_t awaited = 0;
  ObjectId id{};
  Tier tier{};
  Nanoseconds time{};
};

void in_order(std::vector<Move>& moves) {
  std::ranges::sort(moves, [](const Move& a, const Move& b) {
    return std::tie(a.put, a.awaited, a.id) < std::tie(b.put, b.awaited, b.id);
  });
}

/// One direction of all links.
class Lane {
 public:
  Lane(std::vector<Move> moves, std::uint32_t slots) : moves_(std::move(moves)), done_(slots) { in_order(moves_); }
  void start(std::uint32_t slot, Nanoseconds now) {
    for (; next_ < moves_.size() && moves_[next_].put == slot; ++next_) {
      const Move& move = moves_[next_];
      Nanoseconds& free = free_[static_cast<std::size_t>(move.tier)];
      free = std::max(free, now) + move.time;
      if (move.awaited < done_.size()) done_[move.awaited] = std::max(done_[move.awaited], free);
    }
  }
  /// When all that `slot` waits for is done.
  Nanoseconds done(std::uint32_t slot) const { return done_[slot]; }

 private:
  std::vector<Move> moves_;
  std::size_t next_ = 0;
  std::array<Nanoseconds, 4> free_{};  ///< by Tier
  std::vector<Nanoseconds> done_;      ///< by slot
};

}  // namespace

Nanoseconds predicted_stall(const AccessProgram& program, std::span<const PlannedAbsence> absences,
                            const SwapMachine& machine) {
  std::vector<Move> out_moves, in_moves;
  for (const PlannedAbsence& absence : absences) {
    const ProgramObject& object = program.objects[absence.object];
    const auto time = [&](SwapDirection way) { return swap_time(machine, absence.tier, way, object.bytes); };
    if (absence.copies)
      out_moves.push_back({absence.out_slot, absence.settle_slot, object.id, absence.tier, time(SwapDirection::out)});
    if (absence.in_slot < program.slots())
      in_moves.push_back({absence.in_slot, next_access(program, object, absence.in_slot), object.id, absence.tier,
                          time(SwapDirection::in)});
  }
  Lane outs(std::move(out_moves), program.slots()), ins(std::move(in_moves), program.slots());
  Nanoseconds stall{};
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot) {
    Nanoseconds now = slot == 0 ? Nanoseconds(0) : program.end[slot - 1] + stall;
    now = std::max(now, outs.done(slot));
    outs.start(slot, now);
    ins.start(slot, now);
    stall += std::max(Nanoseconds(0), std::max(now, ins.done(slot)) - (program.begin[slot] + stall));
  }
  return stall;
}

}  // namespace vramlab
