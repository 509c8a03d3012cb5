#include "engine/swap/plan_builder.h"

#include <algorithm>
#include <limits>

#include "engine/core/error.h"

namespace vramlab {
namespace {

// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Nanoseconds slower(LinkSpeed link, Bytes bytes, std::uint32_t percent) {
  link.bytes_per_second = link.bytes_per_second / 100 * percent;
  return link.time(bytes);
}

}  // namespace

PlanBuilder::PlanBuilder(const AccessProgram& program, const SwapMachine& machine, const SwapChoices& choices,
                         Tier tier)
    : program_(program), machine_(machine), choices_(choices), tier_(tier), covering_(program.slots()) {
  if (!machine.link(tier).there())
    throw ConfigError("the machine has no link to the tier that is to be swapped to", {}, "choose another tier");
  for (std::uint32_t i = 0; i < choices.choices.size(); ++i) {
    const AbsenceChoice& choice = choices.choices[i];
    for (std::uint32_t slot = choice.from; slot < choice.to; ++slot) covering_[slot].push_back(i);
    if (!choice.wraps) continue;
    for (std::uint32_t slot = 0; slot < std::min(choice.head_to, choice.from); ++slot) covering_[slot].push_back(i);
  }
}

std::optional<SwapPlan> PlanBuilder::build(Bytes limit, const PlanStyle& style) {
  begin(limit, style);
  for (std::uint32_t slot = next_slot(0); slot < program_.slots(); slot = next_slot(slot))
    if (!take_best(slot) && !wait_for_one(slot)) return std::nullopt;
  return plan();
}

void PlanBuilder::begin(Bytes limit, const PlanStyle& style) {
  style_ = style;
  random_ = style.seed;
  begins_ = program_.begin;
  ends_ = program_.end;
  duration_ = program_.duration;
  waiting_left_ = Nanoseconds(duration_.value * style.waiting_ppm / 1'000'000);
  out_times_.clear();
  in_times_.clear();
  for (const ContentVersion& version : choices_.versions) {
    const Bytes bytes = program_.objects[version.object].bytes;
    const Bytes packed = machine_.codec.packed(bytes);
    out_times_.push_back(slower(machine_.link(tier_).out, packed, style.link_percent) +
                         machine_.codec.compress_time(bytes));
    in_times_.push_back(slower(machine_.link(tier_).in, packed, style.link_percent) +
                        machine_.codec.decompress_time(bytes));
  }
  excess_.clear();
  for (const Bytes load : program_.load)
    excess_.push_back(static_cast<std::int64_t>(load.value) - static_cast<std::int64_t>(limit.value));
  copies_.assign(choices_.versions.size(), {});
  used_.assign(choices_.choices.size(), false);
  taken_.clear();
  outs_.clear();
  ins_.clear();
}

std::uint32_t PlanBuilder::next_slot(std::uint32_t slot) const {
  if (style_.fullest_first) {
    const auto fullest = std::max_element(excess_.begin(), excess_.end());
    return *fullest > 0 ? static_cast<std::uint32_t>(fullest - excess_.begin()) : program_.slots();
  }
  while (slot < program_.slots() && excess_[slot] <= 0) ++slot;
  return slot;
}

bool PlanBuilder::takeable(std::uint32_t number) const {
  const std::uint32_t instead = choices_.choices[number].instead;
  return !used_[number] && (instead == AbsenceChoice::no_choice || !used_[instead]);
}

bool PlanBuilder::take_best(std::uint32_t slot) {
  std::uint32_t best = AbsenceChoice::no_choice;
  double best_score = -std::numeric_limits<double>::infinity();
  Fit best_fit;
  for (const std::uint32_t i : covering_[slot]) {
    if (!takeable(i)) continue;
    ++weighed_;
    Fit found;
    if (!fit(choices_.choices[i], slot, found) || found.late() > Nanoseconds(0)) continue;
    const double value = shaken(score(choices_.choices[i], found, slot));
    if (value <= best_score) continue;
    best_score = value;
    best = i;
    best_fit = found;
  }
  if (best == AbsenceChoice::no_choice) return false;
  apply(best, best_fit);
  return true;
}

