// Sizes whose logarithm is normally distributed, as sizes of real programs roughly are; lifetimes by the steady state.

#include <algorithm>

#include "traces/generate_normal.h"
#include "traces/generate_steady.h"

namespace vramlab {
namespace {

constexpr auto options_table =
    join_options(std::array<OptionSpec, 4>{{
                     {"median", OptionKind::bytes, "64KiB", "half of the sizes are below"},
                     {"sigma", OptionKind::integer, "150", "standard deviation of ln(size), in hundredths", {}, 0, 500},
                     {"min_size", OptionKind::bytes, "1", "smaller draws become this"},
                     {"max_size", OptionKind::bytes, "256MiB", "larger draws become this"},
                 }},
                 steady_options);

// round(2^24 / (100 ln 2)): from hundredths of a natural logarithm to 2^-24 of a binary one.
constexpr std::int64_t binary_per_hundredth = 242044;

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "lognormal", options_table);
  const Bytes median = size_option(options, "median");
  const Bytes smallest = size_option(options, "min_size");
  const Bytes largest = size_option(options, "max_size");
  require_order("min_size", smallest.value, "max_size", largest.value);
  const std::int64_t scale = options.integer("sigma") * binary_per_hundredth;
  generate_steady("lognormal", request, options, each, [=](Prng& prng) {
    const std::int64_t exponent = (draw_normal(prng) * scale) >> 20;
    const Bytes size(scale_by_power_of_two(median.value, exponent));
    return std::clamp(size, smallest, largest);
  });
}

}  // namespace

GeneratorInfo lognormal_generator() {
  return {"lognormal", "a fixed number of live objects, sizes drawn log-normally", options_table, generate};
}

}  // namespace vramlab
