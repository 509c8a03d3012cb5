#include "experiments/tensor_packer.h"

#include <algorithm>
#include <chrono>

namespace vramlab {
namespace {

constexpr double least_seconds = 0.1;  // of all counted runs together
constexpr std::size_t most_runs = 200;

class CpuPacker final : public TensorPacker {
 public:
  std::string device() const override { return "cpu"; }
  PackedRun run(const padic::TensorView& tensor, const padic::CodecOptions& options, std::uint64_t raw_bytes,
                int repeat) override {
    PackedRun found;
    found.compress_seconds = median_seconds(repeat, [&] { found.stream = padic::compress(tensor, options); });
    found.values.resize(raw_bytes);
    found.decompress_seconds =
        median_seconds(repeat, [&] { padic::decompress(found.stream, found.values, options.threads); });
    return found;
  }
};

}  // namespace

std::unique_ptr<TensorPacker> make_cpu_packer() { return std::make_unique<CpuPacker>(); }

double median_seconds(int repeat, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  work();
  std::vector<double> seconds;
  double sum = 0;
  while (seconds.size() < static_cast<std::size_t>(repeat) || (sum < least_seconds && seconds.size() < most_runs)) {
    const Clock::time_point begin = Clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    sum += seconds.back();
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

}  // namespace vramlab