// Operators wait for the absence that needs least of it for what it takes off the excess; then it fits.
bool PlanBuilder::wait_for_one(std::uint32_t slot) {
  std::uint32_t best = AbsenceChoice::no_choice;
  double best_value = 0;
  Fit best_fit;
  for (const std::uint32_t i : covering_[slot]) {
    if (!takeable(i)) continue;
    ++weighed_;
    Fit found;
    if (!fit(choices_.choices[i], slot, found) || found.late() > waiting_left_) continue;
    const double value = shaken(waiting_value(i, found, slot));
    if (value <= best_value) continue;
    best_value = value;
    best = i;
    best_fit = found;
  }
  if (best == AbsenceChoice::no_choice) return false;
  const AbsenceChoice& choice = choices_.choices[best];
  waiting_left_ -= best_fit.late();
  if (best_fit.in_late > Nanoseconds(0))
    delay(choice.wraps && choice.head_to > 0 ? choice.head_to : choice.to, best_fit.in_late);
  if (best_fit.out_late > Nanoseconds(0)) delay(slot, best_fit.out_late);
  Fit now;
  if (!fit(choice, slot, now) || now.late() > Nanoseconds(0)) return false;
  apply(best, now);
  return true;
}

double PlanBuilder::waiting_value(std::uint32_t choice, const Fit& fit, std::uint32_t slot) const {
  const auto bytes = static_cast<std::int64_t>(program_.objects[choices_.choices[choice].object].bytes.value);
  return static_cast<double>(std::min(bytes, excess_[slot])) / static_cast<double>(fit.late().value + 1000);
}

// Operators from `slot` on begin later, and so does every copy planned to begin after the one before.
void PlanBuilder::delay(std::uint32_t slot, Nanoseconds time) {
  const Nanoseconds from = slot == 0 ? Nanoseconds(0) : slot < program_.slots() ? begins_[slot] : duration_;
  outs_.delay(from, time);
  ins_.delay(from, time);
  for (Copy& copy : copies_) {
    if (!copy.there || copy.begin < from) continue;
    copy.begin += time;
    copy.done += time;
  }
  for (auto& [number, fit] : taken_) {
    if (fit.copies && fit.copy >= from) fit.copy += time;
    if (fit.comes_back && fit.back >= from) fit.back += time;
  }
  for (std::uint32_t later = slot; later < program_.slots(); ++later) {
    begins_[later] += time;
    ends_[later] += time;
  }
  duration_ += time;
}

bool PlanBuilder::fit(const AbsenceChoice& choice, std::uint32_t slot, Fit& fit) const {
  Nanoseconds done{};
  return fit_out(choice, slot, fit, done) && fit_in(choice, slot, done, fit);
}

// The copy out, early enough that its memory is free at `slot`, or as late as it comes.
bool PlanBuilder::fit_out(const AbsenceChoice& choice, std::uint32_t slot, Fit& fit, Nanoseconds& done) const {
  const ContentVersion& version = choices_.versions[choice.version];
  const Copy& copy = copies_[choice.version];
  const bool in_head = choice.wraps && slot < choice.head_to && slot < choice.from;
  const Nanoseconds needed = in_head ? duration_ : begins_[slot];
  if (version.kept) {
    done = Nanoseconds(0);
  } else if (copy.there) {
    done = copy.done;
  } else {
    const Nanoseconds time = out_times_[choice.version];
    fit.copies = true;
    fit.copy = outs_.earliest(version.copied == 0 ? Nanoseconds(0) : ends_[version.copied - 1], time);
    done = fit.copy + time;
    fit.out = ended_by(fit.copy);
  }
  if (done > needed) {
    if (in_head || fit.out >= slot) return false;
    fit.out_late = done - needed;
  }
  const auto settle = std::lower_bound(begins_.begin(), begins_.end(), done - fit.out_late) - begins_.begin();
  fit.settle = std::max(choice.from, static_cast<std::uint32_t>(settle));
  if (fit.copies) fit.settle = std::max(fit.settle, std::min(fit.out + 1, program_.slots()));
  return in_head || fit.settle <= slot;
}

// Operators that have ended at `time`, and so the slot at whose begin they have.
std::uint32_t PlanBuilder::ended_by(Nanoseconds time) const {
  return static_cast<std::uint32_t>(std::upper_bound(ends_.begin(), ends_.end(), time) - ends_.begin());
}

