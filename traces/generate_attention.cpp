#include "traces/generate_attention.h"

#include <utility>

namespace vramlab {
namespace {

constexpr std::uint64_t index_bytes = 8;      // token numbers are int64
constexpr std::uint64_t statistic_bytes = 4;  // means, deviations and log-sums are fp32

}  // namespace

TransformerBuilder::TransformerBuilder(const OptionValues& options, std::uint64_t sequence)
    : batch_(count_option(options, "batch")),
      sequence_(sequence),
      hidden_(count_option(options, "hidden")),
      layers_(count_option(options, "layers")),
      heads_(count_option(options, "heads")),
      vocabulary_(count_option(options, "vocabulary")),
      value_bytes_(dtype_bytes(options)),
      fused_(options.text("attention") == "fused") {}

Network TransformerBuilder::build(const FeedForward& feed_forward) {
  std::uint32_t stream = embed();
  for (std::uint64_t layer = 0; layer < layers_; ++layer) {
    stream = add_residual(stream, attention(layer_norm(stream)));
    stream = add_residual(stream, feed_forward(*this, layer_norm(stream)));
  }
  add_loss(layer_norm(stream));
  return std::move(network_);
}

std::uint32_t TransformerBuilder::add(Layer layer) {
  network_.push_back(std::move(layer));
  return static_cast<std::uint32_t>(network_.size() - 1);
}

std::uint32_t TransformerBuilder::linear(std::uint32_t input, std::uint64_t rows, std::uint64_t from,
                                         std::uint64_t to) {
  return add({.names = {"linear", "linear_backward"},
              .inputs = {input},
              .output = values(rows, to),
              .parameters = {values(from, to), values(1, to)},
              .flops = product({2, rows, from, to}),
              .saves_inputs = true});
}

std::uint32_t TransformerBuilder::gelu(std::uint32_t input, std::uint64_t rows, std::uint64_t columns) {
  return add(
      {.names = {"gelu", "gelu_backward"}, .inputs = {input}, .output = values(rows, columns), .saves_inputs = true});
}

std::uint32_t TransformerBuilder::softmax(std::uint32_t input, Bytes bytes) {
  return add({.names = {"softmax", "softmax_backward"}, .inputs = {input}, .output = bytes, .saves_output = true});
}

std::uint32_t TransformerBuilder::embed() {
  const std::uint32_t batch =
      add({.names = {"copy_batch", ""}, .inputs = {}, .output = Bytes(product({tokens(), index_bytes}))});
  return add({.names = {"embedding", "embedding_backward"},
              .inputs = {batch},
              .output = values(tokens(), hidden_),
              .parameters = {values(vocabulary_, hidden_)},
              .saves_inputs = true});
}

std::uint32_t TransformerBuilder::layer_norm(std::uint32_t input) {
  return add({.names = {"layer_norm", "layer_norm_backward"},
              .inputs = {input},
              .output = values(tokens(), hidden_),
              .parameters = {values(1, hidden_), values(1, hidden_)},
              .extra = Bytes(product({tokens(), 2, statistic_bytes})),
              .saves_inputs = true});
}

std::uint32_t TransformerBuilder::add_residual(std::uint32_t a, std::uint32_t b) {
  return add({.names = {"add", ""}, .inputs = {a, b}, .output = values(tokens(), hidden_), .passes_gradient = true});
}

std::uint32_t TransformerBuilder::attention(std::uint32_t input) {
  const std::uint32_t projected = linear(input, tokens(), hidden_, 3 * hidden_);
  const std::uint32_t context = fused_ ? attend_fused(projected) : attend_by_scores(projected);
  return linear(context, tokens(), hidden_, hidden_);
}

std::uint32_t TransformerBuilder::attend_by_scores(std::uint32_t projected) {
  const Bytes scores(product({batch_, heads_, sequence_, sequence_, value_bytes_}));
  const std::uint64_t flops = product({2, tokens(), sequence_, hidden_});
  const std::uint32_t raw = add({.names = {"attention_scores", "attention_scores_backward"},
                                 .inputs = {projected},
                                 .output = scores,
                                 .flops = flops,
                                 .saves_inputs = true});
  return add({.names = {"attention_values", "attention_values_backward"},
              .inputs = {softmax(raw, scores), projected},
              .output = values(tokens(), hidden_),
              .flops = flops,
              .saves_inputs = true});
}

std::uint32_t TransformerBuilder::attend_fused(std::uint32_t projected) {
  return add({.names = {"fused_attention", "fused_attention_backward"},
              .inputs = {projected},
              .output = values(tokens(), hidden_),
              .extra = Bytes(product({tokens(), heads_, statistic_bytes})),
              .flops = product({4, tokens(), sequence_, hidden_}),
              .saves_inputs = true,
              .saves_output = true});
}

void TransformerBuilder::add_loss(std::uint32_t input) {
  const std::uint32_t logits = linear(input, tokens(), hidden_, vocabulary_);
  add({.names = {"cross_entropy", "cross_entropy_backward"},
       .inputs = {logits},
       .output = Bytes(statistic_bytes),
       .extra = Bytes(product({tokens(), vocabulary_, statistic_bytes}))});
}

std::uint32_t dense_feed_forward(TransformerBuilder& builder, std::uint32_t input) {
  const std::uint64_t wide = 4 * builder.hidden();
  const std::uint32_t up = builder.linear(input, builder.tokens(), builder.hidden(), wide);
  return builder.linear(builder.gelu(up, builder.tokens(), wide), builder.tokens(), wide, builder.hidden());
}

}  // namespace vramlab
