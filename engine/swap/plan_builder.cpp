#include "engine/swap/plan_builder.h"

#include <algorithm>
#include <limits>

#include "engine/core/error.h"
#include "engine/swap/swap_time.h"

namespace vramlab {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// With so much of the link's bandwidth.
SwapMachine slower(SwapMachine machine, Tier tier, std::uint32_t percent) {
  SwapLink& link = machine.links[static_cast<std::size_t>(tier)];
  for (LinkSpeed* speed : {&link.out, &link.in}) speed->bytes_per_second = speed->bytes_per_second / 100 * percent;
  return machine;
}

}  // namespace

PlanBuilder::PlanBuilder(const AccessProgram& program, const SwapMachine& machine, const SwapChoices& choices,
                         Tier tier)
    : program_(program),
      machine_(machine),
      choices_(choices),
      tier_(tier),
      covering_(program.slots()),
      of_version_(choices.versions.size()) {
  if (!machine.link(tier).there())
    throw ConfigError("the machine has no link to the tier that is to be swapped to", {}, "choose another tier");
  for (std::uint32_t i = 0; i < choices.choices.size(); ++i) {
    const AbsenceChoice& choice = choices.choices[i];
    of_version_[choice.version].push_back(i);
    for (std::uint32_t slot = choice.from; slot < choice.to; ++slot) covering_[slot].push_back(i);
    if (!choice.wraps) continue;
    for (std::uint32_t slot = 0; slot < std::min(choice.head_to, choice.from); ++slot) covering_[slot].push_back(i);
  }
}

bool PlanBuilder::build(Bytes limit, Bytes most, const PlanStyle& style, const WaitBudget& budget, PlanWaits& waits,
                        const std::vector<double>& weights) {
  style_ = style;
  budget_ = budget;
  weights_ = &weights;
  begin(limit, waits);
  weighed_ += (program_.slots() + choices_.choices.size()) / 32;
  const auto passed = static_cast<double>(most.value) - static_cast<double>(limit.value);
  for (auto full = next_full(0); full; full = next_full(*full)) {
    if (relieve(full_[*full], waits)) continue;
    if (excess_[*full] > passed) return false;
    given_up_[*full] = true;
  }
  return true;
}

// --- The ground --------------------------------------------------------------------------------------------------

void PlanBuilder::begin(Bytes limit, const PlanWaits& waits) {
  set_times(waits);
  find_full(limit);
  copies_.assign(choices_.versions.size(), {});
  used_.assign(choices_.choices.size(), false);
  outlooks_.resize(choices_.choices.size());
  for (std::uint32_t choice = 0; choice < choices_.choices.size(); ++choice) forget(choice);
  taken_.clear();
  transfers_ = 0;
  outs_.clear(shortest(out_times_));
  ins_.clear(shortest(in_times_));
  put_off_ = false;
}

void PlanBuilder::set_times(const PlanWaits& waits) {
  begins_.resize(program_.slots());
  ends_.resize(program_.slots());
  waited_ = {};
  for (std::uint32_t slot = 0; slot < program_.slots(); ++slot) {
    waited_ += waits[slot];
    begins_[slot] = program_.begin[slot] + waited_;
    ends_[slot] = program_.end[slot] + waited_;
  }
  waited_ += waits[program_.slots()];
  duration_ = program_.duration + waited_;
  set_copy_times();
}

Nanoseconds PlanBuilder::shortest(const std::vector<CopyTime>& times) {
  const auto found = std::ranges::min_element(times, {}, [](const CopyTime& time) { return time.link; });
  return found == times.end() ? Nanoseconds(0) : found->link;
}

