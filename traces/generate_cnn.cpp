// Training steps of a residual convolutional network (the shape of ResNet-18 by default), with a workspace for every
// convolution and, in the first step, the workspaces that an autotuner tries.

#include <algorithm>
#include <utility>

#include "traces/generate_training.h"

namespace vramlab {
namespace {

constexpr auto options_table = join_options(
    std::array<OptionSpec, 8>{{
        {"batch", OptionKind::integer, "64", "images of a batch", {}, 1, 1'000'000},
        {"image", OptionKind::integer, "224", "height and width of an image", {}, 32, 100'000},
        {"channels",
         OptionKind::integer,
         "64",
         "channels of the first stage; each later one has twice as many",
         {},
         1,
         100'000},
        {"stages", OptionKind::integer, "4", "stages; each but the first halves height and width", {}, 1, 16},
        {"blocks", OptionKind::integer, "2", "residual blocks of a stage", {}, 1, 1000},
        {"classes", OptionKind::integer, "1000", "classes of the answer", {}, 1, 10'000'000},
        {"workspace_limit", OptionKind::bytes, "256MiB", "a convolution's workspace: its columns, at most this"},
        {"trials",
         OptionKind::integer,
         "3",
         "workspaces of random size tried per convolution in the first step",
         {},
         0,
         100},
    }},
    training_options);

constexpr std::uint64_t statistic_bytes = 4;
constexpr std::uint64_t index_bytes = 8;

/// A layer's output: channels x size x size values an image.
struct Plane {
  std::uint32_t layer;
  std::uint64_t channels;
  std::uint64_t size;
};

class CnnBuilder {
 public:
  CnnBuilder(const OptionValues& options, std::uint64_t trials, Prng& prng)
      : options_(options),
        batch_(count_option(options, "batch")),
        value_bytes_(dtype_bytes(options)),
        workspace_limit_(size_option(options, "workspace_limit")),
        trials_(trials),
        prng_(prng) {}

  Network build() {
    Plane plane = stem();
    std::uint64_t channels = plane.channels;
    for (std::uint64_t stage = 0; stage < count_option(options_, "stages"); ++stage, channels *= 2)
      for (std::uint64_t block = 0; block < count_option(options_, "blocks"); ++block)
        plane = residual_block(plane, channels, stage > 0 && block == 0 ? 2 : 1);
    add_loss(plane);
    return std::move(network_);
  }

 private:
  std::uint32_t add(Layer layer) {
    network_.push_back(std::move(layer));
    return static_cast<std::uint32_t>(network_.size() - 1);
  }
  Bytes bytes(const Plane& plane) const {
    return Bytes(product({batch_, plane.channels, plane.size, plane.size, value_bytes_}));
  }

  Plane stem() {
    Plane image{0, 3, count_option(options_, "image")};
    add({.names = {"copy_batch", ""}, .inputs = {}, .output = bytes(image)});
    const Plane wide = relu(batch_norm(convolution(image, count_option(options_, "channels"), 7, 2)));
    Plane pooled{0, wide.channels, (wide.size + 1) / 2};
    pooled.layer = add({.names = {"max_pool", "max_pool_backward"},
                        .inputs = {wide.layer},
                        .output = bytes(pooled),
                        .extra = Bytes(bytes(pooled).value / value_bytes_ * index_bytes),
                        .saves_inputs = true});
    return pooled;
  }

  Plane residual_block(const Plane& input, std::uint64_t channels, std::uint64_t stride) {
    const Plane inner = relu(batch_norm(convolution(input, channels, 3, stride)));
    Plane sum = batch_norm(convolution(inner, channels, 3, 1));
    const bool same = stride == 1 && channels == input.channels;
    const Plane shortcut = same ? input : batch_norm(convolution(input, channels, 1, stride));
    sum.layer = add(
        {.names = {"add", ""}, .inputs = {sum.layer, shortcut.layer}, .output = bytes(sum), .passes_gradient = true});
    return relu(sum);
  }

  Plane convolution(const Plane& input, std::uint64_t channels, std::uint64_t kernel, std::uint64_t stride) {
    Plane out{0, channels, (input.size + stride - 1) / stride};
    const std::uint64_t taps = product({input.channels, kernel, kernel});
    const std::uint64_t pixels = product({batch_, out.size, out.size});
    const Bytes columns(product({pixels, taps, value_bytes_}));
    out.layer = add({.names = {"convolution", "convolution_backward"},
                     .inputs = {input.layer},
                     .output = bytes(out),
                     .parameters = {Bytes(product({channels, taps, value_bytes_}))},
                     .workspace = std::min(columns, workspace_limit_),
                     .trials = draw_trials(columns),
                     .flops = product({2, pixels, taps, channels}),
                     .saves_inputs = true});
    return out;
  }

  std::vector<Bytes> draw_trials(Bytes columns) {
    std::vector<Bytes> tried(trials_);
    for (Bytes& workspace : tried) workspace = Bytes(prng_.between(1, std::min(columns, workspace_limit_).value));
    return tried;
  }

  Plane batch_norm(const Plane& input) {
    Plane out = input;
    const Bytes parameter(product({input.channels, value_bytes_}));
    out.layer = add({.names = {"batch_norm", "batch_norm_backward"},
                     .inputs = {input.layer},
                     .output = bytes(out),
                     .parameters = {parameter, parameter},
                     .extra = Bytes(product({2, input.channels, statistic_bytes})),
                     .saves_inputs = true});
    return out;
  }

  Plane relu(const Plane& input) {
    Plane out = input;
    out.layer = add({.names = {"relu_", "threshold_backward"},
                     .inputs = {input.layer},
                     .output = bytes(out),
                     .saves_output = true,
                     .in_place = true});
    return out;
  }

  void add_loss(const Plane& input) {
    const std::uint64_t classes = count_option(options_, "classes");
    const std::uint32_t pooled = add({.names = {"average_pool", "average_pool_backward"},
                                      .inputs = {input.layer},
                                      .output = Bytes(product({batch_, input.channels, value_bytes_}))});
    const std::uint32_t logits = add({.names = {"linear", "linear_backward"},
                                      .inputs = {pooled},
                                      .output = Bytes(product({batch_, classes, value_bytes_})),
                                      .parameters = {Bytes(product({input.channels, classes, value_bytes_})),
                                                     Bytes(product({classes, value_bytes_}))},
                                      .flops = product({2, batch_, input.channels, classes}),
                                      .saves_inputs = true});
    add({.names = {"cross_entropy", "cross_entropy_backward"},
         .inputs = {logits},
         .output = Bytes(statistic_bytes),
         .extra = Bytes(product({batch_, classes, statistic_bytes}))});
  }

  const OptionValues& options_;
  std::uint64_t batch_;
  std::uint64_t value_bytes_;
  Bytes workspace_limit_;
  std::uint64_t trials_;
  Prng& prng_;
  Network network_;
};

void generate(const GenerateRequest& request, const PartSink& each) {
  const OptionValues options = options_of(request, "cnn", options_table);
  Prng prng(request.seed);
  const Network tuning = CnnBuilder(options, count_option(options, "trials"), prng).build();
  const Network tuned = CnnBuilder(options, 0, prng).build();
  train("cnn", request, options, each,
        [&](std::uint64_t iteration) -> const Network& { return iteration == 0 ? tuning : tuned; });
}

}  // namespace

GeneratorInfo cnn_generator() {
  return {"cnn", "training steps of a residual convolutional network with workspaces", options_table, generate};
}

}  // namespace vramlab
