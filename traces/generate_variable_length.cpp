// Training steps of a transformer whose sequence length changes from step to step, as with unpadded batches of text.

#include "traces/generate_attention.h"

namespace vramlab {
namespace {

constexpr auto options_table = join_options(
    join_options(
        std::array<OptionSpec, 3>{{
            {"min_sequence", OptionKind::integer, "64", "shortest sequence, tokens", {}, 1, 10'000'000},
            {"max_sequence", OptionKind::integer, "1024", "longest sequence, tokens", {}, 1, 10'000'000},
            {"multiple", OptionKind::integer, "8", "lengths are padded to a multiple of this", {}, 1, 10'000'000},
        }},
        transformer_options),
    training_options);

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "variable-length", options_table);
  const std::uint64_t shortest = count_option(options, "min_sequence");
  const std::uint64_t longest = count_option(options, "max_sequence");
  const Bytes multiple(count_option(options, "multiple"));
  require_order("min_sequence", shortest, "max_sequence", longest);
  Prng prng(request.seed);
  train("variable-length", request, options, each, [&](std::uint64_t) {
    const std::uint64_t sequence = round_up(Bytes(prng.between(shortest, longest)), multiple).value;
    return TransformerBuilder(options, sequence).build(dense_feed_forward);
  });
}

}  // namespace

GeneratorInfo variable_length_generator() {
  return {"variable-length", "training steps of a transformer, the sequence length drawn at every step", options_table,
          generate};
}

}  // namespace vramlab
