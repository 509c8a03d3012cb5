#pragma once
// What packing a tensor gave, as a row for scripts and a line for people.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/replay/report.h"
#include "experiments/tensor_check.h"

namespace vramlab {

struct CodecOutcome {
  std::string file, tensor;  ///< tensor "": the file's only one
  ElementType type = ElementType::uint8;
  std::uint64_t values = 0, raw_bytes = 0, compressed_bytes = 0;
  std::string mode, preset;  ///< of a baseline: "lossless", and its name
  double bound = 0;          ///< 0 in lossless mode
  std::optional<double> entropy_ratio, plain_ratio;
  TensorDifference difference;
  double compress_seconds = 0, decompress_seconds = 0;
  std::string device;
  unsigned threads = 1;          ///< of a CPU
  std::uint64_t tile_bytes = 0;  ///< speeds are of the tensor repeated to so many; 0: as it is

  double ratio() const { return static_cast<double>(raw_bytes) / static_cast<double>(compressed_bytes); }
};

/// The contract's fields first.
Row codec_row(const CodecOutcome& outcome);
std::string codec_table(const std::vector<CodecOutcome>& outcomes, bool colour);

/// "1.3e-07", "0" for none.
std::string error_text(double error);

}  // namespace vramlab
