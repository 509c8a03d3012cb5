#pragma once
// `vramlab codec`: every tensor of every file, packed and unpacked with every choice.

#include <memory>
#include <string>
#include <vector>

#include "experiments/codec_table.h"
#include "experiments/output_names.h"
#include "experiments/pack_options.h"
#include "experiments/progress.h"
#include "experiments/tensor_input.h"
#include "experiments/tensor_packer.h"

namespace vramlab {

struct CodecArguments {
  std::vector<std::string> files;
  PackArguments packing;
  std::string device = "cpu", out;
  std::string tile;  ///< bytes that a tensor is repeated to for timing; "": as it is
  int repeat = 5;
  bool baselines = false;
};

class CodecSession {
 public:
  /// Throws ConfigError; HardwareMissing where the device is not there.
  explicit CodecSession(const CodecArguments& arguments);

  /// File by file; within a tensor choice by choice, baselines last. Throws TraceError for a file that is broken,
  /// InvariantError where a promise of the codec does not hold.
  const std::vector<CodecOutcome>& run();

 private:
  void run_file(const TensorFile& file);
  void run_tensor(const TensorFile& file, const InputTensor& input);
  CodecOutcome outcome_of(const TensorFile& file, const InputTensor& input) const;
  CodecOutcome packed(CodecOutcome outcome, const InputTensor& input, const padic::CodecOptions& options);
  /// Times and checks the tensor repeated to the size of --tile; sets the outcome's speeds.
  void time_tiled(CodecOutcome& outcome, const InputTensor& input, const padic::CodecOptions& options);
  /// Beside the outcome added last, of the same tensor.
  void add_baselines(const InputTensor& input);
  void write_stream(const CodecOutcome& outcome, const std::vector<std::byte>& stream);

  const CodecArguments& arguments_;
  std::vector<padic::CodecOptions> choices_;
  std::optional<ElementType> dtype_;
  std::uint64_t tile_bytes_ = 0;
  std::unique_ptr<TensorPacker> packer_;
  ProgressBar bar_{"packing"};
  OutputNames names_;
  bool several_ = true;
  std::vector<CodecOutcome> outcomes_;
};

}  // namespace vramlab
