#include "engine/swap/plan_forecast.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/swap/link_forecast.h"
#include "engine/swap/swap_time.h"

namespace vramlab {
namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};

class Forecaster {
 public:
  Forecaster(const AccessProgram& program, const SwapMachine& machine, const SwapPlan& plan)
      : program_(program),
        machine_(machine),
        plan_(plan),
        lists_(lists_of(program, plan)),
        changes_(program.slots() + std::size_t{1}),
        out_copy_(plan.absences.size(), none),
        in_copy_(program.objects.size()) {
    for (const ProgramObject& object : program.objects) changes_[object.birth] = changes_[object.death] = true;
    for (const PlannedAbsence& absence : plan.absences) {
      auto& link = links_[static_cast<std::size_t>(absence.tier)];
      if (!link) link.emplace(machine.link(absence.tier));
    }
  }

  PlanForecast run() {
    Nanoseconds ended{}, gap_begin{};
    for (std::uint32_t slot = 0; slot < program_.slots(); ++slot) {
      const Nanoseconds ideal = ended + (program_.begin[slot] - gap_begin);
      const Nanoseconds recorded = ideal + begin_copies(slot, ended);
      const Nanoseconds begin = std::max(recorded, awaited(slot));
      if (begin > ideal) ++result_.waits;
      result_.waited.push_back(begin - ideal);
      ended = begin + (program_.end[slot] - program_.begin[slot]);
      gap_begin = program_.end[slot];
    }
    const Nanoseconds recording = begin_copies(program_.slots(), ended);
    ended += program_.duration - gap_begin;
    result_.duration = ended + recording;
    for (auto& link : links_)
      if (link) result_.duration = std::max(result_.duration, link->all_done());
    result_.waited.push_back(result_.duration - ended);
    result_.stall = result_.duration - program_.duration;
    return result_;
  }

 private:
  struct CopyIn {
    LinkForecast* link = nullptr;
    Tier tier{};
    std::uint32_t copy = 0;
  };

  LinkForecast& link_of(const PlannedAbsence& absence) { return *links_[static_cast<std::size_t>(absence.tier)]; }
  Bytes packed(std::uint32_t object) const { return machine_.codec.packed(program_.objects[object].bytes); }

  Nanoseconds codec_time(std::uint32_t object, Tier tier, SwapDirection direction) const {
    return swap_time(machine_, tier, direction, program_.objects[object].bytes).codec;
  }

  // Of `slot`, after its predecessor has `ended`. Returns what their records take of the operators' stream: copies out
  // follow one, those in another, or the same where the program neither allocates nor frees between.
  Nanoseconds begin_copies(std::uint32_t slot, Nanoseconds ended) {
    const bool outs = std::ranges::any_of(lists_.outs[slot], [&](auto a) { return plan_.absences[a].copies; });
    const bool ins = std::ranges::any_of(lists_.ins[slot], [&](auto a) { return comes_back(plan_.absences[a]); });
    Nanoseconds recording{};
    if (outs) recording += machine_.record_gap;
    for (const std::uint32_t a : lists_.outs[slot]) begin_out(a, ended + recording + machine_.handover);
    if (ins && (!outs || changes_[slot])) recording += machine_.record_gap;
    for (const std::uint32_t a : lists_.ins[slot]) begin_in(a, ended + recording + machine_.handover);
    result_.recording += recording;
    return recording;
  }

  bool comes_back(const PlannedAbsence& absence) const { return absence.in_slot != program_.slots(); }

  void begin_out(std::uint32_t a, Nanoseconds ready) {
    const PlannedAbsence& absence = plan_.absences[a];
    if (!absence.copies) return;
    const Nanoseconds packing = codec_time(absence.object, absence.tier, SwapDirection::out);
    out_copy_[a] = link_of(absence).queue(SwapDirection::out, packed(absence.object), ready + packing);
    result_.out += program_.objects[absence.object].bytes;
  }

  void begin_in(std::uint32_t a, Nanoseconds ready) {
    const PlannedAbsence& absence = plan_.absences[a];
    if (!comes_back(absence)) return;
    in_copy_[absence.object] = {.link = &link_of(absence),
                                .tier = absence.tier,
                                .copy = link_of(absence).queue(SwapDirection::in, packed(absence.object), ready)};
    result_.in += program_.objects[absence.object].bytes;
  }

  // When everything is there that operator `slot` uses, and what it uses memory of is gone.
  Nanoseconds awaited(std::uint32_t slot) {
    Nanoseconds last{};
    for (const std::uint32_t a : lists_.settles[slot])
      if (out_copy_[a] != none) last = std::max(last, link_of(plan_.absences[a]).completion(out_copy_[a]));
    for (const std::uint32_t object : program_.operands[slot]) {
      const CopyIn& in = in_copy_[object];
      if (in.link == nullptr) continue;
      last = std::max(last, in.link->completion(in.copy) + codec_time(object, in.tier, SwapDirection::in));
    }
    return last == Nanoseconds(0) ? last : last + machine_.handover;
  }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const SwapPlan& plan_;
  std::array<std::optional<LinkForecast>, 4> links_;  // by tier
  PlanLists lists_;
  std::vector<bool> changes_;            // by slot: the program allocates or frees before its operator
  std::vector<std::uint32_t> out_copy_;  // by absence
  std::vector<CopyIn> in_copy_;          // by object: the latest
  PlanForecast result_;
};

}  // namespace

PlanForecast forecast(const AccessProgram& program, const SwapMachine& machine, const SwapPlan& plan) {
  return Forecaster(program, machine, plan).run();
}

}  // namespace vramlab
