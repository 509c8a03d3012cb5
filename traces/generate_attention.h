#pragma once
// Networks of transformers: what transformer, variable-length and moe share.

#include <array>
#include <cstdint>
#include <functional>

#include "traces/generate_training.h"

namespace vramlab {

inline constexpr std::array<OptionSpec, 6> transformer_options{{
    {"batch", OptionKind::integer, "8", "sequences of a batch", {}, 1, 1'000'000},
    {"hidden", OptionKind::integer, "768", "width of the model", {}, 1, 1'000'000},
    {"layers", OptionKind::integer, "12", "blocks of attention and feed-forward", {}, 1, 1000},
    {"heads", OptionKind::integer, "12", "attention heads; as many score matrices a sequence", {}, 1, 10'000},
    {"vocabulary", OptionKind::integer, "50257", "rows of the embedding and of the logits", {}, 1, 10'000'000},
    {"attention", OptionKind::choice, "scores", "scores: score matrices are stored; fused: never", "scores|fused"},
}};

/// Puts the layers of one transformer together; all activations have `value_bytes` a value.
class TransformerBuilder {
 public:
  /// Appends a block's feed-forward part to `builder`: from the layer `input` (tokens x hidden) to the one returned.
  using FeedForward = std::function<std::uint32_t(TransformerBuilder& builder, std::uint32_t input)>;

  TransformerBuilder(const OptionValues& options, std::uint64_t sequence);

  /// Embedding, blocks, logits and loss.
  Network build(const FeedForward& feed_forward);

  std::uint64_t tokens() const { return batch_ * sequence_; }
  std::uint64_t hidden() const { return hidden_; }

  std::uint32_t add(Layer layer);
  Bytes values(std::uint64_t rows, std::uint64_t columns) const {
    return Bytes(product({rows, columns, value_bytes_}));
  }
  std::uint32_t linear(std::uint32_t input, std::uint64_t rows, std::uint64_t from, std::uint64_t to);
  std::uint32_t gelu(std::uint32_t input, std::uint64_t rows, std::uint64_t columns);
  std::uint32_t softmax(std::uint32_t input, Bytes bytes);

 private:
  std::uint32_t embed();
  std::uint32_t layer_norm(std::uint32_t input);
  std::uint32_t add_residual(std::uint32_t a, std::uint32_t b);
  std::uint32_t attention(std::uint32_t input);
  std::uint32_t attend_by_scores(std::uint32_t projected);
  std::uint32_t attend_fused(std::uint32_t projected);
  void add_loss(std::uint32_t input);

  std::uint64_t batch_, sequence_, hidden_, layers_, heads_, vocabulary_;
  std::uint64_t value_bytes_;
  bool fused_;
  Network network_;
};

/// hidden -> 4 hidden -> hidden with a GELU between.
std::uint32_t dense_feed_forward(TransformerBuilder& builder, std::uint32_t input);

}  // namespace vramlab
