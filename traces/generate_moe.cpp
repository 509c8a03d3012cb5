// Training steps of a transformer with a mixture of experts: a router sends each token to a few of the experts, so
// that the experts' tensors have other sizes in every layer and step.

#include <algorithm>
#include <vector>

#include "traces/generate_attention.h"

namespace vramlab {
namespace {

constexpr auto options_table =
    join_options(join_options(std::array<OptionSpec, 4>{{
                                  {"sequence", OptionKind::integer, "1024", "tokens of a sequence", {}, 1, 10'000'000},
                                  {"experts", OptionKind::integer, "8", "experts of a block", {}, 1, 1024},
                                  {"top", OptionKind::integer, "2", "experts that each token goes to", {}, 1, 1024},
                                  {"skew",
                                   OptionKind::integer,
                                   "4",
                                   "the busiest expert gets up to this many times the tokens of the idlest",
                                   {},
                                   1,
                                   1'000'000},
                              }},
                              transformer_options),
                 training_options);

struct Routing {
  std::uint64_t experts;
  std::uint64_t top;
  std::uint64_t skew;
};

/// Tokens of each expert, at least one: in proportion to weights drawn from 1 to skew.
std::vector<std::uint64_t> draw_tokens(const Routing& routing, std::uint64_t tokens, Prng& prng) {
  std::vector<std::uint64_t> weights(routing.experts);
  std::uint64_t sum = 0;
  for (std::uint64_t& weight : weights) sum += weight = prng.between(1, routing.skew);
  const std::uint64_t sent = product({tokens, routing.top});
  for (std::uint64_t& weight : weights) weight = std::max<std::uint64_t>(product({sent, weight}) / sum, 1);
  return weights;
}

std::uint32_t expert(TransformerBuilder& builder, std::uint32_t input, std::uint32_t router, std::uint64_t rows) {
  const std::uint64_t hidden = builder.hidden();
  const std::uint32_t gathered = builder.add({.names = {"gather_tokens", "gather_tokens_backward"},
                                              .inputs = {input, router},
                                              .output = builder.values(rows, hidden),
                                              .saves_inputs = false});
  const std::uint32_t up = builder.linear(gathered, rows, hidden, 4 * hidden);
  return builder.linear(builder.gelu(up, rows, 4 * hidden), rows, 4 * hidden, hidden);
}

std::uint32_t mixture(TransformerBuilder& builder, std::uint32_t input, const Routing& routing, Prng& prng) {
  const std::uint32_t gate = builder.linear(input, builder.tokens(), builder.hidden(), routing.experts);
  const std::uint32_t router = builder.softmax(gate, builder.values(builder.tokens(), routing.experts));
  std::vector<std::uint32_t> answers;
  for (const std::uint64_t rows : draw_tokens(routing, builder.tokens(), prng))
    answers.push_back(expert(builder, input, router, rows));
  answers.push_back(router);
  return builder.add({.names = {"combine_experts", "combine_experts_backward"},
                      .inputs = std::move(answers),
                      .output = builder.values(builder.tokens(), builder.hidden()),
                      .saves_inputs = true});
}

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "moe", options_table);
  const Routing routing{count_option(options, "experts"), count_option(options, "top"), count_option(options, "skew")};
  require_order("top", routing.top, "experts", routing.experts);
  Prng prng(request.seed);
  train("moe", request, options, each, [&](std::uint64_t) {
    return TransformerBuilder(options, count_option(options, "sequence"))
        .build(
            [&](TransformerBuilder& builder, std::uint32_t input) { return mixture(builder, input, routing, prng); });
  });
}

}  // namespace

GeneratorInfo moe_generator() {
  return {"moe", "training steps of a transformer with experts, their token counts drawn at every step", options_table,
          generate};
}

}  // namespace vramlab
