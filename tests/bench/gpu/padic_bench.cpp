// How fast the GPU codec packs and unpacks, and what packing gains on the link to the host.
//
//   gpu_padic_bench [--gib N] [--repetitions N] [--large] [--link] [FILE.npy...]
//
// Each tensor is repeated until it fills N GiB. Times are medians of events after a warm-up; rates are of the tensor's
// bytes; `of bound` is against what copying within the GPU's memory, measured first, lets a single pass reach at that
// ratio. Every result is compared with the tensor. --large: a tensor of 6 GiB too; --link: swapping to pinned memory.

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/padic_codec.h"
#include "engine/padic/quantiser.h"
#include "engine/padic/tensor_codec.h"

namespace vramlab::padic {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  double gib = 1;
  int repetitions = 20;
  bool large = false, link = false;
  std::vector<std::string> files;
};

struct Tensor {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::byte> tile;
};

/// Memory of the device or pinned.
struct Memory {
  void* at = nullptr;
  bool pinned = false;

  explicit Memory(std::uint64_t bytes, bool host = false) : pinned(host) {
    VRAMLAB_CUDA_CHECK(host ? cudaMallocHost(&at, bytes) : cudaMalloc(&at, bytes));
  }
  ~Memory() { static_cast<void>(pinned ? cudaFreeHost(at) : cudaFree(at)); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
};

template <class F>
double median_ms(int repetitions, const F& f) {
  cudaEvent_t begin, end;
  VRAMLAB_CUDA_CHECK(cudaEventCreate(&begin));
  VRAMLAB_CUDA_CHECK(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = -3; i < repetitions; ++i) {
    VRAMLAB_CUDA_CHECK(cudaEventRecord(begin, nullptr));
    f();
    VRAMLAB_CUDA_CHECK(cudaEventRecord(end, nullptr));
    VRAMLAB_CUDA_CHECK(cudaEventSynchronize(end));
    float ms = 0;
    VRAMLAB_CUDA_CHECK(cudaEventElapsedTime(&ms, begin, end));
    if (i >= 0) times.push_back(ms);
  }
  VRAMLAB_CUDA_CHECK(cudaEventDestroy(begin));
  VRAMLAB_CUDA_CHECK(cudaEventDestroy(end));
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return static_cast<double>(times[times.size() / 2]);
}

std::vector<std::byte> gaussian(DType dtype, std::uint64_t values) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal(0, 0.02F);
  const std::size_t bytes = format_of(dtype).bytes;
  std::vector<std::byte> tile(values * bytes);
  for (std::uint64_t i = 0; i < values; ++i) {
    const std::uint32_t bits = bits_of_float(normal(random)) >> (bytes == 2 ? 16 : 0);
    std::memcpy(tile.data() + i * bytes, &bits, bytes);
  }
  return tile;
}

/// A .npy file of version 1: its data; bfloat16 where the name says so.
Tensor read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> all((std::istreambuf_iterator<char>(file)), {});
  if (all.size() < 10) throw std::runtime_error("cannot read " + path);
  const std::size_t header = 10 + static_cast<unsigned char>(all[8]) + 256U * static_cast<unsigned char>(all[9]);
  Tensor tensor;
  tensor.name = path.substr(path.rfind('/') + 1);
  tensor.name = tensor.name.substr(0, tensor.name.find('.'));
  tensor.dtype = path.find(".bf16.") != std::string::npos ? DType::bfloat16 : DType::float32;
  tensor.tile.resize(all.size() - header);
  std::memcpy(tensor.tile.data(), all.data() + header, tensor.tile.size());
  return tensor;
}

/// `bytes` bytes of the tile, again and again.
void fill(void* at, std::uint64_t bytes, const std::vector<std::byte>& tile) {
  std::uint64_t done = std::min<std::uint64_t>(tile.size(), bytes);
  VRAMLAB_CUDA_CHECK(cudaMemcpy(at, tile.data(), done, cudaMemcpyHostToDevice));
  for (; done < bytes; done += std::min(done, bytes - done))
    VRAMLAB_CUDA_CHECK(
        cudaMemcpy(static_cast<std::byte*>(at) + done, at, std::min(done, bytes - done), cudaMemcpyDeviceToDevice));
}

double number(const std::byte* at, DType dtype) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, at, format_of(dtype).bytes);
  return static_cast<double>(float_of_bits(dtype == DType::bfloat16 ? bits << 16 : bits));
}

