#pragma once
// Follows outs and ins that were fixed beforehand, slot by slot, and gives memory up on demand where that does not do.
// (A SwapPlan fixes the tier and closes over the stretch, and whoever follows one leaves out what is impossible; the
// baselines that use this are rules of thumb, which know no limit.)

#include <cstdint>
#include <map>
#include <vector>

#include "engine/swap/demand.h"

namespace vramlab {

/// An object is copied out at the beginning of slot `out`, gives its memory up at that of slot `settle`, and is brought
/// back right before the operator of slot `in` is launched, or later where there is no memory yet.
struct TimetableEntry {
  static constexpr std::uint32_t when_needed = ~std::uint32_t{0};
  ObjectId object{};
  std::uint32_t out = 0;
  std::uint32_t settle = when_needed;
  std::uint32_t in = 0;
};

class TimetablePolicy final : public DemandPolicy {
 public:
  /// `on_demand`: on missing memory the least recently used go too; else only what the timetable sent out.
  TimetablePolicy(const SwapContext& context, const std::vector<TimetableEntry>& entries, bool on_demand);

  void before_operator(std::uint32_t slot, std::span<const Operand> operands) override;
  void after_operator(std::uint32_t slot, std::span<const Operand> operands) override;
  bool make_room(Bytes bytes, std::span<const ObjectId> needed) override;

 private:
  std::multimap<std::uint32_t, ObjectId> outs_, settles_, ins_;  ///< by slot
  bool on_demand_;
};

}  // namespace vramlab