// Codecs, records and handing over keep no link busy.
void PlanBuilder::set_copy_times() {
  out_times_.clear();
  in_times_.clear();
  const SwapMachine machine = slower(machine_, tier_, style_.link_percent);
  const Nanoseconds lead = machine.record_gap + machine.handover;
  for (const ContentVersion& version : choices_.versions) {
    const Bytes bytes = program_.objects[version.object].bytes;
    const SwapTime out = swap_time(machine, tier_, SwapDirection::out, bytes);
    const SwapTime in = swap_time(machine, tier_, SwapDirection::in, bytes);
    out_times_.push_back({.lead = lead + out.codec, .link = out.link, .lag = machine.handover});
    in_times_.push_back({.lead = lead, .link = in.link, .lag = in.codec + machine.handover});
  }
}

void PlanBuilder::find_full(Bytes limit) {
  full_.clear();
  full_before_.clear();
  excess_.clear();
  durations_.clear();
  for (std::uint32_t slot = 0; slot < program_.slots(); ++slot) {
    full_before_.push_back(static_cast<std::uint32_t>(full_.size()));
    if (program_.load[slot] <= limit) continue;
    full_.push_back(slot);
    excess_.push_back(static_cast<double>((program_.load[slot] - limit).value));
    durations_.push_back(static_cast<double>((program_.end[slot] - program_.begin[slot]).value + 1));
  }
  full_before_.push_back(static_cast<std::uint32_t>(full_.size()));
  given_up_.assign(full_.size(), false);
}

void PlanBuilder::forget(std::uint32_t choice) {
  outlooks_[choice] = {.score = infinite, .settle = 0, .in = program_.slots()};
}

// --- Choosing ------------------------------------------------------------------------------------------------------

std::optional<std::size_t> PlanBuilder::next_full(std::size_t after) const {
  if (style_.fullest_first) {
    std::optional<std::size_t> fullest;
    for (std::size_t full = 0; full < full_.size(); ++full)
      if (excess_[full] > 0 && !given_up_[full] && (!fullest || excess_[full] > excess_[*fullest])) fullest = full;
    return fullest;
  }
  while (after < full_.size() && (excess_[after] <= 0 || given_up_[after])) ++after;
  return after < full_.size() ? std::optional(after) : std::nullopt;
}

bool PlanBuilder::takeable(std::uint32_t number) const {
  const std::uint32_t instead = choices_.choices[number].instead;
  return !used_[number] && (instead == AbsenceChoice::no_choice || !used_[instead]);
}

// By what is known of it.
bool PlanBuilder::possible(std::uint32_t number, std::uint32_t slot) const {
  const AbsenceChoice& choice = choices_.choices[number];
  const Outlook& outlook = outlooks_[number];
  if (choice.in_head(slot)) return slot < outlook.in;
  return outlook.settle <= slot && (choice.next_time() || slot < outlook.in);
}

void PlanBuilder::gather(std::uint32_t slot) {
  promising_.clear();
  for (const std::uint32_t i : covering_[slot])
    if (outlooks_[i].score > -infinite && possible(i, slot) && takeable(i))
      promising_.push_back({outlooks_[i].score, i});
  std::make_heap(promising_.begin(), promising_.end());
  weighed_ += 1 + covering_[slot].size() / 8;
}

// The most promising is looked at again until the one that has been looked at is it.
bool PlanBuilder::take_best(std::uint32_t slot) {
  gather(slot);
  while (!promising_.empty()) {
    std::pop_heap(promising_.begin(), promising_.end());
    Promising& best = promising_.back();
    const AbsenceChoice& choice = choices_.choices[best.choice];
    Fit found;
    const bool fits = fit(choice, found);
    ++weighed_;
    if (best.known) {
      apply(best.choice, found);
      return true;
    }
    look_again(best.choice, fits, found);
    best = {.score = outlooks_[best.choice].score, .choice = best.choice, .known = true};
    if (fits && possible(best.choice, slot))
      std::push_heap(promising_.begin(), promising_.end());
    else
      promising_.pop_back();
  }
  return false;
}