/// The most that a value of the part at `offset` is off; -1 where lossless bytes differ.
double worst(const Tensor& tensor, const void* out, std::uint64_t offset, std::uint64_t bytes, Mode mode) {
  std::vector<std::byte> got(bytes);
  VRAMLAB_CUDA_CHECK(
      cudaMemcpy(got.data(), static_cast<const std::byte*>(out) + offset, bytes, cudaMemcpyDeviceToHost));
  double most = 0;
  const std::size_t step = format_of(tensor.dtype).bytes;
  for (std::uint64_t i = 0; i < bytes; i += step) {
    const std::byte* was = tensor.tile.data() + (offset + i) % tensor.tile.size();
    if (std::memcmp(was, got.data() + i, step) == 0) continue;
    if (mode == Mode::lossless) return -1;
    most = std::max(most, std::fabs(number(was, tensor.dtype) - number(got.data() + i, tensor.dtype)));
  }
  return most;
}

/// What one tensor needs on the device.
struct Rooms {
  std::uint64_t bytes;
  Memory in, out, packed, work, numbers;
  std::uint64_t capacity, work_bytes;

  Rooms(std::uint64_t size, std::uint64_t most_packed, std::uint64_t workspace)
      : bytes(size),
        in(size),
        out(size),
        packed(most_packed),
        work(workspace),
        numbers(64, true),
        capacity(most_packed),
        work_bytes(workspace) {}
  auto* length() const { return static_cast<std::uint64_t*>(numbers.at); }
  auto* status() const { return static_cast<std::uint32_t*>(numbers.at) + 4; }
};

struct Row {
  double ratio = 0, pack_ms = 0, unpack_ms = 0, error = 0;
  std::uint32_t status = 0;
};

void pack(const GpuTensorCodec& codec, const Rooms& rooms, std::uint64_t values) {
  codec.compress(rooms.in.at, values, {rooms.packed.at, rooms.capacity}, {rooms.work.at, rooms.work_bytes}, nullptr,
                 rooms.length());
}
void unpack(const GpuTensorCodec& codec, const Rooms& rooms, std::uint64_t values) {
  codec.decompress(rooms.packed.at, *rooms.length(), rooms.out.at, values, {rooms.work.at, rooms.work_bytes}, nullptr,
                   rooms.status());
}

Row measure(const GpuTensorCodec& codec, const Tensor& tensor, Mode mode, const Rooms& rooms, int repetitions) {
  const std::uint64_t values = rooms.bytes / format_of(tensor.dtype).bytes;
  Row row;
  row.pack_ms = median_ms(repetitions, [&] { pack(codec, rooms, values); });
  row.ratio = static_cast<double>(rooms.bytes) / static_cast<double>(*rooms.length());
  VRAMLAB_CUDA_CHECK(cudaMemset(rooms.out.at, 0xA5, rooms.bytes));
  row.unpack_ms = median_ms(repetitions, [&] { unpack(codec, rooms, values); });
  row.status = *rooms.status();
  const std::uint64_t part = std::min<std::uint64_t>(rooms.bytes, 16 << 20);
  row.error = worst(tensor, rooms.out.at, 0, part, mode);
  const double last = worst(tensor, rooms.out.at, rooms.bytes - part, part, mode);
  row.error = row.error < 0 || last < 0 ? -1 : std::max(row.error, last);
  return row;
}

double gbps(std::uint64_t bytes, double ms) { return static_cast<double>(bytes) / ms / 1e6; }

/// One direction after the other, without overlap: pack, read the length, copy; copy, unpack.
void measure_link(const GpuTensorCodec& codec, const std::string& label, std::uint64_t values, const Rooms& rooms,
                  const Memory& host) {
  const auto timed = [](const auto& f) {
    double best = 1e30;
    for (int i = 0; i < 4; ++i) {
      VRAMLAB_CUDA_CHECK(cudaDeviceSynchronize());
      const auto begin = Clock::now();
      f();
      VRAMLAB_CUDA_CHECK(cudaDeviceSynchronize());
      best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    return best;
  };
  const double plain_out = timed(
      [&] { VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(host.at, rooms.in.at, rooms.bytes, cudaMemcpyDefault, nullptr)); });
  const double plain_in = timed(
      [&] { VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(rooms.out.at, host.at, rooms.bytes, cudaMemcpyDefault, nullptr)); });
  const double out = timed([&] {
    pack(codec, rooms, values);
    VRAMLAB_CUDA_CHECK(cudaStreamSynchronize(nullptr));
    VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(host.at, rooms.packed.at, *rooms.length(), cudaMemcpyDefault, nullptr));
  });
  const double in = timed([&] {
    VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(rooms.packed.at, host.at, *rooms.length(), cudaMemcpyDefault, nullptr));
    unpack(codec, rooms, values);
  });
  fmt::print("{:<44} out {:6.1f} GB/s, plain {:5.1f}, gain {:5.2f}; in {:6.1f} GB/s, plain {:5.1f}, gain {:5.2f}\n",
             label, gbps(rooms.bytes, out), gbps(rooms.bytes, plain_out), plain_out / out, gbps(rooms.bytes, in),
             gbps(rooms.bytes, plain_in), plain_in / in);
}

