#include "engine/swap/autoswap_manager.h"

#include <algorithm>
#include <string>

#include "engine/core/check.h"
#include "engine/core/wide.h"

namespace vramlab {
namespace {

Bytes share_of(Bytes bytes, std::uint32_t per_mille) {
  return Bytes(static_cast<std::uint64_t>(static_cast<Wide>(bytes.value) * per_mille / 1000));
}

Bytes more_than(Bytes a, Bytes b) { return a > b ? a - b : Bytes(0); }

}  // namespace

/// One device with what is known of its objects.
struct AutoSwapManager::Managed {
  Managed(std::uint32_t device, PrioritySwapper& of, const SwapMachine& machine, const DOASettings& scoring)
      : number(device), swapper(of), capacity(machine.limit), departures(of, machine), scorer(scoring) {}

  /// Live on the device and not leaving.
  Bytes used() const { return departures.on_device() - swapper.leaving_bytes(); }
  bool may_leave(ObjectId object) const {
    return departures.state(object) == SwapState::resident && departures.tier_for(object).has_value();
  }

  std::uint32_t number;
  PrioritySwapper& swapper;
  Bytes capacity;
  Departures departures;
  DOAScorer scorer;            ///< of objects that have the size to be swapped
  std::set<ObjectId> objects;  ///< all
  std::uint64_t position = 0;  ///< operators that ran
  Bytes most_away{};           ///< in this iteration, and a little less for each since
};

AutoSwapManager::AutoSwapManager(const AutoSwapSettings& settings)
    : settings_(settings),
      bandit_(manager_policy_names.size(), static_cast<std::size_t>(ManagerPolicy::adaptive), settings.seed),
      in_force_(settings.policy == ManagerPolicy::adaptive && !settings.auto_adjust ? ManagerPolicy::balanced
                                                                                    : settings.policy) {}

AutoSwapManager::~AutoSwapManager() = default;

std::uint32_t AutoSwapManager::add_device(PrioritySwapper& swapper, const SwapMachine& machine) {
  const Lock lock(mutex_);
  const auto number = static_cast<std::uint32_t>(devices_.size());
  devices_.push_back(std::make_unique<Managed>(number, swapper, machine, settings_.scorer));
  return number;
}

AutoSwapManager::Managed& AutoSwapManager::at(std::uint32_t device) const {
  VRAMLAB_CHECK(device < devices_.size(), "there is no device " + std::to_string(device));
  return *devices_[device];
}

// --- Objects ---------------------------------------------------------------------------------------------------------

void AutoSwapManager::add(std::uint32_t device, ObjectId object, Bytes bytes, StreamId stream, SwapPriority priority) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  VRAMLAB_CHECK(on.objects.insert(object).second, "object " + std::to_string(object.value) + " is added twice");
  on.departures.allocated(object, bytes, stream);
  if (swappable(bytes)) on.scorer.add(object, bytes, priority);
}

void AutoSwapManager::remove(std::uint32_t device, ObjectId object) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  VRAMLAB_CHECK(on.objects.erase(object) == 1, "object " + std::to_string(object.value) + " is not managed");
  if (on.scorer.knows(object)) on.scorer.remove(object);
  on.departures.freed(object);
}

void AutoSwapManager::set_priority(std::uint32_t device, ObjectId object, SwapPriority priority) {
  const Lock lock(mutex_);
  DOAScorer& scorer = at(device).scorer;
  if (scorer.knows(object) && scorer.priority(object) != priority) scorer.set_priority(object, priority);
}

void AutoSwapManager::pin(std::uint32_t device, ObjectId object) {
  const Lock lock(mutex_);
  at(device).swapper.pin(object);
}

void AutoSwapManager::unpin(std::uint32_t device, ObjectId object) {
  const Lock lock(mutex_);
  at(device).swapper.unpin(object);
}

void AutoSwapManager::record_access(std::uint32_t device, ObjectId object, bool written, Bytes offset, Bytes length) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  on.departures.used(object, written);
  if (on.scorer.knows(object)) on.scorer.record_access(object, offset, length, on.position);
}

// --- Decisions -------------------------------------------------------------------------------------------------------

PressureLevel AutoSwapManager::pressure(std::uint32_t device, Bytes more) const {
  const Lock lock(mutex_);
  const Managed& on = at(device);
  return pressure_level(on.used() + more, on.capacity, settings_.thresholds);
}

SwapDecision AutoSwapManager::decide(Managed& on, Bytes bytes, PressureLevel level,
                                     std::span<const ObjectId> needed) const {
  SwapDecision decision{.device = on.number,
                        .required = bytes,
                        .wanted = share_of(bytes, settings_.swap_ahead),
                        .level = level,
                        .objects = {}};
  const auto may_go = [&](ObjectId object) {
    return on.may_leave(object) && std::ranges::find(needed, object) == needed.end();
  };
  decision.objects = on.scorer.candidates(decision.wanted, level, on.position, may_go);
  for (const ObjectId object : decision.objects) decision.bytes += on.departures.bytes_of(object);
  return decision;
}

