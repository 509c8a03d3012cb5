#pragma once
// Programs for the planner: objects of every kind of life, reads and writes; and what each plan has to keep.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/swap/plan_forecast.h"
#include "engine/swap/planner.h"
#include "small_program.h"

namespace vramlab::testing {

/// One that lives through the whole stretch.
inline void make_persistent(AccessProgram& program, std::uint32_t object) {
  ProgramObject& changed = program.objects[object];
  changed.before = changed.after = true;
  changed.birth = 0;
  changed.death = program.slots();
  complete(program);
}

inline AccessProgram drawn_lives() {
  AccessProgram program = drawn_program();
  for (ProgramObject& object : program.objects) {
    object.before = pick(0, 3) == 0;
    object.after = pick(0, 3) == 0;
    if (object.before) object.birth = 0;
    if (object.after) object.death = program.slots();
    for (Access& access : object.accesses) access.writes = pick(0, 3) == 0;
    if (object.persistent() && pick(0, 8) == 0) object.accesses.clear();
  }
  complete(program);
  return program;
}

/// Some links share a total, some machines pack.
inline SwapMachine drawn_packing_machine(const AccessProgram& program) {
  SwapMachine machine = drawn_machine(program);
  SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
  const std::uint64_t sum = link.out.bytes_per_second + link.in.bytes_per_second;
  if (pick_bool()) link.duplex_bytes_per_second = pick<std::uint64_t>(sum / 2, sum + 1);
  if (pick_bool())
    machine.codec = {pick(1000U, 4000U), pick<std::uint64_t>(1, 50) * 1'000'000'000,
                     pick<std::uint64_t>(1, 50) * 1'000'000'000};
  return machine;
}

inline Bytes largest(const std::vector<Bytes>& loads) { return *std::ranges::max_element(loads); }

inline PlannerRequest small_request(double max_overhead = 0) {
  return {.mode = PlanMode::no_overhead, .max_overhead = max_overhead, .min_swap = Bytes(1), .effort = 20'000};
}

/// Peak and stall are what load_under() and the forecast say.
inline void expect_sound(const AccessProgram& program, const SwapMachine& machine, const SwapPlan& plan) {
  EXPECT_EQ(plan.peak, largest(load_under(program, plan)));
  EXPECT_LE(plan.peak, largest(program.load));
  EXPECT_EQ(plan.stall, forecast(program, machine, plan).stall);
}

}  // namespace vramlab::testing