void PlanBuilder::look_again(std::uint32_t number, bool fits, const Fit& found) {
  Outlook& outlook = outlooks_[number];
  outlook.score = -infinite;
  if (!fits) return;
  outlook.settle = found.settle;
  outlook.in = found.in;
  outlook.score = score(choices_.choices[number], found) * (*weights_)[number];
  weighed_ += (full_before_[std::max(found.in, found.settle)] - full_before_[found.settle]) / 64;
}

bool PlanBuilder::fit(const AbsenceChoice& choice, Fit& fit) const {
  const ContentVersion& version = choices_.versions[choice.version];
  if (copies_[choice.version].there) {
    fit.done = copies_[choice.version].done;
  } else if (!version.kept) {
    const CopyTime& time = out_times_[choice.version];
    fit.copies = true;
    fit.copy = earliest_out(version, time);
    fit.done = fit.copy + time.total();
    fit.out = ended_by(fit.copy);
    if (fit.done > duration_) return false;
  }
  const auto settle =
      static_cast<std::uint32_t>(std::lower_bound(begins_.begin(), begins_.end(), fit.done) - begins_.begin());
  // All of it while an operator waits: it queues for the link before.
  if (fit.copies && fit.out >= settle && settle > version.copied) fit.out = settle - 1;
  fit.settle = std::max(choice.from, settle);
  if (fit.copies) fit.settle = std::max(fit.settle, std::min(fit.out + 1, program_.slots()));
  const std::uint32_t to = choice.next_time() ? choice.head_to : choice.to;
  fit.in = to;
  fit.comes_back = choice.returns;
  if (!choice.returns) return fit.settle < fit.in;
  const auto back = latest_in(choice.next_time() ? Nanoseconds(0) : fit.done, to, in_times_[choice.version]);
  if (!back) return false;
  fit.back = *back;
  fit.in = std::min(to, ended_by(*back));
  if (choice.wraps && !choice.next_time()) fit.in = std::min(fit.in, program_.slots() - 1);  // back at the end
  return choice.next_time() || fit.settle < fit.in;
}

// When it is asked for.
Nanoseconds PlanBuilder::earliest_out(const ContentVersion& version, const CopyTime& time) const {
  const Nanoseconds written = version.copied == 0 ? Nanoseconds(0) : ends_[version.copied - 1];
  return outs_.earliest(written + time.lead, time.link) - time.lead;
}

// When it is asked for, so that the operator of slot `to` need not wait.
std::optional<Nanoseconds> PlanBuilder::latest_in(Nanoseconds from, std::uint32_t to, const CopyTime& time) const {
  const auto begin = ins_.latest(from + time.lead, begin_of(to) - time.lag, time.link);
  return begin ? std::optional(*begin - time.lead) : std::nullopt;
}

// Operators that have ended at `time`, and so the slot at whose begin they have.
std::uint32_t PlanBuilder::ended_by(Nanoseconds time) const {
  return static_cast<std::uint32_t>(std::upper_bound(ends_.begin(), ends_.end(), time) - ends_.begin());
}

double PlanBuilder::score(const AbsenceChoice& choice, const Fit& fit) const {
  const std::uint64_t bytes = program_.objects[choice.object].bytes.value;
  const auto all = [&] {
    return choice.next_time() ? benefit(bytes, fit.settle, program_.slots()) + benefit(bytes, 0, fit.in)
                              : benefit(bytes, fit.settle, fit.in);
  };
  switch (style_.rule) {
    case PlanRule::benefit_per_link_time: {
      const Nanoseconds busy = (fit.copies ? out_times_[choice.version].link : Nanoseconds(0)) +
                               (fit.comes_back ? in_times_[choice.version].link : Nanoseconds(0));
      return all() / static_cast<double>(busy.value + 1);
    }
    case PlanRule::benefit:
      return all();
    case PlanRule::farthest: {
      const Nanoseconds used = fit.in == 0 ? Nanoseconds(0) : ends_[fit.in - 1];
      return static_cast<double>((choice.next_time() ? used + duration_ : used).value);
    }
    case PlanRule::earliest_copy:
      return fit.copies ? 1e9 / (static_cast<double>(fit.copy.value) + 1e5) : 1e9;
  }
  return 0;
}

