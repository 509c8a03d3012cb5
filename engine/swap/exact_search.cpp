#include "engine/swap/exact_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/swap/plan_forecast.h"

namespace vramlab {
namespace {

// LinkForecast adds up in another order and calls a copy done with a thousandth of a byte left: a plan must not be lost
// by that. What is found is forecast again.
Nanoseconds rounded(double ns) { return Nanoseconds(static_cast<std::int64_t>(std::ceil(ns - 0.01))); }

double real(Nanoseconds time) { return static_cast<double>(time.value); }

}  // namespace

ExactSearch::ExactSearch(const AccessProgram& program, const SwapMachine& machine, const ExactRequest& request,
                         const ExactGaps& gaps)
    : program_(program), machine_(machine), request_(request), gaps_(gaps) {
  const auto allowed = static_cast<std::int64_t>(request.max_overhead * real(program.duration));
  until_ = program.duration + Nanoseconds(allowed);
  late_ = until_ - (program.slots() == 0 ? Nanoseconds(0) : program.end.back());
}

ExactSearch::Outcome ExactSearch::find(Bytes peak) {
  peak_ = peak.value;
  outcome_ = {};
  mark_useful();
  decide(first_state(), 0);
  outcome_.complete = steps_ < request_.steps;
  return outcome_;
}

// Rule 1.
void ExactSearch::mark_useful() {
  useful_.assign(gaps_.gaps.size(), false);
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g)
    for (std::uint32_t slot = gaps_.gaps[g].from; slot < gaps_.gaps[g].to; ++slot)
      if (program_.load[slot].value > peak_) useful_[g] = true;
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g)
    if (const std::uint32_t other = gaps_.gaps[g].closing; other != ExactGap::no_gap && useful_[other])
      useful_[g] = true;
}

ExactSearch::State ExactSearch::first_state() const {
  State state;
  state.copies.resize(gaps_.versions.size());
  state.gaps.resize(gaps_.gaps.size());
  for (std::size_t v = 0; v < gaps_.versions.size(); ++v)
    if (gaps_.versions[v].kept) state.copies[v].slot = 0;
  for (std::size_t g = 0; g < gaps_.gaps.size(); ++g)
    if (!useful_[g]) state.gaps[g].choice = Choice::no;
  return state;
}

// --- Which gaps ----------------------------------------------------------------------------------------------------

// Of a version that has one gap only, its copy decides; of a gap that closes the stretch, slot 0.
bool ExactSearch::to_be_decided(const State& state, std::uint32_t g) const {
  const ExactGap& gap = gaps_.gaps[g];
  if (state.gaps[g].choice != Choice::open) return false;
  if (gap.closing != ExactGap::no_gap) return gap.returns && state.slot == 0;
  const ExactVersion& version = gaps_.versions[gap.version];
  return gap.from == state.slot && (version.kept || version.gaps > 1);
}

void ExactSearch::decide(const State& state, std::uint32_t gap) {
  if (stopped()) return;
  while (gap < gaps_.gaps.size() && !to_be_decided(state, gap)) ++gap;
  if (gap == gaps_.gaps.size()) return send(state, {.free_before = state.out_free, .last_before = state.last_out});
  for (const Use use : {Use::closing, Use::alone, Use::other_alone, Use::none}) {
    ++steps_;
    State next = state;
    if (choose(next, gap, use)) decide(next, gap + 1);
  }
}

// False where that makes no sense. Of the two parts of a closing absence one alone can be used: the first with its own
// copy, unless a copy is kept always (then the second costs nothing); the second where it is back before the end. Both,
// each alone, would be two transfers more than the whole.
bool ExactSearch::choose(State& state, std::uint32_t g, Use use) const {
  const ExactGap& gap = gaps_.gaps[g];
  const bool closes = gap.closing != ExactGap::no_gap;
  GapState& here = state.gaps[g];
  here.choice = use == Use::closing || use == Use::alone ? Choice::yes : Choice::no;
  if (!closes) return use == Use::alone || use == Use::none;
  GapState& last = state.gaps[gap.closing];
  last.choice = use == Use::closing || use == Use::other_alone ? Choice::yes : Choice::no;
  last.home = use == Use::other_alone;
  if (use == Use::closing) {
    here.settled = 0;
    state.copies[gap.version].slot = 0;
  }
  if (use == Use::alone) return !gaps_.versions[gap.version].kept && gap.from < gap.to;
  return use != Use::other_alone || gaps_.gaps[gap.closing].from + 1 < program_.slots();
}

// --- Copies out ----------------------------------------------------------------------------------------------------

