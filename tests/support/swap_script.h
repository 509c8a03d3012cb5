#pragma once
// A list of operators for tests of swapping, as the program runs it and as look-ahead policies see it.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/swap_policy.h"

namespace vramlab::testing {

/// What a program does, event by event. Objects are numbered by their allocations, from 0.
struct SwapEvent {
  enum class Kind : std::uint8_t { alloc, free, op, iteration } kind{};
  std::uint32_t object = 0;  ///< alloc, free
  Bytes bytes{};             ///< alloc
  StreamId stream{0};        ///< alloc
  Nanoseconds time{};        ///< op
  std::vector<Operand> operands{};
};

struct SwapScript {
  std::vector<SwapEvent> events;
  std::vector<Bytes> sizes;
  std::vector<StreamId> streams;

  std::uint32_t alloc(Bytes bytes, StreamId stream = StreamId(0)) {
    const auto object = static_cast<std::uint32_t>(sizes.size());
    events.push_back({.kind = SwapEvent::Kind::alloc, .object = object, .bytes = bytes, .stream = stream});
    sizes.push_back(bytes);
    streams.push_back(stream);
    return object;
  }
  void free(std::uint32_t object) { events.push_back({.kind = SwapEvent::Kind::free, .object = object}); }
  void iteration() { events.push_back({.kind = SwapEvent::Kind::iteration}); }
  void op(Nanoseconds time, const std::vector<std::uint32_t>& reads, const std::vector<std::uint32_t>& writes = {}) {
    std::map<std::uint32_t, Operand> operands;
    for (const std::uint32_t object : reads) operands[object] = {ObjectId(object), true, false};
    for (const std::uint32_t object : writes) {
      operands[object].object = ObjectId(object);
      operands[object].writes = true;
    }
    SwapEvent event{.kind = SwapEvent::Kind::op, .time = time};
    for (const auto& [object, operand] : operands) event.operands.push_back(operand);
    events.push_back(std::move(event));
  }
};

/// The script as look-ahead policies see it. Objects allocated before the first operator or iteration were there
/// before.
inline AccessProgram program_of(const SwapScript& script) {
  AccessProgram program;
  program.objects.resize(script.sizes.size());
  bool begun = false;
  std::vector<bool> dead(script.sizes.size());
  for (const SwapEvent& event : script.events) {
    const std::uint32_t slot = program.slots();
    begun = begun || event.kind == SwapEvent::Kind::op || event.kind == SwapEvent::Kind::iteration;
    if (event.kind == SwapEvent::Kind::iteration) program.iterations.push_back(slot);
    if (event.kind == SwapEvent::Kind::alloc)
      program.objects[event.object] = {.id = ObjectId(event.object),
                                       .bytes = round_up(event.bytes, 512_B),
                                       .stream = event.stream,
                                       .birth = slot,
                                       .before = !begun,
                                       .accesses = {}};
    if (event.kind == SwapEvent::Kind::free) {
      program.objects[event.object].death = slot;
      dead[event.object] = true;
    }
    if (event.kind != SwapEvent::Kind::op) continue;
    program.begin.push_back(program.duration);
    program.end.push_back(program.duration += event.time);
    for (const Operand& operand : event.operands)
      program.objects[operand.object.value].accesses.push_back({slot, operand.writes});
  }
  for (std::uint32_t i = 0; i < dead.size(); ++i)
    if (!dead[i]) program.objects[i].death = program.slots(), program.objects[i].after = true;
  complete(program);
  return program;
}

}  // namespace vramlab::testing