SwapDecision AutoSwapManager::make_swap_decision(Bytes bytes, std::uint32_t device,
                                                 std::span<const ObjectId> needed) const {
  const Lock lock(mutex_);
  Managed& on = at(device);
  const Bytes with = on.used() + bytes;
  return decide(on, more_than(with, on.capacity), pressure_level(with, on.capacity, settings_.thresholds), needed);
}

ExecutedSwaps AutoSwapManager::execute(Managed& on, const SwapDecision& decision) {
  ExecutedSwaps executed;
  std::vector<ObjectId> there;
  for (const ObjectId object : decision.objects)
    if (on.departures.known(object)) there.push_back(object);
  if (settings_.batch) {
    executed.begun = on.departures.send_out(there);
  } else {
    for (const ObjectId object : there)
      if (on.departures.send_out(object)) executed.begun.push_back(object);
  }
  for (const ObjectId object : executed.begun) executed.bytes += on.departures.bytes_of(object);
  executed.refused = decision.objects.size() - executed.begun.size();
  performance_.begun += executed.begun.size();
  performance_.refused += executed.refused;
  if (!decision.objects.empty()) ++performance_.decisions;
  return executed;
}

ExecutedSwaps AutoSwapManager::execute_swap_decision(const SwapDecision& decision) {
  const Lock lock(mutex_);
  return execute(at(decision.device), decision);
}

// --- Memory that is missing, or will be ------------------------------------------------------------------------------

Bytes AutoSwapManager::give_up(Managed& on, Bytes bytes, PressureLevel level, std::span<const ObjectId> needed) {
  const ExecutedSwaps executed = execute(on, decide(on, bytes, level, needed));
  Bytes given{};
  for (const ObjectId object : executed.begun)
    if (on.departures.state(object) == SwapState::away) given += on.departures.bytes_of(object);
  return given + on.departures.settle_oldest(more_than(bytes, given), needed);
}

Bytes AutoSwapManager::turn_back(Managed& on, Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given{};
  for (const ObjectId object : on.objects) {
    if (given >= bytes) break;
    if (std::ranges::find(needed, object) != needed.end() || !on.departures.turn_back(object)) continue;
    on.departures.settle(object);
    given += on.departures.bytes_of(object);
  }
  return given;
}

Bytes AutoSwapManager::handle_pressure(Bytes bytes, std::uint32_t device, std::span<const ObjectId> needed) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  const PressureLevel by_share = pressure_level(on.used() + bytes, on.capacity, settings_.thresholds);
  Bytes given = on.departures.settle_oldest(bytes, needed);
  for (const PressureLevel level : {by_share, PressureLevel::extreme})
    if (given < bytes) given += give_up(on, bytes - given, level, needed);
  if (given == Bytes(0)) given += turn_back(on, bytes, needed);
  ++(given >= bytes ? performance_.handled : performance_.not_handled);
  return given;
}

bool AutoSwapManager::settle(ObjectId object, std::uint32_t device) {
  const Lock lock(mutex_);
  return at(device).departures.settle(object) > Bytes(0);
}

Bytes AutoSwapManager::prepare(Bytes bytes, std::uint32_t device) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  return execute(on, decide(on, bytes, PressureLevel::high, {})).bytes;
}

bool AutoSwapManager::swap_in(ObjectId object, std::uint32_t device) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  VRAMLAB_CHECK(on.departures.known(object), "object " + std::to_string(object.value) + " is not managed");
  const Bytes bytes = on.departures.bytes_of(object);
  if (on.departures.on_device() + bytes > on.capacity) on.departures.settle_done(bytes);
  return on.departures.on_device() + bytes <= on.capacity && on.departures.bring_in(object);
}

// --- What happens ----------------------------------------------------------------------------------------------------

void AutoSwapManager::operator_ran(std::uint32_t device, Nanoseconds time) {
  const Lock lock(mutex_);
  Managed& on = at(device);
  ++on.position;
  on.departures.advance(time);
  on.most_away = std::max(on.most_away, on.departures.live() - on.departures.on_device());
  if (settings_.monitoring && on.position % settings_.monitoring_interval == 0) look(on);
}

void AutoSwapManager::look(Managed& on) {
  ++performance_.looks;
  const Tactics tactics = settings_.tactics(in_force_);
  const PressureLevel level = pressure_level(on.used(), on.capacity, settings_.thresholds);
  if (!tactics.watches || level < tactics.watch) return;
  const Bytes too_much = more_than(on.used(), share_of(on.capacity, tactics.down_to));
  if (too_much > Bytes(0)) execute(on, decide(on, too_much, level, {}));
}

void AutoSwapManager::iteration_measured(Nanoseconds stall, Nanoseconds iteration) {
  const Lock lock(mutex_);
  ++performance_.iterations;
  performance_.stall += stall;
  computation_ = iteration - stall;
  bandit_.learn(stall, iteration);
}

