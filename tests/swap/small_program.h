#pragma once
// Programs for planners, written by hand or drawn: operators one after the other without a pause.

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/swap_types.h"
#include "properties.h"

namespace vramlab::testing {

struct SmallObject {
  std::uint64_t bytes = 0;
  std::vector<std::uint32_t> accesses;  ///< slots; it lives from the first to the last
};

/// `times` of operators in ns. Objects get their index as number.
inline AccessProgram small_program(const std::vector<std::int64_t>& times, const std::vector<SmallObject>& objects,
                                   std::vector<std::uint32_t> iterations = {0}) {
  AccessProgram program;
  Nanoseconds now{};
  for (const std::int64_t time : times) {
    program.begin.push_back(now);
    program.end.push_back(now += Nanoseconds(time));
  }
  program.duration = now;
  program.iterations = std::move(iterations);
  for (std::uint32_t i = 0; i < objects.size(); ++i) {
    ProgramObject object;
    object.id = ObjectId(i);
    object.bytes = Bytes(objects[i].bytes);
    for (const std::uint32_t slot : objects[i].accesses) object.accesses.push_back({slot, false});
    object.birth = objects[i].accesses.front();
    object.death = objects[i].accesses.back() + 1;
    program.objects.push_back(std::move(object));
  }
  complete(program);
  return program;
}

/// A link to the host without latency: bytes a nanosecond, out and in.
inline SwapMachine small_machine(std::uint64_t out, std::uint64_t in, Bytes limit) {
  SwapMachine machine;
  SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
  link.out.bytes_per_second = out * 1'000'000'000;
  link.in.bytes_per_second = in * 1'000'000'000;
  machine.limit = limit;
  return machine;
}

/// Up to 40 operators in up to 3 iterations, up to 30 objects of up to 1000 bytes.
inline AccessProgram drawn_program() {
  std::vector<std::int64_t> times(pick<std::size_t>(4, 41));
  for (std::int64_t& time : times) time = pick<std::int64_t>(0, 400);
  const auto slots = static_cast<std::uint32_t>(times.size());
  std::vector<SmallObject> objects(pick<std::size_t>(1, 31));
  for (SmallObject& object : objects) {
    object.bytes = pick<std::uint64_t>(1, 1001);
    for (std::uint32_t i = pick(1U, 5U); i > 0; --i) object.accesses.push_back(pick(0U, slots));
    std::ranges::sort(object.accesses);
    object.accesses.erase(std::unique(object.accesses.begin(), object.accesses.end()), object.accesses.end());
  }
  std::vector<std::uint32_t> iterations{0};
  for (std::uint32_t i = pick(0U, 3U); i > 0; --i) iterations.push_back(pick(iterations.back(), slots));
  return small_program(times, objects, iterations);
}

inline SwapMachine drawn_machine(const AccessProgram& program) {
  const Bytes most = *std::ranges::max_element(program.load);
  SwapMachine machine = small_machine(pick<std::uint64_t>(1, 100), pick<std::uint64_t>(1, 100),
                                      Bytes(pick<std::uint64_t>(0, most.value + 1)));
  SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
  link.out.latency = Nanoseconds(pick<std::int64_t>(0, 20));
  link.in.latency = Nanoseconds(pick<std::int64_t>(0, 20));
  return machine;
}

}  // namespace vramlab::testing
