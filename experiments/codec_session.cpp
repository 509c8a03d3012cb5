#include "experiments/codec_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/core/output_file.h"
#include "engine/padic/entropy.h"
#include "experiments/codec_baselines.h"
#include "experiments/cuda_world.h"
#include "experiments/trace_files.h"

namespace vramlab {
namespace {

std::unique_ptr<TensorPacker> packer_on(const std::string& device) {
  return device == "cuda" ? make_cuda_packer() : make_cpu_packer();
}

/// A type without bounds is packed once, not once a bound.
bool is_repeated(const std::vector<padic::CodecOptions>& done, const padic::CodecOptions& options) {
  for (const padic::CodecOptions& other : done)
    if (other.mode == options.mode && other.bound == options.bound && other.preset == options.preset) return true;
  return false;
}

std::string name_of(const CodecOutcome& o) {
  return o.tensor.empty() ? o.file : fmt::format("{}: {}", o.file, o.tensor);
}

/// The tensor again and again, the last time perhaps a part of it.
std::vector<std::byte> tiled(std::span<const std::byte> tensor, std::uint64_t bytes) {
  std::vector<std::byte> all(tensor.begin(), tensor.end());
  all.reserve(bytes);
  while (all.size() < bytes) {
    const std::size_t more = std::min<std::size_t>(tensor.size(), bytes - all.size());
    all.insert(all.end(), tensor.begin(), tensor.begin() + static_cast<std::ptrdiff_t>(more));
  }
  return all;
}

/// Before anything is timed: an error late costs the rows before it.
void check_values(const TensorFile& file, const std::vector<InputTensor>& inputs, const TensorPacker& packer) {
  for (const InputTensor& input : inputs)
    if (const ElementInfo& info = element_info(input.type);
        !input.bytes.empty() && info.bytes > packer.most_value_bytes())
      throw ConfigError(
          fmt::format("{}{}{}: values of up to {} bytes are packed on a GPU, not {}", file.name(),
                      input.stored->name.empty() ? "" : ": ", input.stored->name, packer.most_value_bytes(), info.name),
          {}, "use --device cpu");
}

}  // namespace

CodecSession::CodecSession(const CodecArguments& arguments)
    : arguments_(arguments),
      choices_(chosen_packings(arguments.packing)),
      dtype_(given_dtype(arguments.packing.dtype)),
      tile_bytes_(arguments.tile.empty() ? 0 : parse_bytes(arguments.tile).value),
      packer_(packer_on(arguments.device)) {
  if (tile_bytes_ == unlimited_bytes.value) throw ConfigError("--tile: a tensor has an end", {}, "for instance 1GiB");
  if (!arguments.out.empty()) check_folder_of(arguments.out);
}

const std::vector<CodecOutcome>& CodecSession::run() {
  check_readable(arguments_.files);
  for (const std::string& path : arguments_.files) {
    const TensorFile file = TensorFile::open(path);
    several_ = arguments_.files.size() > 1 || file.tensors().size() > 1 || choices_.size() > 1;
    run_file(file);
  }
  return outcomes_;
}

void CodecSession::run_file(const TensorFile& file) {
  bar_.restart(file.name());
  const std::vector<InputTensor> inputs = input_tensors(file, dtype_);
  check_values(file, inputs, *packer_);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    run_tensor(file, inputs[i]);
    bar_.update(static_cast<double>(i + 1) / static_cast<double>(inputs.size()));
  }
}

void CodecSession::run_tensor(const TensorFile& file, const InputTensor& input) {
  if (input.bytes.empty()) return;  // no ratio, no speed
  std::vector<padic::CodecOptions> done;
  for (const padic::CodecOptions& choice : choices_) {
    const padic::CodecOptions options = packing_for(input.type, choice);
    if (is_repeated(done, options)) continue;
    done.push_back(options);
    outcomes_.push_back(packed(outcome_of(file, input), input, options));
  }
  if (arguments_.baselines) add_baselines(input);
}

