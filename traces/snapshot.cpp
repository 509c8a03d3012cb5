#include "traces/snapshot.h"

#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "traces/pickle_opcodes.h"
#include "traces/pickle_taker.h"
#include "traces/snapshot_reader.h"

namespace vramlab {
namespace {

/// Nothing where streaming found the file wrong: it judges entries before the rest of the file is known, so only the
/// whole reading decides what is an error.
std::optional<std::vector<Trace>> read_streamed(std::span<const std::byte> bytes, const std::string& name) {
  try {
    return snapshot::read(bytes, name, snapshot::Way::streamed);
  } catch (const pickle::TakenTooEarly&) {
    return std::nullopt;
  } catch (const TraceError&) {
    return std::nullopt;
  }
}

}  // namespace

bool recognise_snapshot(std::span<const std::byte> head) {
  constexpr auto proto = static_cast<std::byte>(pickle::Opcode::proto);
  constexpr std::byte newest_plausible{15};  // newer than known is told by read_snapshot
  return head.size() >= 2 && head[0] == proto && head[1] >= std::byte{2} && head[1] <= newest_plausible;
}

std::vector<Trace> read_snapshot(std::span<const std::byte> bytes, const std::string& name) {
  if (auto traces = read_streamed(bytes, name)) return std::move(*traces);
  return snapshot::read(bytes, name, snapshot::Way::whole);
}

}  // namespace vramlab
