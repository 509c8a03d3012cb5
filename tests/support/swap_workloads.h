#pragma once
// Programs for tests of swapping, and machines to run them on.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/device/pattern.h"
#include "sim/machine.h"
#include "sim/simulated_device.h"
#include "swap_harness.h"

namespace vramlab::testing {

/// One iteration of training: a forward pass writes an activation a layer, a backward pass reads them in reverse and
/// frees them. `weights` live on.
inline void training_iteration(SwapScript& script, const std::vector<std::uint32_t>& weights, Bytes activation,
                               Nanoseconds time = Nanoseconds(300'000)) {
  script.iteration();
  std::vector<std::uint32_t> activations;
  for (const std::uint32_t weight : weights) {
    std::vector<std::uint32_t> reads{weight};
    if (!activations.empty()) reads.push_back(activations.back());
    activations.push_back(script.alloc(activation));
    script.op(time, reads, {activations.back()});
  }
  std::uint32_t gradient = script.alloc(activation);
  script.op(time, {activations.back()}, {gradient});
  for (std::size_t layer = weights.size(); layer-- > 0;) {
    const std::uint32_t next = script.alloc(activation);
    script.op(time * 2, {activations[layer], gradient, weights[layer]}, {next, weights[layer]});
    script.free(gradient);
    script.free(activations[layer]);
    gradient = next;
  }
  script.free(gradient);
}

/// One of inference: weights are read one after the other, activations die at once.
inline void inference_iteration(SwapScript& script, const std::vector<std::uint32_t>& weights, Bytes activation,
                                Nanoseconds time = Nanoseconds(300'000)) {
  script.iteration();
  std::uint32_t before = script.alloc(activation);
  for (const std::uint32_t weight : weights) {
    const std::uint32_t next = script.alloc(activation);
    script.op(time, {weight, before}, {next});
    script.free(before);
    before = next;
  }
  script.free(before);
}

inline std::vector<std::uint32_t> alloc_weights(SwapScript& script, std::size_t layers, Bytes bytes) {
  std::vector<std::uint32_t> weights;
  for (std::size_t i = 0; i < layers; ++i) weights.push_back(script.alloc(bytes));
  return weights;
}

/// Iterations that are all alike. Weights are objects 0 to layers - 1, with a quarter of an activation's bytes.
inline SwapScript training(int iterations, std::size_t layers, Bytes activation) {
  SwapScript script;
  const std::vector<std::uint32_t> weights = alloc_weights(script, layers, activation / 4);
  for (int i = 0; i < iterations; ++i) training_iteration(script, weights, activation);
  return script;
}

/// `rounds` times: training with one batch size, training whose layers and sizes vary, and inference, `each` iterations
/// one after the other.
inline SwapScript mixed(int rounds, int each, std::size_t layers, Bytes activation, std::uint64_t seed = 1) {
  SwapScript script;
  const std::vector<std::uint32_t> weights = alloc_weights(script, layers, activation);
  std::uint64_t draws = seed;
  const auto draw = [&](std::uint64_t below) { return pattern_word(draws++, 0) % below; };
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < each; ++i) training_iteration(script, weights, activation);
    for (int i = 0; i < each; ++i) {
      const auto used = static_cast<std::ptrdiff_t>(layers - draw(layers / 2));
      training_iteration(script, {weights.begin(), weights.begin() + used}, activation / 8 * (4 + draw(6)));
    }
    for (int i = 0; i < each; ++i) inference_iteration(script, weights, activation);
  }
  return script;
}

/// Objects from 4 KiB to 1 MiB may be swapped, to the host.
inline SwapRunOptions small_machine(const std::string& policy, Bytes limit) {
  SwapRunOptions options{.policy = policy};
  options.machine.limit = limit;
  options.machine.links[static_cast<std::size_t>(Tier::host)] = {.out = {Nanoseconds(1000), 50'000'000'000},
                                                                 .in = {Nanoseconds(1000), 50'000'000'000}};
  options.swapper.min_swap = 4_KiB;
  options.swapper.max_swap = 1_MiB;
  options.swapper.capacity[static_cast<std::size_t>(Tier::host)] = 16_MiB;
  return options;
}

/// As an H200 on PCIe 5.
inline SwapRunOptions large_machine(const std::string& policy, Bytes limit) {
  SwapRunOptions options = small_machine(policy, limit);
  options.machine.links[static_cast<std::size_t>(Tier::host)] = {.out = {Nanoseconds(2880), 55'470'000'000},
                                                                 .in = {Nanoseconds(3859), 55'620'000'000},
                                                                 .duplex_bytes_per_second = 101'670'000'000};
  options.swapper.min_swap = 1_MiB;
  options.swapper.max_swap = 1_GiB;
  options.swapper.capacity[static_cast<std::size_t>(Tier::host)] = 64_GiB;
  return options;
}

/// An H200 whose host memory is pinned beforehand.
inline std::unique_ptr<RunnableDevice> simulated_h200() {
  MachineModel machine = load_machine("h200");
  machine.calls.pin = machine.calls.unpin = {};
  return make_simulated_device(machine);
}

}  // namespace vramlab::testing
