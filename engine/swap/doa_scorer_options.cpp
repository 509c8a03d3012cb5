// The settings of the DOAScorer as an option table.

#include <array>

#include "engine/core/error.h"
#include "engine/swap/doa_scorer.h"

namespace vramlab {
namespace {

constexpr OptionSpec weight(std::string_view name, std::string_view per_mille, std::string_view reason) {
  return {name, OptionKind::integer, per_mille, reason, {}, 0, 1000};
}

constexpr std::array<OptionSpec, 12> table{{
    weight("weight_recency", "300", "share of the time since the last access in the score, per mille"),
    weight("weight_frequency", "300", "share of how seldom it is used, per mille"),
    weight("weight_pattern", "200", "share of the kind of its accesses, per mille"),
    weight("weight_size", "200", "share of its size, per mille"),
    {"recency_half", OptionKind::integer, "256", "positions of absence that count a half of that factor", {}, 1, 1e12},
    {"frequency_half",
     OptionKind::integer,
     "64",
     "mean distance of accesses that counts a half of that factor",
     {},
     1,
     1e12},
    {"size_half", OptionKind::bytes, "16MiB", "size that counts a half of that factor"},
    weight("pattern_sequential", "1000", "what is read through once is done with: its figure, per mille"),
    weight("pattern_random", "500", "nothing can be foretold: its figure, per mille"),
    weight("pattern_strided", "800", "read through in steps: its figure, per mille"),
    weight("pattern_temporal", "200", "the same bytes are used again and again: its figure, per mille"),
    weight("pattern_spatial", "400", "used in one place, and soon close to it: its figure, per mille"),
}};

}  // namespace

std::span<const OptionSpec> doa_scorer_options() { return table; }

DOASettings doa_settings(const OptionValues& options) {
  const auto figure = [&](std::string_view name) { return static_cast<std::uint32_t>(options.integer(name)); };
  DOASettings settings{.weights = {figure("weight_recency"), figure("weight_frequency"), figure("weight_pattern"),
                                   figure("weight_size")},
                       .recency_half = static_cast<std::uint64_t>(options.integer("recency_half")),
                       .frequency_half = static_cast<std::uint64_t>(options.integer("frequency_half")),
                       .size_half = options.bytes("size_half"),
                       .patterns = {figure("pattern_sequential"), figure("pattern_random"), figure("pattern_strided"),
                                    figure("pattern_temporal"), figure("pattern_spatial")}};
  check(settings);
  return settings;
}

}  // namespace vramlab
