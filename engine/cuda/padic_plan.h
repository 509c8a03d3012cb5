#pragma once
// What a call of the GPU codec needs to know that no data decides: how values become words, the header's fixed fields,
// where things lie in the workspace.

#include <cstdint>
#include <memory>
#include <span>

#include "engine/cuda/padic_tasks.h"
#include "engine/padic/level_tables.h"

namespace vramlab::padic::gpu {

/// The settings of a codec. The rule's levels are those of the host.
struct CodecPlan {
  DType dtype = DType::float32;
  Preset preset = Preset::fast;
  Way way = Way::parts;
  WordRule rule{};
  StreamHeader header{};  ///< fields that no tensor changes
  Splitter splitter{};    ///< `dense`, with lead = 3
  u32 highest_code = 0;   ///< that a word can have with it; of escapes apart
  std::shared_ptr<const Levels> levels;

  u32 bytes() const { return rule.format.bytes; }
};

/// Throws ConfigError where the settings cannot be, and for what only the CPU codec does.
CodecPlan plan_codec(DType dtype, Mode mode, double bound, Preset preset);

/// Shape and header of a tensor. An empty shape means a flat one, or a single value. Throws ConfigError where it has
/// more than 8 dimensions, does not give `values`, or the values are more than a stream holds.
StreamHeader header_of(const CodecPlan& plan, std::uint64_t values, std::span<const std::uint64_t> shape);
Shape shape_of(std::uint64_t values, std::span<const std::uint64_t> shape);

/// Offsets in the workspace of `fast`.
struct FastWorkspace {
  static constexpr std::uint64_t progress = 0, states = sizeof(Progress);

  static std::uint64_t bytes(std::uint32_t blocks) { return states + 8 * std::uint64_t{blocks}; }
};
std::uint32_t fast_blocks(std::uint64_t values);

/// The same of `dense`. Slots are scratch of the warps: the coder words of blocks that are packed, or what waits of the
/// last values to be unpacked.
struct DenseWorkspace {
  std::uint64_t states = 0, slots = 0, slot_bytes = 0, bytes = 0;
  static constexpr std::uint64_t survey = sizeof(Progress);

  /// `grid`: blocks of threads. The survey and the states, which lie before the slots, are for packing.
  static DenseWorkspace packing(std::uint64_t values, std::uint32_t bytes_of_value, std::uint32_t grid);
  static DenseWorkspace unpacking();
};

}  // namespace vramlab::padic::gpu