void ExactSearch::send(const State& state, const OutList& list) {
  if (stopped()) return;
  for (std::uint32_t v = 0; v < gaps_.versions.size(); ++v) {
    if (!sendable(state, list, v)) continue;
    ++steps_;
    State next = state;
    const ExactVersion& version = gaps_.versions[v];
    const double begin = std::max(real(state.ended + version.compress), state.out_free);
    next.out_free = begin + version.out_ns;
    next.last_out = state.slot;
    next.copies[v] = {state.slot, Nanoseconds(static_cast<std::int64_t>(begin)), rounded(next.out_free)};
    for (std::uint32_t g = 0; g < gaps_.gaps.size() && version.gaps == 1; ++g)
      if (gaps_.gaps[g].version == v) next.gaps[g].choice = Choice::yes;
    OutList longer = list;
    if (list.first == never) longer.first = v;
    send(next, longer);
  }
  if (state.slot == program_.slots()) return finish(state);
  bring(state, never);
}

// Rule 3.
bool ExactSearch::sendable(const State& state, const OutList& list, std::uint32_t v) const {
  const ExactVersion& version = gaps_.versions[v];
  if (version.kept || state.copies[v].slot != never || version.copied > state.slot || !wanted(state, v)) return false;
  if (version.copied == state.slot) return true;
  return list.first != never && !passed_idle_link(state, list, v);
}

// By a gap that it could still serve.
bool ExactSearch::wanted(const State& state, std::uint32_t version) const {
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    const ExactGap& gap = gaps_.gaps[g];
    if (gap.version != version || state.gaps[g].choice == Choice::no) continue;
    const bool last = gap.closing != ExactGap::no_gap && !gap.returns;
    if (last && state.gaps[g].choice == Choice::open) continue;
    if (gap.to > state.slot + 1 || (last && !state.gaps[g].home)) return true;
  }
  return false;
}

bool ExactSearch::passed_idle_link(const State& state, const OutList& list, std::uint32_t v) const {
  const ExactVersion& version = gaps_.versions[v];
  const std::uint32_t slot = std::max(version.copied, list.last_before);
  if (slot >= state.slot) return false;
  const double ready = real(state.launched[slot] + version.compress);
  const double next = real(state.ended + gaps_.versions[list.first].compress);
  return std::max(ready, list.free_before) + version.out_ns <= next;
}

// --- Copies in -----------------------------------------------------------------------------------------------------

bool ExactSearch::absent(const State& state, std::uint32_t g) const {
  return state.gaps[g].settled != never && state.gaps[g].in == never;
}

bool ExactSearch::must_return(const State& state, std::uint32_t g) const {
  const bool last_chance = state.gaps[g].home && state.slot + 1 == program_.slots();
  return absent(state, g) && (last_chance || (gaps_.gaps[g].returns && gaps_.gaps[g].to == state.slot));
}

// Rules 4 and 5.
bool ExactSearch::bringable(const State& state, std::uint32_t g, std::uint32_t last) const {
  if (!absent(state, g) || !(gaps_.gaps[g].returns || state.gaps[g].home)) return false;
  if (last != never) return !out_of_order(last, g);
  return state.slot == 0 || state.left + bytes_of(g) > peak_;
}

bool ExactSearch::out_of_order(std::uint32_t first, std::uint32_t second) const {
  const ExactGap& a = gaps_.gaps[first];
  const ExactGap& b = gaps_.gaps[second];
  if (a.to == b.to) return b.decompress > a.decompress || (b.decompress == a.decompress && second < first);
  return b.to < a.to && a.decompress <= b.decompress;
}

void ExactSearch::bring(const State& state, std::uint32_t last) {
  if (stopped()) return;
  bool all = true;
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) all = all && !must_return(state, g);
  if (all) run(state);
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    if (!bringable(state, g, last)) continue;
    ++steps_;
    State next = state;
    const double begin = std::max(real(state.ended), state.in_free);
    next.in_free = begin + gaps_.gaps[g].in_ns;
    next.gaps[g].in = state.slot;
    next.gaps[g].begin = Nanoseconds(static_cast<std::int64_t>(begin));
    next.gaps[g].back = rounded(next.in_free);
    bring(next, g);
  }
}

// --- The operator --------------------------------------------------------------------------------------------------

void ExactSearch::run(State state) {
  const std::uint32_t slot = state.slot;
  std::optional<Nanoseconds> begin = earliest_begin(state);
  if (!begin || !fill_load(state, *begin) || *begin - program_.begin[slot] > late_) return;
  state.launched.push_back(state.ended);
  state.ended = *begin + (program_.end[slot] - program_.begin[slot]);
  ++state.slot;
  if (!hopeless(state)) decide(state, 0);
}

// None by rule 6.
std::optional<Nanoseconds> ExactSearch::earliest_begin(const State& state) const {
  const std::uint32_t slot = state.slot;
  const Nanoseconds gap_begin = slot == 0 ? Nanoseconds(0) : program_.end[slot - 1];
  Nanoseconds begin = state.ended + (program_.begin[slot] - gap_begin);
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    const ExactGap& gap = gaps_.gaps[g];
    if (gap.to != slot || !gap.returns || state.gaps[g].choice != Choice::yes) continue;
    if (state.gaps[g].in == never) return std::nullopt;
    begin = std::max(begin, state.gaps[g].back + gap.decompress);
  }
  return begin;
}

