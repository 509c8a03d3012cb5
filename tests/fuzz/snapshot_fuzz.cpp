// Any bytes are a snapshot or one TraceError; a snapshot's traces are valid, and reading it while it is parsed gives
// the same as parsing it first.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "traces/pickle_taker.h"
#include "traces/snapshot.h"
#include "traces/snapshot_reader.h"

namespace {

using vramlab::Trace;

/// Nothing where the way refuses the bytes.
std::optional<std::vector<Trace>> traces_of(std::span<const std::byte> bytes, vramlab::snapshot::Way way) {
  try {
    return vramlab::snapshot::read(bytes, "fuzz", way);
  } catch (const vramlab::TraceError&) {
  } catch (const vramlab::pickle::TakenTooEarly&) {
  }
  return std::nullopt;
}

bool same(const Trace& a, const Trace& b) {
  return a.name == b.name && a.kinds == b.kinds && a.subjects == b.subjects && a.times_us == b.times_us &&
         a.sizes == b.sizes && a.streams == b.streams && a.addresses == b.addresses && a.stack_of == b.stack_of &&
         a.stream_names == b.stream_names && a.settings == b.settings && a.stacks.strings == b.stacks.strings &&
         a.stacks.frames == b.stacks.frames && a.stacks.stacks.values == b.stacks.stacks.values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vramlab::snapshot::Way;
  const auto bytes = std::as_bytes(std::span(data, size));
  vramlab::recognise_snapshot(bytes);
  const auto whole = traces_of(bytes, Way::whole);
  const auto streamed = traces_of(bytes, Way::streamed);
  if (streamed && !whole) std::abort();
  if (!whole) return 0;
  if (whole->empty()) std::abort();
  for (const Trace& trace : *whole) validate(trace);
  if (!streamed) return 0;
  if (streamed->size() != whole->size()) std::abort();
  for (std::size_t i = 0; i < whole->size(); ++i)
    if (!same((*whole)[i], (*streamed)[i])) std::abort();
  return 0;
}