// Bytes times nanoseconds that it takes off the excess.
double PlanBuilder::benefit(std::uint64_t bytes, std::uint32_t from, std::uint32_t to) const {
  double sum = 0;
  const auto most = static_cast<double>(bytes);
  for (std::uint32_t full = full_before_[from]; full < full_before_[std::max(from, to)]; ++full)
    sum += std::clamp(excess_[full], 0.0, most) * durations_[full];
  return sum;
}

void PlanBuilder::apply(std::uint32_t number, const Fit& fit) {
  const AbsenceChoice& choice = choices_.choices[number];
  const std::uint64_t bytes = program_.objects[choice.object].bytes.value;
  used_[number] = true;
  taken_.emplace_back(number, fit);
  transfers_ += (fit.copies ? 1u : 0u) + (fit.comes_back ? 1u : 0u);
  if (fit.copies) {
    const CopyTime& time = out_times_[choice.version];
    outs_.take(fit.copy + time.lead, time.link);
    copies_[choice.version] = {.there = true, .begin = fit.copy + time.lead, .done = fit.done};
    for (const std::uint32_t other : of_version_[choice.version]) forget(other);
  }
  if (fit.comes_back) {
    const CopyTime& time = in_times_[choice.version];
    ins_.take(fit.back + time.lead, time.link);
  }
  if (choice.next_time()) {
    lower(bytes, fit.settle, program_.slots());
    lower(bytes, 0, fit.in);
  } else {
    lower(bytes, fit.settle, fit.in);
  }
}

void PlanBuilder::lower(std::uint64_t bytes, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t full = full_before_[from]; full < full_before_[to]; ++full)
    excess_[full] -= static_cast<double>(bytes);
}

// --- The plan ------------------------------------------------------------------------------------------------------

namespace {

// The link takes copies out in the order in which they were asked for, though a large one is packed for longer: none is
// asked for before those that are to pass before it, if that is in time.
void queue_outs(SwapPlan& plan) {
  std::vector<PlannedAbsence*> order;
  for (PlannedAbsence& absence : plan.absences)
    if (absence.copies) order.push_back(&absence);
  std::ranges::stable_sort(order, {}, &PlannedAbsence::out_time);
  std::uint32_t latest = 0;
  for (PlannedAbsence* absence : order) {
    if (absence->out_slot < absence->settle_slot)
      absence->out_slot = std::max(absence->out_slot, std::min(latest, absence->settle_slot - 1));
    latest = std::max(latest, absence->out_slot);
  }
}

}  // namespace

SwapPlan PlanBuilder::plan() const {
  SwapPlan plan;
  for (const auto& [number, fit] : taken_) {
    const AbsenceChoice& choice = choices_.choices[number];
    PlannedAbsence absence{.object = choice.object,
                           .tier = tier_,
                           .out_slot = fit.copies ? fit.out : fit.settle,
                           .settle_slot = fit.settle,
                           .in_slot = choice.next_time() || !fit.comes_back ? program_.slots() : fit.in,
                           .copies = fit.copies,
                           .from_the_beginning = false,
                           .out_time = fit.copy + out_times_[choice.version].lead,
                           .in_time = fit.back};
    const bool always = !choice.returns && choice.from == 0 && program_.objects[choice.object].persistent();
    absence.from_the_beginning = always;
    plan.absences.push_back(absence);
    if (!choice.next_time()) continue;
    plan.absences.push_back({.object = choice.object,
                             .tier = tier_,
                             .out_slot = 0,
                             .settle_slot = 0,
                             .in_slot = fit.in,
                             .copies = false,
                             .from_the_beginning = true,
                             .out_time = {},
                             .in_time = fit.back});
  }
  queue_outs(plan);
  return plan;
}

}  // namespace vramlab
