// Training steps of a transformer of one shape. Nothing is drawn: every seed gives the same trace.

#include "traces/generate_attention.h"

namespace vramlab {
namespace {

constexpr auto options_table =
    join_options(join_options(std::array<OptionSpec, 1>{{
                                  {"sequence", OptionKind::integer, "1024", "tokens of a sequence", {}, 1, 10'000'000},
                              }},
                              transformer_options),
                 training_options);

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "transformer", options_table);
  const Network network = TransformerBuilder(options, count_option(options, "sequence")).build(dense_feed_forward);
  train("transformer", request, options, each, [&](std::uint64_t) -> const Network& { return network; });
}

}  // namespace

GeneratorInfo transformer_generator() {
  return {"transformer", "training steps of a transformer of fixed shape (the seed changes nothing)", options_table,
          generate};
}

}  // namespace vramlab
