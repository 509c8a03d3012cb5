#include "traces/generate_training.h"

#include <algorithm>
#include <utility>

#include "engine/core/check.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr std::uint64_t state_value_bytes = 4;  // optimizers keep fp32

std::uint64_t states_of(const OptionValues& options) {
  if (options.text("optimizer") == "sgd") return 0;
  if (options.text("optimizer") == "momentum") return 1;
  return dtype_bytes(options) < state_value_bytes ? 3 : 2;
}

std::string_view step_name_of(const OptionValues& options) {
  if (options.text("optimizer") == "sgd") return "sgd_step";
  return options.text("optimizer") == "momentum" ? "momentum_step" : "adam_step";
}

}  // namespace

std::uint64_t dtype_bytes(const OptionValues& options) { return options.text("dtype") == "fp32" ? 4 : 2; }

TrainingRun::TrainingRun(PartWriter& out, const OptionValues& options)
    : out_(out),
      value_bytes_(dtype_bytes(options)),
      states_(states_of(options)),
      needs_temporary_(options.text("optimizer") == "adam"),
      step_name_(step_name_of(options)),
      flops_per_ns_(count_option(options, "tflops") * 1000),
      bytes_per_ns_(count_option(options, "bandwidth")),
      kernel_floor_ns_(count_option(options, "kernel_floor")) {}

void TrainingRun::allocate_parameters(const Network& network) {
  for (const Layer& layer : network)
    for (const Bytes bytes : layer.parameters)
      if (bytes != Bytes(0)) parameters_.push_back({.weight = make(bytes), .gradient = none, .states = {}});
}

void TrainingRun::step(const Network& network) {
  out_.iteration();
  count_uses(network);
  forward(network);
  backward(network);
  optimize();
  release(outputs_.back());  // the loss, read by the program
}

TrainingRun::Handle TrainingRun::make(Bytes bytes, std::uint32_t references) {
  if (bytes >= max_object_bytes)
    throw ConfigError("the options lead to a tensor of 256 TiB or more", {}, "lower batch, sequence, image or width");
  if (free_handles_.empty()) {
    free_handles_.push_back(static_cast<Handle>(tensors_.size()));
    tensors_.emplace_back();
  }
  const Handle handle = free_handles_.back();
  free_handles_.pop_back();
  tensors_[handle] = {out_.alloc(bytes), bytes, references};
  return handle;
}

void TrainingRun::release(Handle tensor) {
  if (tensor == none) return;
  VRAMLAB_DCHECK(tensors_[tensor].references > 0, "a tensor was released twice");
  if (--tensors_[tensor].references > 0) return;
  out_.free(tensors_[tensor].object);
  free_handles_.push_back(tensor);
}

void TrainingRun::read(Handle tensor) {
  if (tensor == none) return;
  reads_.push_back(tensors_[tensor].object);
  moved_bytes_ += tensors_[tensor].bytes.value;
}

void TrainingRun::write(Handle tensor) {
  if (tensor == none) return;
  writes_.push_back(tensors_[tensor].object);
  moved_bytes_ += tensors_[tensor].bytes.value;
}

void TrainingRun::run(std::string_view name, std::uint64_t flops) {
  const std::uint64_t ns = std::max({kernel_floor_ns_, flops / flops_per_ns_, moved_bytes_ / bytes_per_ns_});
  out_.op(name, Nanoseconds(static_cast<std::int64_t>(ns)), reads_, writes_);
  reads_.clear();
  writes_.clear();
  moved_bytes_ = 0;
}

void TrainingRun::count_uses(const Network& network) {
  uses_.assign(network.size(), 0);
  outputs_.assign(network.size(), none);
  extras_.assign(network.size(), none);
  gradients_.assign(network.size(), none);
  for (std::uint32_t i = 0; i < network.size(); ++i) {
    for (const std::uint32_t input : network[i].inputs) uses_[input] += network[i].saves_inputs ? 2 : 1;
    if (network[i].saves_output) ++uses_[i];
  }
  ++uses_.back();
}

void TrainingRun::forward(const Network& network) {
  std::size_t parameter = 0;
  for (std::uint32_t i = 0; i < network.size(); ++i) {
    forward_layer(network[i], i, parameter);
    for (const Bytes bytes : network[i].parameters) parameter += bytes != Bytes(0);
  }
}

