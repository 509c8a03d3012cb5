#pragma once
// Where `codec` packs: on the CPU, or (cuda_world.h) on the GPU. Both are timed alike: values and stream in the memory
// of the device, median of several runs.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/padic/tensor_codec.h"

namespace vramlab {

/// What one tensor gave.
struct PackedRun {
  std::vector<std::byte> stream;
  std::vector<std::byte> values;  ///< unpacked again
  double compress_seconds = 0, decompress_seconds = 0;
};

class TensorPacker {
 public:
  virtual ~TensorPacker() = default;
  virtual std::string device() const = 0;
  /// Tensors of larger values are refused.
  virtual std::uint32_t most_value_bytes() const = 0;
  /// Packs and unpacks at least `repeat` times. `raw_bytes` is what unpacking gives. Throws what the codec throws.
  virtual PackedRun run(const padic::TensorView& tensor, const padic::CodecOptions& options, std::uint64_t raw_bytes,
                        int repeat) = 0;
};

std::unique_ptr<TensorPacker> make_cpu_packer();

/// Median of the seconds that `timed` returns, after one run that is not counted: at least `repeat` runs, and more of
/// short ones.
double median_of_runs(int repeat, const std::function<double()>& timed);
/// The same, by the host's clock around `work`.
double median_seconds(int repeat, const std::function<void()>& work);

}  // namespace vramlab
