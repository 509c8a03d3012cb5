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
  std::uint32_t most_value_bytes() const override { return 8; }
  PackedRun run(const padic::TensorView& tensor, const padic::CodecOptions& options, std::uint64_t raw_bytes,
                int repeat) override {
    PackedRun found;
    found.compress_seconds = median_seconds(repeat, [&] { padic::compress(tensor, options, found.stream); });
    found.values.resize(raw_bytes);
    found.decompress_seconds =
        median_seconds(repeat, [&] { padic::decompress(found.stream, found.values, options.threads); });
    return found;
  }
};

}  // namespace

std::unique_ptr<TensorPacker> make_cpu_packer() { return std::make_unique<CpuPacker>(); }

double median_of_runs(int repeat, const std::function<double()>& timed) {
  timed();
  std::vector<double> seconds;
  double sum = 0;
  while (seconds.size() < static_cast<std::size_t>(repeat) || (sum < least_seconds && seconds.size() < most_runs)) {
    seconds.push_back(timed());
    sum += seconds.back();
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

double median_seconds(int repeat, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  return median_of_runs(repeat, [&work] {
    const Clock::time_point begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  });
}

}  // namespace vramlab
