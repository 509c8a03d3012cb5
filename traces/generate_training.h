#pragma once
// Training steps of a network, layer by layer: forward, backward, optimizer, with the operators that read and write
// the blocks. Tensors live as PyTorch's autograd keeps them: an output until its last reader, what the backward pass
// reads until that pass has read it, gradients of weights until the optimizer's step, its states for ever.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/core/option.h"
#include "traces/generate_support.h"

namespace vramlab {

/// Names of an operator in both passes; static storage.
struct OpNames {
  std::string_view forward;
  std::string_view backward;
};

/// One operation of a network and the tensor it makes. All sizes in bytes, 0 = none.
struct Layer {
  OpNames names;
  std::vector<std::uint32_t> inputs;  ///< indices of earlier layers
  Bytes output{};                     ///< > 0
  std::array<Bytes, 2> parameters{};  ///< weight and bias
  Bytes extra{};                      ///< kept for the backward pass besides: statistics, indices
  Bytes workspace{};                  ///< held only while the operator runs
  std::vector<Bytes> trials{};        ///< workspaces tried before the forward operator
  std::uint64_t flops = 0;            ///< of the forward operator; the backward one takes twice as many
  bool saves_inputs = false;          ///< the backward operator reads the inputs
  bool saves_output = false;          ///< the backward operator reads the output
  bool in_place = false;              ///< the output takes over the memory of the first input
  bool passes_gradient = false;       ///< every input's gradient is the output's, without an operator
};

/// In order of computation; layer 0 is the batch's data, the last the loss.
/// INVARIANT: each layer but the last is an input of a later one.
using Network = std::vector<Layer>;

/// Options of every training generator.
inline constexpr std::array<OptionSpec, 5> training_options{{
    {"dtype", OptionKind::choice, "bf16", "type of weights, activations and gradients", "bf16|fp16|fp32"},
    {"optimizer", OptionKind::choice, "adam",
     "adam: two fp32 states and an fp32 copy of 2-byte weights; momentum: one state; sgd: none", "adam|momentum|sgd"},
    {"tflops", OptionKind::integer, "400", "speed of arithmetic for GPU times, 10^12 operations/s", {}, 1, 1'000'000},
    {"bandwidth", OptionKind::integer, "4000", "speed of memory for GPU times, 10^9 bytes/s", {}, 1, 1'000'000},
    {"kernel_floor", OptionKind::integer, "2000", "GPU time of the smallest operator, ns", {}, 0, 1'000'000'000},
}};

/// Bytes of one value of the option `dtype`.
std::uint64_t dtype_bytes(const OptionValues& options);

/// Writes training steps of networks that share one set of parameters.
class TrainingRun {
 public:
  TrainingRun(PartWriter& out, const OptionValues& options);

  /// The parameters of `network`, in order. Call once, before the first step.
  void allocate_parameters(const Network& network);
  /// One iteration, its mark first. REQUIRES: the same parameters as allocated, in the same order.
  void step(const Network& network);

 private:
  using Handle = std::uint32_t;  // index into tensors_
  static constexpr Handle none = ~Handle{0};

  struct Tensor {
    std::uint32_t object = 0;
    Bytes bytes{};
    std::uint32_t references = 0;
  };
  struct Parameter {
    Handle weight = none;
    Handle gradient = none;
    std::vector<Handle> states;
  };

  Handle make(Bytes bytes, std::uint32_t references = 1);
  Handle make_if_any(Bytes bytes) { return bytes == Bytes(0) ? none : make(bytes); }
  void release(Handle tensor);
  void read(Handle tensor);
  void write(Handle tensor);
  void run(std::string_view name, std::uint64_t flops);

  void count_uses(const Network& network);
  void forward(const Network& network);
  void forward_layer(const Layer& layer, std::uint32_t index, std::size_t first_parameter);
  void try_workspaces(const Layer& layer);
  void backward(const Network& network);
  void pass_gradient(const Layer& layer, std::uint32_t index);
  void backward_layer(const Network& network, std::uint32_t index, std::size_t first_parameter);
  void read_saved(const Layer& layer, std::uint32_t index);
  void release_saved(const Layer& layer, std::uint32_t index);
  void accumulate(std::uint32_t layer, Handle gradient);
  void optimize();
  void allocate_states(Parameter& parameter);

  PartWriter& out_;
  std::uint64_t value_bytes_;
  std::uint64_t states_;  // per parameter
  bool needs_temporary_;  // of the optimizer
  std::string_view step_name_;
  std::uint64_t flops_per_ns_;
  std::uint64_t bytes_per_ns_;
  std::uint64_t kernel_floor_ns_;

  std::vector<Tensor> tensors_;
  std::vector<Handle> free_handles_;
  std::vector<Parameter> parameters_;

  // Of the step in progress, per layer.
  std::vector<std::uint32_t> uses_;
  std::vector<Handle> outputs_;
  std::vector<Handle> extras_;
  std::vector<Handle> gradients_;

  // Of the operator being put together.
  std::vector<std::uint32_t> reads_;
  std::vector<std::uint32_t> writes_;
  std::uint64_t moved_bytes_ = 0;
};

/// Writes steps until there are enough events. `make_network(iteration)` gives each step's network.
template <class MakeNetwork>
void train(std::string_view generator, const GenerateRequest& request, const OptionValues& options,
           const PartSink& each, const MakeNetwork& make_network) {
  PartWriter out(generator, request, each);
  TrainingRun training(out, options);
  for (std::uint64_t iteration = 0; iteration == 0 || !out.enough(); ++iteration) {
    const Network& network = make_network(iteration);
    if (iteration == 0) training.allocate_parameters(network);
    training.step(network);
  }
  out.finish();
}

}  // namespace vramlab
