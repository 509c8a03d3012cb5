#pragma once
// `vramlab compress` and `vramlab decompress`: files of tensors to one .vlp and back, tensor after tensor.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/replay/report.h"
#include "experiments/pack_options.h"
#include "experiments/tensor_check.h"

namespace vramlab {

struct PackedOutcome {
  std::string file, tensor;
  ElementType type = ElementType::uint8;
  std::vector<std::uint64_t> shape;
  std::string mode;
  std::uint64_t raw_bytes = 0, compressed_bytes = 0;
  TensorDifference difference;
};

struct PackingDone {
  std::vector<PackedOutcome> tensors;
  std::uint64_t raw_bytes = 0, compressed_bytes = 0;  ///< of all files with their headers, and of the .vlp
};

/// Packs `in` (a .npy, a .safetensors, a folder of them) into `out`. Every tensor is unpacked and compared before the
/// file takes its place. Throws TraceError, ConfigError, InvariantError; then `out` is as it was.
PackingDone pack_files(const std::string& in, const std::string& out, const PackArguments& arguments);

struct UnpackedFile {
  std::string path;
  std::uint64_t tensors = 0, bytes = 0;
};

/// Gives back the files of a .vlp: the file `out`, or, of a folder that was packed, files in the folder `out`. A bare
/// stream, as `codec --out` writes it, becomes a .npy. Nothing takes its place before all is unpacked and its
/// checksums have been seen. Throws TraceError, ConfigError.
std::vector<UnpackedFile> unpack_files(const std::string& in, const std::string& out, unsigned threads);

Row packed_row(const PackedOutcome& outcome);
Row unpacked_row(const UnpackedFile& file);
/// With a line for all of them.
std::string packed_table(const PackingDone& done, bool colour);

}  // namespace vramlab