// Gaps that wait for their copy, in the order in which it is done.
std::vector<std::uint32_t> ExactSearch::pending(const State& state) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    const ExactGap& gap = gaps_.gaps[g];
    const CopyState& copy = state.copies[gap.version];
    const bool copied = gaps_.versions[gap.version].kept || copy.slot < state.slot;
    if (state.gaps[g].choice == Choice::yes && state.gaps[g].settled == never && copy.slot != never && copied &&
        gap.from <= state.slot && state.slot < gap.to)
      found.push_back(g);
  }
  std::ranges::stable_sort(found, {}, [&](std::uint32_t g) { return state.copies[gaps_.gaps[g].version].done; });
  return found;
}

// Rule 2. False where the load cannot be brought under the peak.
bool ExactSearch::fill_load(State& state, Nanoseconds& begin) const {
  std::uint64_t load = program_.load[state.slot].value;
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g)
    if (absent(state, g) && gaps_.gaps[g].from <= state.slot && state.slot < gaps_.gaps[g].to) load -= bytes_of(g);
  for (const std::uint32_t g : pending(state)) {
    const Nanoseconds done = state.copies[gaps_.gaps[g].version].done;
    if (done > begin && load <= peak_) break;
    begin = std::max(begin, done);
    state.gaps[g].settled = state.slot;
    load -= bytes_of(g);
  }
  state.left = load;
  return load <= peak_;
}

bool ExactSearch::hopeless(const State& state) const {
  for (std::uint32_t slot = state.slot; slot < program_.slots(); ++slot)
    if (program_.load[slot].value > peak_ && !coverable(state, slot)) return true;
  return false;
}

// Whether what is gone, on its way or could still be copied out by then takes the load of a later slot under the peak.
bool ExactSearch::coverable(const State& state, std::uint32_t slot) const {
  const double latest = real(program_.begin[slot] + late_);
  const double free = std::max(real(state.ended), state.out_free);
  double most = 0, per_byte = std::numeric_limits<double>::infinity();  // of what would have to be copied
  std::uint64_t load = program_.load[slot].value;
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    const ExactGap& gap = gaps_.gaps[g];
    const GapState& here = state.gaps[g];
    if (here.choice == Choice::no || here.in != never || slot < gap.from || slot >= gap.to) continue;
    const ExactVersion& version = gaps_.versions[gap.version];
    const CopyState& copy = state.copies[gap.version];
    const auto bytes = static_cast<double>(bytes_of(g));
    if (version.kept || copy.slot != never) {
      if (real(copy.done) <= latest) load -= bytes_of(g);
    } else if (free + version.out_ns <= latest + 1) {
      most += bytes;
      per_byte = std::min(per_byte, version.out_ns / bytes);
    }
  }
  if (load <= peak_) return true;
  const auto missing = static_cast<double>(load - peak_);
  return missing <= most && missing * per_byte <= latest - free + 1;
}

// --- The end -------------------------------------------------------------------------------------------------------

void ExactSearch::finish(const State& state) {
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    if (state.gaps[g].choice == Choice::yes && state.copies[gaps_.gaps[g].version].slot == never) return;
    if (state.gaps[g].home && state.gaps[g].in == never) return;
  }
  if (std::max({state.ended, rounded(state.out_free), rounded(state.in_free)}) > until_) return;
  SwapPlan plan = plan_of(state);
  const std::vector<Bytes> left = load_under(program_, plan);
  plan.peak = *std::ranges::max_element(left);
  outcome_.alone = std::min(outcome_.alone.value_or(plan.peak), plan.peak);
  plan.stall = forecast(program_, machine_, plan).stall;
  if (program_.duration + plan.stall <= until_) outcome_.plan = std::move(plan);
}

SwapPlan ExactSearch::plan_of(const State& state) const {
  SwapPlan plan;
  std::vector<bool> copied(gaps_.versions.size());
  for (std::size_t v = 0; v < copied.size(); ++v) copied[v] = gaps_.versions[v].kept;
  for (std::uint32_t g = 0; g < gaps_.gaps.size(); ++g) {
    const ExactGap& gap = gaps_.gaps[g];
    const GapState& here = state.gaps[g];
    const bool closes = gap.closing != ExactGap::no_gap;
    if (here.choice != Choice::yes || (here.settled == never && !(closes && !gap.returns))) continue;
    const bool away = closes && gap.returns && state.gaps[gap.closing].choice == Choice::yes;
    if (away) copied[gap.version] = true;
    const std::uint32_t settle = here.settled == never ? program_.slots() : here.settled;
    const CopyState& copy = state.copies[gap.version];
    const bool whole = !closes && !gap.returns && program_.objects[gap.object].persistent();
    plan.absences.push_back({.object = gap.object,
                             .tier = request_.tier,
                             .out_slot = copied[gap.version] ? settle : copy.slot,
                             .settle_slot = settle,
                             .in_slot = here.in == never ? program_.slots() : here.in,
                             .copies = !copied[gap.version],
                             .from_the_beginning = away || whole,
                             .out_time = copy.begin,
                             .in_time = here.begin});
    copied[gap.version] = true;
  }
  return plan;
}

}  // namespace vramlab
