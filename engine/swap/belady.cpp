// Belady's rule: on missing memory what is used farthest in the future goes (L. A. Belady, "A study of replacement
// algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966). What was sent away comes back in the
// order of its next use, as early as memory allows: when the load that the program announces leaves room for it all
// the way to that use. An oracle. It is optimal in the number of equal pages that are moved, not in time: objects
// differ in size, and a transfer may hide behind computation.

#include <algorithm>
#include <set>

#include "engine/swap/demand.h"
#include "engine/swap/program_uses.h"

namespace vramlab {
namespace {

class Belady final : public DemandPolicy {
 public:
  Belady(const SwapContext& context, bool prefetch)
      : DemandPolicy(context), program_(*context.program), uses_(program_), prefetch_(prefetch) {
    expected_ = program_.load;
  }

  void freed(ObjectId object) override {
    std::erase_if(gone_, [&](const auto& entry) { return entry.second == object; });
    DemandPolicy::freed(object);
  }

  void before_operator(std::uint32_t slot, std::span<const Operand> operands) override {
    slot_ = slot;
    for (const Operand& operand : operands) gone_.erase({slot, operand.object});
    while (prefetch_ && !gone_.empty() && return_first()) {
    }
  }

  void after_operator(std::uint32_t slot, std::span<const Operand> operands) override {
    DemandPolicy::after_operator(slot, operands);
    slot_ = slot + 1;
  }

 protected:
  std::vector<ObjectId> victims() const override {
    std::vector<std::pair<std::uint32_t, ObjectId>> by_use;
    for (const ObjectId object : DemandPolicy::victims()) by_use.emplace_back(uses_.next(object, slot_), object);
    std::ranges::stable_sort(by_use, [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<ObjectId> objects;
    objects.reserve(by_use.size());
    for (const auto& [use, object] : by_use) objects.push_back(object);
    return objects;
  }

  void sent_out(ObjectId object) override {
    const std::uint32_t use = uses_.next(object, slot_);
    for (std::uint32_t s = slot_; s < until(object, use); ++s) expected_[s] -= departures().bytes_of(object);
    if (use < program_.slots()) gone_.emplace(use, object);
  }

 private:
  std::uint32_t until(ObjectId object, std::uint32_t use) const { return std::min(use, uses_.death(object)); }

  /// The one that is needed first, if there is room for it until then.
  bool return_first() {
    const auto [use, object] = *gone_.begin();
    const Bytes bytes = departures().bytes_of(object);
    for (std::uint32_t s = slot_; s < use; ++s)
      if (expected_[s] + bytes > limit()) return false;
    if (!departures().bring_in(object)) return false;
    for (std::uint32_t s = slot_; s < use; ++s) expected_[s] += bytes;
    gone_.erase(gone_.begin());
    return true;
  }

  const AccessProgram& program_;
  ProgramUses uses_;
  bool prefetch_;
  std::uint32_t slot_ = 0;
  std::vector<Bytes> expected_;                        ///< load of each slot, less what is away until it is used
  std::set<std::pair<std::uint32_t, ObjectId>> gone_;  ///< sent out and not back, by next use
};

constexpr OptionSpec options[] = {{.name = "prefetch",
                                   .kind = OptionKind::flag,
                                   .default_text = "true",
                                   .reason = "false: what is away comes back when it is used, as the rule alone says"}};

}  // namespace

SwapInfo belady_swap_row() {
  return {
      .name = "belady",
      .summary = "what is used farthest in the future goes, what is needed next returns as memory allows; an oracle",
      .options = options,
      .needs_program = true,
      .make = [](const OptionValues& values, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
        return std::make_unique<Belady>(context, values.flag("prefetch"));
      }};
}

}  // namespace vramlab
