// Sizes drawn evenly from a span of bytes, lifetimes by the steady state.

#include "traces/generate_steady.h"

namespace vramlab {
namespace {

constexpr auto options_table = join_options(std::array<OptionSpec, 2>{{
                                                {"min_size", OptionKind::bytes, "512", "smallest size"},
                                                {"max_size", OptionKind::bytes, "2MiB", "largest size"},
                                            }},
                                            steady_options);

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "uniform", options_table);
  const Bytes smallest = size_option(options, "min_size");
  const Bytes largest = size_option(options, "max_size");
  require_order("min_size", smallest.value, "max_size", largest.value);
  generate_steady("uniform", request, options, each,
                  [=](Prng& prng) { return Bytes(prng.between(smallest.value, largest.value)); });
}

}  // namespace

GeneratorInfo uniform_generator() {
  return {"uniform", "a fixed number of live objects, sizes drawn evenly", options_table, generate};
}

}  // namespace vramlab