CodecOutcome CodecSession::outcome_of(const TensorFile& file, const InputTensor& input) const {
  CodecOutcome outcome;
  outcome.file = file.name();
  outcome.tensor = input.stored->name;
  outcome.type = input.type;
  outcome.values = input.stored->values;
  outcome.raw_bytes = input.bytes.size();
  outcome.device = packer_->device();
  outcome.threads = arguments_.packing.threads;
  return outcome;
}

CodecOutcome CodecSession::packed(CodecOutcome outcome, const InputTensor& input, const padic::CodecOptions& options) {
  const padic::TensorView view = input.view();
  const bool tiles = tile_bytes_ > outcome.raw_bytes;
  const PackedRun run = packer_->run(view, options, outcome.raw_bytes, tiles ? 1 : arguments_.repeat);
  outcome.compressed_bytes = run.stream.size();
  outcome.mode = mode_name(options.mode);
  outcome.preset = preset_name(options.preset);
  outcome.bound = options.bound;
  outcome.compress_seconds = run.compress_seconds;
  outcome.decompress_seconds = run.decompress_seconds;
  outcome.difference = compare_values(input.type, input.bytes, run.values);
  check_promise(outcome.difference, options, name_of(outcome));
  if (tiles) time_tiled(outcome, input, options);
  const padic::Mode mode = options.mode == padic::Mode::rational ? padic::Mode::lossless : options.mode;
  outcome.entropy_ratio = padic::entropy_ratio(view, mode, options.bound);
  outcome.plain_ratio = padic::plain_packing_ratio(view, mode, options.bound);
  if (!arguments_.out.empty()) write_stream(outcome, run.stream);
  return outcome;
}

void CodecSession::time_tiled(CodecOutcome& outcome, const InputTensor& input, const padic::CodecOptions& options) {
  const std::uint64_t value_bytes = element_info(input.type).bytes;
  const std::vector<std::byte> tile = tiled(input.bytes, tile_bytes_ / value_bytes * value_bytes);
  const padic::TensorView view{
      .data = tile.data(), .values = tile.size() / value_bytes, .dtype = padic_dtype(input.type), .shape = {}};
  const PackedRun run = packer_->run(view, options, tile.size(), arguments_.repeat);
  check_promise(compare_values(input.type, tile, run.values), options, name_of(outcome));
  const double share = static_cast<double>(outcome.raw_bytes) / static_cast<double>(tile.size());
  outcome.compress_seconds = run.compress_seconds * share;
  outcome.decompress_seconds = run.decompress_seconds * share;
  outcome.tile_bytes = tile.size();
}

void CodecSession::add_baselines(const InputTensor& input) {
  const CodecOutcome like = outcomes_.back();
  for (const BaselineRun& run : run_baselines(input.bytes, element_info(input.type).bytes, arguments_.repeat)) {
    CodecOutcome outcome = like;
    outcome.compressed_bytes = run.compressed_bytes;
    outcome.mode = mode_name(padic::Mode::lossless);
    outcome.preset = run.name;
    outcome.bound = 0;
    outcome.compress_seconds = run.compress_seconds;
    outcome.decompress_seconds = run.decompress_seconds;
    outcome.difference = {};
    outcome.entropy_ratio = outcome.plain_ratio = std::nullopt;
    outcome.device = "cpu";
    outcome.tile_bytes = 0;
    outcome.threads = 1;
    outcomes_.push_back(std::move(outcome));
  }
}

void CodecSession::write_stream(const CodecOutcome& o, const std::vector<std::byte>& stream) {
  const std::string choice = o.bound > 0 ? fmt::format("{}-{}-{}", o.mode, error_text(o.bound), o.preset)
                                         : fmt::format("{}-{}", o.mode, o.preset);
  const std::string source = o.tensor.empty() ? o.file : o.tensor;
  const std::string path = names_.of(arguments_.out, source, choice, several_);
  write_output_file(path, {reinterpret_cast<const char*>(stream.data()), stream.size()});
}

}  // namespace vramlab