void TrainingRun::forward_layer(const Layer& layer, std::uint32_t index, std::size_t first_parameter) {
  try_workspaces(layer);
  if (layer.in_place) {
    outputs_[index] = outputs_[layer.inputs.front()];
    tensors_[outputs_[index]].references += uses_[index];
  } else {
    outputs_[index] = make(layer.output, uses_[index]);
  }
  extras_[index] = make_if_any(layer.extra);
  const Handle workspace = make_if_any(layer.workspace);
  for (const std::uint32_t input : layer.inputs) read(outputs_[input]);
  for (const Bytes bytes : layer.parameters)
    if (bytes != Bytes(0)) read(parameters_[first_parameter++].weight);
  write(outputs_[index]);
  write(extras_[index]);
  write(workspace);
  run(layer.names.forward, layer.flops);
  release(workspace);
  for (const std::uint32_t input : layer.inputs) release(outputs_[input]);
}

void TrainingRun::try_workspaces(const Layer& layer) {
  for (const Bytes bytes : layer.trials) {
    const Handle workspace = make(bytes);
    write(workspace);
    run("try_algorithm", layer.flops);
    release(workspace);
  }
}

void TrainingRun::backward(const Network& network) {
  gradients_.back() = make(network.back().output);
  write(gradients_.back());
  run("ones", 0);
  std::size_t parameter = parameters_.size();
  for (auto i = static_cast<std::uint32_t>(network.size() - 1); i > 0; --i) {
    for (const Bytes bytes : network[i].parameters) parameter -= bytes != Bytes(0);
    if (network[i].passes_gradient) {
      pass_gradient(network[i], i);
    } else {
      backward_layer(network, i, parameter);
    }
  }
}

void TrainingRun::pass_gradient(const Layer& layer, std::uint32_t index) {
  for (const std::uint32_t input : layer.inputs) {
    if (input == 0) continue;
    ++tensors_[gradients_[index]].references;
    accumulate(input, gradients_[index]);
  }
  release(gradients_[index]);
}

void TrainingRun::backward_layer(const Network& network, std::uint32_t index, std::size_t first_parameter) {
  const Layer& layer = network[index];
  std::vector<std::pair<std::uint32_t, Handle>> fresh;
  for (const std::uint32_t input : layer.inputs)
    if (input != 0) fresh.emplace_back(input, make(network[input].output));
  const Handle workspace = make_if_any(layer.workspace);
  read(gradients_[index]);
  read_saved(layer, index);
  for (const auto& [input, gradient] : fresh) write(gradient);
  for (const Bytes bytes : layer.parameters) {
    if (bytes == Bytes(0)) continue;
    Parameter& parameter = parameters_[first_parameter++];
    read(parameter.weight);
    parameter.gradient = make(bytes);
    write(parameter.gradient);
  }
  write(workspace);
  run(layer.names.backward, 2 * layer.flops);
  release(workspace);
  release(gradients_[index]);
  release_saved(layer, index);
  for (const auto& [input, gradient] : fresh) accumulate(input, gradient);
}

void TrainingRun::read_saved(const Layer& layer, std::uint32_t index) {
  if (layer.saves_inputs)
    for (const std::uint32_t input : layer.inputs) read(outputs_[input]);
  if (layer.saves_output) read(outputs_[index]);
  read(extras_[index]);
}

void TrainingRun::release_saved(const Layer& layer, std::uint32_t index) {
  if (layer.saves_inputs)
    for (const std::uint32_t input : layer.inputs) release(outputs_[input]);
  if (layer.saves_output) release(outputs_[index]);
  release(extras_[index]);
}

void TrainingRun::accumulate(std::uint32_t layer, Handle gradient) {
  Handle& sum = gradients_[layer];
  if (sum == none) {
    sum = gradient;
    return;
  }
  const Handle added = make(tensors_[gradient].bytes);
  read(sum);
  read(gradient);
  write(added);
  run("add_gradients", 0);
  release(sum);
  release(gradient);
  gradients_[layer] = added;
}

void TrainingRun::optimize() {
  for (Parameter& parameter : parameters_) {
    if (parameter.states.size() < states_) allocate_states(parameter);
    const Bytes state_bytes(tensors_[parameter.weight].bytes.value / value_bytes_ * state_value_bytes);
    const Handle temporary = needs_temporary_ ? make(state_bytes) : none;
    read(parameter.gradient);
    for (const Handle state : parameter.states) read(state);
    write(parameter.weight);
    for (const Handle state : parameter.states) write(state);
    write(temporary);
    run(step_name_, 0);
    release(temporary);
  }
  for (Parameter& parameter : parameters_) release(std::exchange(parameter.gradient, none));
}

void TrainingRun::allocate_states(Parameter& parameter) {
  const Bytes bytes(tensors_[parameter.weight].bytes.value / value_bytes_ * state_value_bytes);
  while (parameter.states.size() < states_) parameter.states.push_back(make(bytes));
}

}  // namespace vramlab
