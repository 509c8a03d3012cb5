#include "engine/cuda/padic_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/padic/tensor_codec.h"

namespace vramlab::padic::gpu {
namespace {

Way way_of(const NumberFormat& format, Mode mode, std::uint32_t drop, Preset preset) {
  if (mode == Mode::absolute) return format.bytes == 4 ? Way::quantised : Way::levels;
  if (format.floating) return drop != 0 ? Way::rounded : Way::parts;
  if (preset == Preset::dense && format.bytes == 1) return Way::plain;  // its heads are the bytes
  return format.negative ? Way::shifted : Way::plain;
}

Splitter splitter_of(const CodecPlan& plan) {
  const NumberFormat& format = plan.rule.format;
  const bool fixed = plan.rule.mode != Mode::absolute && (format.floating || format.bytes == 1);
  if (!fixed) return {Split::logarithmic, 0, 3};
  return {Split::fixed, format.bytes == 1 ? 0U : format.mantissa - plan.rule.drop, 3};
}

u32 highest_code_of(const CodecPlan& plan) {
  const u32 bits = 8U * plan.bytes();
  u32 most = 0;
  if (plan.way == Way::quantised)
    most = 1U << 30;
  else if (plan.way == Way::levels)
    most = plan.rule.levels.levels - 1U;
  else if (plan.way == Way::shifted)
    most = 1U << (bits - 1);
  else if (plan.way == Way::plain)
    most = bits == 32 ? 0xFFFFFFFFU : (1U << bits) - 1U;
  else
    most = ((1U << (bits - 1)) - 1U) >> plan.rule.drop;
  return 2U * plan.splitter.class_of(most) + (plan.way == Way::plain ? 0U : 1U);
}

/// Tables of the host.
LevelRule rule_of(const Levels& levels) {
  const auto& magnitude_of = levels.magnitude_of;
  LevelRule rule;
  rule.sign_shift = levels.sign_shift;
  rule.levels = static_cast<u32>(magnitude_of.size());
  rule.high = magnitude_of[levels.alone];
  while (rule.low + 1 < levels.level_of.size() && levels.level_of[rule.low + 1] == 0) ++rule.low;
  if (rule.low > rule.high) rule.low = rule.high;
  rule.level_of = levels.level_of.data() + rule.low;
  rule.magnitude_of = magnitude_of.data();
  return rule;
}

}  // namespace

CodecPlan plan_codec(DType dtype, Mode mode, double bound, Preset preset) {
  check_options(dtype, {mode, bound, preset, 1});
  CodecPlan plan;
  plan.dtype = dtype;
  plan.preset = preset;
  plan.rule.format = format_of(dtype);
  if (plan.rule.format.words != 1)
    throw ConfigError("the GPU codec packs values of up to 4 bytes, not of 8", {}, "use the codec of the CPU");
  if (mode == Mode::rational || preset == Preset::digits)
    throw ConfigError("the GPU codec has the presets fast and dense", {}, "use the codec of the CPU");
  plan.rule.mode = mode;
  plan.rule.bound = bound;
  if (mode == Mode::relative) plan.rule.drop = droppable_bits(bound, plan.rule.format);
  plan.way = way_of(plan.rule.format, mode, plan.rule.drop, preset);
  if (plan.way == Way::quantised) plan.rule.quantiser = Quantiser::with(bound);
  if (plan.way == Way::levels) {
    plan.levels = levels_for(dtype, bound);
    plan.rule.levels = rule_of(*plan.levels);
  }
  plan.header.dtype = static_cast<std::uint8_t>(dtype);
  plan.header.mode = static_cast<std::uint8_t>(mode);
  plan.header.preset = static_cast<std::uint8_t>(preset);
  plan.header.bound = bound;
  plan.header.drop = static_cast<std::uint8_t>(plan.rule.drop);
  plan.splitter = splitter_of(plan);
  plan.highest_code = highest_code_of(plan);
  return plan;
}

StreamHeader header_of(const CodecPlan& plan, std::uint64_t values, std::span<const std::uint64_t> shape) {
  if (values > std::uint64_t{1} << 32)
    throw ConfigError(fmt::format("{} values, of which the GPU codec packs 2^32 at once", values), {},
                      "pack the tensor in parts");
  if (shape.size() > most_dimensions)
    throw ConfigError(
        fmt::format("a shape of {} dimensions, of which a stream holds {}", shape.size(), most_dimensions), {},
        "join some of them");
  StreamHeader header = plan.header;
  header.values = values;
  header.dimensions = static_cast<std::uint8_t>(shape.empty() && values != 1 ? 1 : shape.size());
  if (plan.preset == Preset::fast) header.blocks = fast_blocks(values);
  return header;
}

Shape shape_of(std::uint64_t values, std::span<const std::uint64_t> shape) {
  Shape result;
  if (shape.empty()) {
    result.extent[0] = values;
    return result;
  }
  std::uint64_t product = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    result.extent[i] = shape[i];
    if (shape[i] != 0 && product > (std::uint64_t{1} << 62) / shape[i])
      throw ConfigError("a shape of more than 2^62 values", {}, "give the tensor's own");
    product *= shape[i];
  }
  if (product != values)
    throw ConfigError(fmt::format("a shape of {} values for {}", product, values), {}, "give the tensor's own");
  return result;
}

std::uint32_t fast_blocks(std::uint64_t values) {
  return static_cast<std::uint32_t>((values + fast_block_words - 1) / fast_block_words);
}

namespace {

/// Words of slots of blocks of 2^14 for all warps, or of the larger blocks for a quarter of them; no more than the
/// values need.
std::uint64_t slots_for(std::uint64_t values, std::uint64_t warps) {
  const std::uint64_t all = rounded_up(values, std::uint64_t{1} << sparse_block_log2);
  const std::uint64_t most = rounded_up(warps << dense_block_log2, std::uint64_t{1} << sparse_block_log2);
  return std::min(all, most);
}

}  // namespace

DenseWorkspace DenseWorkspace::packing(std::uint64_t values, std::uint32_t bytes_of_value, std::uint32_t grid) {
  DenseWorkspace workspace;
  workspace.states = rounded_up(survey + sizeof(DenseSurvey), 16);
  workspace.slots = rounded_up(workspace.states + 8 * std::uint64_t{fast_blocks(values)}, 16);
  const std::uint64_t words = slots_for(values, std::uint64_t{grid} * packing_blocks * dense_warps);
  workspace.slot_bytes = words * bytes_of_value + (words >> dense_block_log2) * 2 * slot_slack;
  workspace.bytes = workspace.slots + workspace.slot_bytes;
  return workspace;
}

DenseWorkspace DenseWorkspace::unpacking() {
  DenseWorkspace workspace;
  workspace.slots = sizeof(Progress);
  workspace.slot_bytes = waiting_bytes;
  workspace.bytes = workspace.slots + workspace.slot_bytes;
  return workspace;
}

}  // namespace vramlab::padic::gpu
