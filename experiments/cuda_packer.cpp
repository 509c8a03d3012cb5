#if VRAMLAB_HAS_CUDA
// Packing in the memory of GPU 0, timed by its own events.

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/padic_codec.h"
#include "experiments/cuda_world.h"

namespace vramlab {
namespace {

/// The room's own message names a device that `codec` does not have.
void need_gpu() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (error != cudaSuccess || count == 0)
    throw HardwareMissing(
        fmt::format("no CUDA device: {}", error != cudaSuccess ? cudaGetErrorString(error) : "the driver knows none"),
        {}, "use --device cpu");
}

/// At the end of things no failure can be told: it must not be taken for one of the next call.
void forget(cudaError_t error) noexcept {
  if (error != cudaSuccess) static_cast<void>(cudaGetLastError());
}

/// The order of all work here. Not of the kind that ignores the legacy stream, in which the codec loads its tables.
class Stream {
 public:
  Stream() { VRAMLAB_CUDA_CHECK(cudaStreamCreate(&stream_)); }
  ~Stream() { forget(cudaStreamDestroy(stream_)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const { return stream_; }
  void wait() const { VRAMLAB_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

class DeviceBuffer {
 public:
  DeviceBuffer(const char* what, std::uint64_t bytes) : bytes_(bytes) {
    VRAMLAB_CUDA_CHECK_WITH(cudaMalloc(&at_, std::max<std::uint64_t>(bytes, 1)),
                            fmt::format("{} takes {}", what, format_bytes(Bytes(bytes))));
  }
  ~DeviceBuffer() { forget(cudaFree(at_)); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  template <class T = void>
  T* at() const {
    return static_cast<T*>(at_);
  }
  padic::GpuRoom room() const { return {at_, bytes_}; }
  void put(const void* from, const Stream& stream) const {
    VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(at_, from, bytes_, cudaMemcpyHostToDevice, stream.get()));
    stream.wait();
  }
  void get(void* to, std::uint64_t bytes, const Stream& stream) const {
    VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(to, at_, bytes, cudaMemcpyDeviceToHost, stream.get()));
    stream.wait();
  }
  /// With what no codec writes by chance all over.
  void spoil(const Stream& stream) const { VRAMLAB_CUDA_CHECK(cudaMemsetAsync(at_, 0xA5, bytes_, stream.get())); }

 private:
  void* at_ = nullptr;
  std::uint64_t bytes_;
};

class EventClock {
 public:
  EventClock() {
    VRAMLAB_CUDA_CHECK(cudaEventCreate(&begin_));
    if (const cudaError_t error = cudaEventCreate(&end_); error != cudaSuccess) {
      forget(cudaEventDestroy(begin_));
      throw_cuda_error(error, "cudaEventCreate");
    }
  }
  ~EventClock() {
    forget(cudaEventDestroy(begin_));
    forget(cudaEventDestroy(end_));
  }
  EventClock(const EventClock&) = delete;
  EventClock& operator=(const EventClock&) = delete;

  /// Seconds that the GPU takes for what `work` puts into the stream.
  template <class Work>
  double seconds(const Stream& stream, const Work& work) const {
    VRAMLAB_CUDA_CHECK(cudaEventRecord(begin_, stream.get()));
    work();
    VRAMLAB_CUDA_CHECK(cudaEventRecord(end_, stream.get()));
    VRAMLAB_CUDA_CHECK(cudaEventSynchronize(end_));
    float milliseconds = 0;
    VRAMLAB_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return static_cast<double>(milliseconds) / 1e3;
  }

 private:
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

/// One tensor on the GPU, there and back.
class OnGpu {
 public:
  OnGpu(const padic::TensorView& tensor, const padic::CodecOptions& options, std::uint64_t raw_bytes)
      : tensor_(tensor),
        raw_bytes_(raw_bytes),
        codec_(tensor.dtype, options.mode, options.bound, options.preset),
        values_("the tensor", raw_bytes),
        back_("the unpacked tensor", raw_bytes),
        packed_("the packed stream",
                codec_.max_stream_bytes(tensor.values, std::max<std::size_t>(tensor.shape.size(), 1))),
        workspace_("the codec's workspace", codec_.workspace_bytes(tensor.values)) {
    values_.put(tensor.data, stream_);
    back_.spoil(stream_);
  }

  void compress(PackedRun& found, int repeat) const {
    found.compress_seconds = median_of_runs(repeat, [this] {
      return clock_.seconds(stream_, [this] {
        codec_.compress(values_.at(), tensor_.values, packed_.room(), workspace_.room(), stream_.get(),
                        packed_bytes_.at<std::uint64_t>(), tensor_.shape);
      });
    });
    std::uint64_t bytes = 0;
    packed_bytes_.get(&bytes, sizeof bytes, stream_);
    if (bytes > packed_.room().bytes)
      throw InvariantError(
          fmt::format("the GPU codec says that it wrote {} bytes into a room of {}", bytes, packed_.room().bytes));
    found.stream.resize(bytes);
    packed_.get(found.stream.data(), bytes, stream_);
  }

  /// From the stream that compress() left on the GPU.
  void decompress(PackedRun& found, int repeat) const {
    found.decompress_seconds = median_of_runs(repeat, [&] {
      return clock_.seconds(stream_, [&] {
        codec_.decompress(packed_.at(), found.stream.size(), back_.at(), tensor_.values, workspace_.room(),
                          stream_.get(), status_.at<std::uint32_t>());
      });
    });
    std::uint32_t status = 0;
    status_.get(&status, sizeof status, stream_);
    if (status != 0)
      throw InvariantError(fmt::format("the GPU codec takes its own stream for damaged (status {})", status), {},
                           "this is a bug: please report it with the file that shows it");
    found.values.resize(raw_bytes_);
    back_.get(found.values.data(), raw_bytes_, stream_);
  }

 private:
  const padic::TensorView& tensor_;
  std::uint64_t raw_bytes_;
  Stream stream_;
  EventClock clock_;
  padic::GpuTensorCodec codec_;
  DeviceBuffer values_, back_, packed_, workspace_;
  DeviceBuffer packed_bytes_{"the stream's length", sizeof(std::uint64_t)};
  DeviceBuffer status_{"the status", sizeof(std::uint32_t)};
};

class CudaPacker final : public TensorPacker {
 public:
  CudaPacker() {
    need_gpu();
    VRAMLAB_CUDA_CHECK(cudaSetDevice(0));
  }
  std::string device() const override { return "cuda"; }
  std::uint32_t most_value_bytes() const override { return 4; }
  PackedRun run(const padic::TensorView& tensor, const padic::CodecOptions& options, std::uint64_t raw_bytes,
                int repeat) override {
    const OnGpu gpu(tensor, options, raw_bytes);
    PackedRun found;
    gpu.compress(found, repeat);
    gpu.decompress(found, repeat);
    return found;
  }
};

}  // namespace

std::unique_ptr<TensorPacker> make_cuda_packer() { return std::make_unique<CudaPacker>(); }

}  // namespace vramlab
#endif