// The copy in, as late as possible: after `slot`, or as early as that leaves room.
bool PlanBuilder::fit_in(const AbsenceChoice& choice, std::uint32_t slot, Nanoseconds done, Fit& fit) const {
  fit.comes_back = choice.returns;
  const bool next_time = choice.wraps && choice.head_to > 0;
  const std::uint32_t to = next_time ? choice.head_to : choice.to;
  fit.in = to;
  if (!choice.returns) return true;
  const Nanoseconds until = to < program_.slots() ? begins_[to] : duration_;
  const bool after_slot = !next_time || slot < choice.from;
  const auto back = ins_.latest(next_time ? Nanoseconds(0) : done - fit.out_late, until, in_times_[choice.version]);
  if (!back) return false;
  fit.back = *back;
  if (after_slot && *back < ends_[slot]) {
    fit.in_late = ends_[slot] - *back;
    fit.in = std::min(to, slot + 1);
    return true;
  }
  fit.in = std::min(to, ended_by(*back));
  return !after_slot || fit.in > slot;
}

double PlanBuilder::score(const AbsenceChoice& choice, const Fit& fit, std::uint32_t slot) const {
  const std::uint64_t bytes = program_.objects[choice.object].bytes.value;
  const bool next_time = choice.wraps && choice.head_to > 0;
  const auto all = [&] {
    return next_time ? benefit(bytes, fit.settle, program_.slots()) + benefit(bytes, 0, fit.in)
                     : benefit(bytes, fit.settle, fit.in);
  };
  switch (style_.rule) {
    case PlanRule::benefit_per_link_time: {
      const Nanoseconds busy = (fit.copies ? out_times_[choice.version] : Nanoseconds(0)) +
                               (fit.comes_back ? in_times_[choice.version] : Nanoseconds(0));
      return all() / static_cast<double>(busy.value + 1);
    }
    case PlanRule::benefit:
      return all();
    case PlanRule::farthest:
      if (next_time && slot >= choice.from) return static_cast<double>(duration_.value) * 2;
      return static_cast<double>((fit.in == 0 ? Nanoseconds(0) : ends_[fit.in - 1]).value);
    case PlanRule::earliest_copy:
      return fit.copies ? -static_cast<double>(fit.copy.value) : 0;
  }
  return 0;
}

// Bytes times nanoseconds that it takes off the excess.
double PlanBuilder::benefit(std::uint64_t bytes, std::uint32_t from, std::uint32_t to) const {
  double sum = 0;
  const auto most = static_cast<std::int64_t>(bytes);
  for (std::uint32_t slot = from; slot < to; ++slot)
    if (excess_[slot] > 0)
      sum += static_cast<double>(std::min(excess_[slot], most)) *
             static_cast<double>((ends_[slot] - begins_[slot]).value + 1);
  return sum;
}

double PlanBuilder::shaken(double score) {
  if (style_.noise_percent == 0) return score;
  const auto draw = static_cast<double>(next_random(random_) >> 11) / 9007199254740992.0;  // [0, 1)
  return score * (1 + (2 * draw - 1) * style_.noise_percent / 100.0);
}

void PlanBuilder::apply(std::uint32_t number, const Fit& fit) {
  const AbsenceChoice& choice = choices_.choices[number];
  const std::uint64_t bytes = program_.objects[choice.object].bytes.value;
  used_[number] = true;
  taken_.emplace_back(number, fit);
  if (fit.copies) {
    outs_.take(fit.copy, out_times_[choice.version]);
    copies_[choice.version] = {.there = true, .begin = fit.copy, .done = fit.copy + out_times_[choice.version]};
  }
  if (fit.comes_back) ins_.take(fit.back, in_times_[choice.version]);
  if (choice.wraps && choice.head_to > 0) {
    lower(bytes, fit.settle, program_.slots());
    lower(bytes, 0, fit.in);
  } else {
    lower(bytes, fit.settle, fit.in);
  }
}

void PlanBuilder::lower(std::uint64_t bytes, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t slot = from; slot < to; ++slot) excess_[slot] -= static_cast<std::int64_t>(bytes);
}

SwapPlan PlanBuilder::plan() const {
  SwapPlan plan;
  for (const auto& [number, fit] : taken_) {
    const AbsenceChoice& choice = choices_.choices[number];
    const bool next_time = choice.wraps && choice.head_to > 0;
    PlannedAbsence absence{.object = choice.object,
                           .tier = tier_,
                           .out_slot = fit.copies ? fit.out : fit.settle,
                           .settle_slot = fit.settle,
                           .in_slot = next_time || !fit.comes_back ? program_.slots() : fit.in,
                           .copies = fit.copies,
                           .from_the_beginning = false,
                           .out_time = fit.copy,
                           .in_time = fit.back};
    const bool always = !choice.returns && choice.from == 0 && program_.objects[choice.object].persistent();
    absence.from_the_beginning = always;
    plan.absences.push_back(absence);
    if (!next_time) continue;
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
  return plan;
}

}  // namespace vramlab