struct Run {
  Mode mode;
  double bound;
  Preset preset;
  std::string label(const Tensor& tensor) const {
    return fmt::format("{} {} {}", tensor.name, preset == Preset::fast ? "fast" : "dense",
                       mode == Mode::lossless ? std::string("lossless") : fmt::format("{:g}", bound));
  }
};
constexpr Run runs[] = {{Mode::lossless, 0, Preset::fast},
                        {Mode::absolute, 1e-4, Preset::fast},
                        {Mode::lossless, 0, Preset::dense},
                        {Mode::absolute, 1e-4, Preset::dense}};

std::uint64_t room_for(std::uint64_t bytes, bool workspace) {
  std::uint64_t most = 0;
  for (const DType dtype : {DType::float32, DType::bfloat16})
    for (const Preset preset : {Preset::fast, Preset::dense}) {
      const GpuTensorCodec codec(dtype, Mode::lossless, 0, preset);
      const std::uint64_t values = bytes / format_of(dtype).bytes;
      most = std::max(most, workspace ? codec.workspace_bytes(values) : codec.max_stream_bytes(values));
    }
  return most;
}

/// TB/s of a copy within the device, bytes read and written counted.
double copy_rate(const Rooms& rooms) {
  const double ms = median_ms(10, [&] {
    VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(rooms.out.at, rooms.in.at, rooms.bytes, cudaMemcpyDeviceToDevice, nullptr));
  });
  return 2 * gbps(rooms.bytes, ms) / 1000;
}

void measure_all(const std::vector<Tensor>& tensors, std::uint64_t bytes, const Settings& settings) {
  const Rooms rooms(bytes, room_for(bytes, false), room_for(bytes, true));
  const double copying = copy_rate(rooms);
  fmt::print("{:.2f} GiB a tensor; copying within the device: {:.2f} TB/s, read and written; workspace {} MiB\n",
             static_cast<double>(bytes) / (1 << 30), copying, rooms.work_bytes >> 20);
  fmt::print("{:<44} {:>7} {:>9} {:>9} {:>8} {:>9} {:>9} {:>8}  {}\n", "tensor, preset, mode", "ratio", "pack ms",
             "pack GB/s", "of bound", "unpack ms", "unpk GB/s", "of bound", "check");
  const Memory host(settings.link ? bytes : 16, true);
  for (const Tensor& tensor : tensors) {
    fill(rooms.in.at, bytes, tensor.tile);
    for (const Run& run : runs) {
      const GpuTensorCodec codec(tensor.dtype, run.mode, run.bound, run.preset);
      const Row row = measure(codec, tensor, run.mode, rooms, settings.repetitions);
      const double bound = copying * 1000 / (1 + 1 / row.ratio);
      const bool right = row.status == 0 && row.error >= 0 && row.error <= run.bound;
      fmt::print("{:<44} {:7.3f} {:9.3f} {:9.0f} {:7.0f}% {:9.3f} {:9.0f} {:7.0f}%  {}\n", run.label(tensor), row.ratio,
                 row.pack_ms, gbps(bytes, row.pack_ms), 100 * gbps(bytes, row.pack_ms) / bound, row.unpack_ms,
                 gbps(bytes, row.unpack_ms), 100 * gbps(bytes, row.unpack_ms) / bound,
                 right ? "right" : fmt::format("WRONG: status {}, error {:g}", row.status, row.error));
      if (settings.link) measure_link(codec, run.label(tensor), bytes / format_of(tensor.dtype).bytes, rooms, host);
      std::fflush(stdout);
    }
  }
}

Settings settings_of(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--gib" && i + 1 < count)
      settings.gib = std::stod(arguments[++i]);
    else if (argument == "--repetitions" && i + 1 < count)
      settings.repetitions = std::stoi(arguments[++i]);
    else if (argument == "--large")
      settings.large = true;
    else if (argument == "--link")
      settings.link = true;
    else
      settings.files.push_back(argument);
  }
  return settings;
}

int main_with(const Settings& settings) {
  std::vector<Tensor> tensors;
  tensors.push_back({"gaussian_fp32", DType::float32, gaussian(DType::float32, 1 << 23)});
  tensors.push_back({"gaussian_bf16", DType::bfloat16, gaussian(DType::bfloat16, 1 << 23)});
  for (const std::string& file : settings.files) tensors.push_back(read_npy(file));
  measure_all(tensors, static_cast<std::uint64_t>(settings.gib * (1 << 30)) / 4096 * 4096, settings);
  if (!settings.large) return 0;
  Settings few = settings;
  few.repetitions = 3;
  few.link = false;
  tensors.resize(1);
  measure_all(tensors, std::uint64_t{6} << 30, few);
  return 0;
}

}  // namespace
}  // namespace vramlab::padic

int main(int count, char** arguments) {
  try {
    return vramlab::padic::main_with(vramlab::padic::settings_of(count, arguments));
  } catch (const vramlab::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