// What monitoring swaps down from a full device, out and back side by side.
std::array<std::int64_t, 4> AutoSwapManager::efforts() const {
  std::array<std::int64_t, 4> parts{};
  for (std::size_t policy = 0; policy < parts.size(); ++policy) {
    const Tactics tactics = settings_.tactics(static_cast<ManagerPolicy>(policy));
    if (!tactics.watches || !settings_.monitoring) continue;
    for (const std::unique_ptr<Managed>& on : devices_) {
      if (on->capacity == unlimited_bytes) continue;
      const Bytes bytes = share_of(on->capacity, 1000 - tactics.down_to);
      parts[policy] += of_computation(std::max(on->departures.out_time(bytes), on->departures.in_time(bytes)));
    }
  }
  return parts;
}

// Everything that was away at once comes back, and as much leaves, one after the other.
std::int64_t AutoSwapManager::change() {
  std::int64_t parts = 0;
  for (const std::unique_ptr<Managed>& on : devices_) {
    parts += of_computation(on->departures.out_time(on->most_away) + on->departures.in_time(on->most_away));
    on->most_away = on->most_away * 31 / 32;
  }
  return parts;
}

std::int64_t AutoSwapManager::of_computation(Nanoseconds time) const {
  if (computation_ <= Nanoseconds(0)) return 0;
  const Wide scaled = static_cast<Wide>(static_cast<std::uint64_t>(time.value)) * 1'000'000u;
  return static_cast<std::int64_t>(scaled / static_cast<std::uint64_t>(computation_.value));
}

void AutoSwapManager::iteration_begins(const WorkloadClass& workload) {
  const Lock lock(mutex_);
  if (settings_.policy != ManagerPolicy::adaptive || !settings_.auto_adjust) return;
  const auto chosen = static_cast<ManagerPolicy>(bandit_.choose(workload, efforts(), change()));
  if (chosen != in_force_) ++performance_.policy_changes;
  in_force_ = chosen;
}

// --- Accounts --------------------------------------------------------------------------------------------------------

ManagerPolicy AutoSwapManager::policy_in_force() const {
  const Lock lock(mutex_);
  return in_force_;
}

Tactics AutoSwapManager::tactics() const {
  const Lock lock(mutex_);
  return settings_.tactics(in_force_);
}

MemoryDistribution AutoSwapManager::distribution(std::uint32_t device) const {
  const Lock lock(mutex_);
  const Managed& on = at(device);
  MemoryDistribution bytes{.capacity = on.capacity};
  for (const ObjectId object : on.objects) {
    const SwapState state = on.departures.state(object);
    const Tier tier = state == SwapState::away ? on.swapper.tier_of(object) : Tier::device;
    Bytes& sum = state == SwapState::leaving    ? bytes.leaving
                 : state == SwapState::arriving ? bytes.arriving
                                                : bytes.by_tier[static_cast<std::size_t>(tier)];
    sum += on.departures.bytes_of(object);
  }
  return bytes;
}

ManagerPerformance AutoSwapManager::performance() const {
  const Lock lock(mutex_);
  ManagerPerformance all = performance_;
  std::uint64_t measured = 0;
  Nanoseconds time{};
  for (const std::unique_ptr<Managed>& on : devices_) {
    const SwapStats& stats = on->swapper.stats();
    measured += stats.measured;
    time += stats.transfer_time;
    all.spared += more_than(stats.out_bytes + stats.in_bytes, stats.packed_bytes);
  }
  if (measured != 0) all.mean_swap_time = time / static_cast<std::int64_t>(measured);
  if (all.begun + all.refused != 0)
    all.success_per_mille = static_cast<std::uint32_t>(all.begun * 1000 / (all.begun + all.refused));
  return all;
}

Nanoseconds AutoSwapManager::out_time(std::uint32_t device, Bytes bytes) const {
  const Lock lock(mutex_);
  return at(device).departures.out_time(bytes);
}

Nanoseconds AutoSwapManager::in_time(std::uint32_t device, Bytes bytes) const {
  const Lock lock(mutex_);
  return at(device).departures.in_time(bytes);
}

Bytes AutoSwapManager::leaving(std::uint32_t device) const {
  const Lock lock(mutex_);
  return at(device).swapper.leaving_bytes();
}

Bytes AutoSwapManager::room(std::uint32_t device) const {
  const Lock lock(mutex_);
  const Managed& on = at(device);
  return more_than(on.capacity, on.used());
}

SwapState AutoSwapManager::state(std::uint32_t device, ObjectId object) const {
  const Lock lock(mutex_);
  return at(device).departures.state(object);
}

bool AutoSwapManager::may_leave(std::uint32_t device, ObjectId object) const {
  const Lock lock(mutex_);
  return at(device).may_leave(object);
}

std::set<ObjectId> AutoSwapManager::absent(std::uint32_t device) const {
  const Lock lock(mutex_);
  return at(device).departures.gone();
}

}  // namespace vramlab
