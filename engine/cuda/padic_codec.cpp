#include "engine/cuda/padic_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "engine/cuda/cuda_check.h"
#include "engine/cuda/cuda_info.h"
#include "engine/cuda/padic_plan.h"
#include "engine/padic/errors.h"
#include "engine/padic/tensor_codec.h"

namespace vramlab::padic {
namespace {

using gpu::CodecPlan;

constexpr std::uint64_t vector_alignment = 16;

int current_gpu() {
  static_cast<void>(cuda_device_count());  // throws where there is none
  int gpu = -1;
  VRAMLAB_CUDA_CHECK(cudaGetDevice(&gpu));
  return gpu;
}

/// Memory of the GPU that is gone with its owner.
struct DeviceArray {
  void* at = nullptr;

  DeviceArray() = default;
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() {
    if (at != nullptr && cudaFree(at) != cudaSuccess) static_cast<void>(cudaGetLastError());
  }
  void fill(const void* from, std::uint64_t bytes) {
    VRAMLAB_CUDA_CHECK(cudaMalloc(&at, bytes));
    VRAMLAB_CUDA_CHECK(cudaMemcpy(at, from, bytes, cudaMemcpyHostToDevice));
  }
};

/// A pointer of a call, and what it has to be.
struct Argument {
  const char* name;
  const void* at;
  std::uint64_t alignment = vector_alignment;
  bool pinned = false;  ///< may be of the host
};

void check(const Argument& argument, int gpu) {
  cudaPointerAttributes attributes{};
  VRAMLAB_CUDA_CHECK(cudaPointerGetAttributes(&attributes, argument.at));
  const bool device = attributes.type == cudaMemoryTypeDevice && attributes.device == gpu;
  const bool host = argument.pinned && attributes.type == cudaMemoryTypeHost;
  if (!device && !host)
    throw PadicError(
        fmt::format("{} is not in the memory of GPU {}{}", argument.name, gpu, argument.pinned ? ", nor pinned" : ""),
        {}, "copy it there, and make the codec's GPU the current one");
  if (std::bit_cast<std::uintptr_t>(argument.at) % argument.alignment != 0)
    throw PadicError(fmt::format("{} is not aligned to {} bytes", argument.name, argument.alignment), {},
                     "begin at such an address");
}

void check_room(const char* name, std::uint64_t bytes, std::uint64_t needed) {
  if (bytes < needed)
    throw PadicError(fmt::format("{} of {} bytes, of which {} are needed", name, bytes, needed), {},
                     "ask the codec how much it takes");
}

template <class T>
T* offset(void* from, std::uint64_t bytes) {
  return reinterpret_cast<T*>(static_cast<std::byte*>(from) + bytes);
}

}  // namespace

struct GpuTensorCodec::Parts {
  CodecPlan plan;
  int gpu = -1;
  std::uint32_t multiprocessors = 1;
  DeviceArray level_of, magnitude_of;

  bool fast() const { return plan.preset == Preset::fast; }
  /// Blocks of threads of `dense` kernels: one a multiprocessor.
  std::uint32_t grid() const { return multiprocessors; }
  void load();
  void start_packing(gpu::FastTask task, void* workspace, cudaStream_t stream) const;
  void start_packing(gpu::DenseTask task, void* workspace, cudaStream_t stream) const;
  template <class Task>
  Task task_of(const void* from, void* to, std::uint64_t values, const StreamHeader& header) const;
};

void GpuTensorCodec::Parts::load() {
  gpu = current_gpu();
  int count = 0;
  VRAMLAB_CUDA_CHECK(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, gpu));
  multiprocessors = static_cast<std::uint32_t>(count);
  VRAMLAB_CUDA_CHECK(fast() ? gpu::load_fast(plan.bytes(), plan.way) : gpu::load_dense(plan.bytes(), plan.way));
  if (plan.way != gpu::Way::levels) return;
  gpu::LevelRule& rule = plan.rule.levels;
  level_of.fill(rule.level_of, std::uint64_t{2} * (rule.high - rule.low + 1));
  magnitude_of.fill(rule.magnitude_of, std::uint64_t{2} * rule.levels);
  rule.level_of = static_cast<const std::uint16_t*>(level_of.at);
  rule.magnitude_of = static_cast<const std::uint16_t*>(magnitude_of.at);
}

template <class Task>
Task GpuTensorCodec::Parts::task_of(const void* from, void* to, std::uint64_t values,
                                    const StreamHeader& header) const {
  Task task;
  task.from = from;
  task.to = to;
  task.values = values;
  task.header = header;
  task.rule = plan.rule;
  if constexpr (requires { task.grid; }) {
    task.splitter = plan.splitter;
    task.highest_code = plan.highest_code;
    task.grid = grid();
    task.count_grid = gpu::counting_blocks * multiprocessors;
  } else {
    task.blocks = header.blocks;
    const std::uint64_t groups = (values + group_words - 1) / group_words;
    const std::uint64_t full = groups / (gpu::fast_unpack_warps * gpu::groups_of_share) + 1;
    const std::uint64_t most = std::uint64_t{gpu::fast_unpack_blocks} * multiprocessors;
    task.unpack_grid = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(full, 1, most));
  }
  return task;
}

void GpuTensorCodec::Parts::start_packing(gpu::FastTask task, void* workspace, cudaStream_t stream) const {
  task.progress = offset<gpu::Progress>(workspace, gpu::FastWorkspace::progress);
  task.states = offset<std::uint64_t>(workspace, gpu::FastWorkspace::states);
  VRAMLAB_CUDA_CHECK(cudaMemsetAsync(workspace, 0, gpu::FastWorkspace::bytes(task.blocks), stream));
  VRAMLAB_CUDA_CHECK(gpu::launch_pack_fast(task, plan.bytes(), plan.way, stream));
}

void GpuTensorCodec::Parts::start_packing(gpu::DenseTask task, void* workspace, cudaStream_t stream) const {
  const auto layout = gpu::DenseWorkspace::packing(task.values, plan.bytes(), grid());
  task.progress = offset<gpu::Progress>(workspace, 0);
  task.survey = offset<gpu::DenseSurvey>(workspace, gpu::DenseWorkspace::survey);
  task.states = offset<std::uint64_t>(workspace, layout.states);
  task.slots = offset<std::uint8_t>(workspace, layout.slots);
  task.slot_bytes = layout.slot_bytes;
  VRAMLAB_CUDA_CHECK(cudaMemsetAsync(workspace, 0, layout.slots, stream));
  VRAMLAB_CUDA_CHECK(gpu::launch_pack_dense(task, plan.bytes(), plan.way, stream));
}

GpuTensorCodec::GpuTensorCodec(DType dtype, Mode mode, double bound, Preset preset)
    : parts_(std::make_unique<Parts>()) {
  parts_->plan = gpu::plan_codec(dtype, mode, bound, preset);
  parts_->load();
}

GpuTensorCodec::~GpuTensorCodec() = default;

std::uint64_t GpuTensorCodec::pack_workspace_bytes(std::uint64_t values) const {
  return parts_->fast() ? gpu::FastWorkspace::bytes(gpu::fast_blocks(values))
                        : gpu::DenseWorkspace::packing(values, parts_->plan.bytes(), parts_->grid()).bytes;
}

std::uint64_t GpuTensorCodec::unpack_workspace_bytes(std::uint64_t /*values*/) const {
  return parts_->fast() ? sizeof(gpu::Progress) : gpu::DenseWorkspace::unpacking().bytes;
}

std::uint64_t GpuTensorCodec::workspace_bytes(std::uint64_t values) const {
  return std::max(pack_workspace_bytes(values), unpack_workspace_bytes(values));
}

std::uint64_t GpuTensorCodec::max_stream_bytes(std::uint64_t values, std::size_t dimensions) const {
  return padic::max_stream_bytes(values, parts_->plan.dtype, dimensions);
}

void GpuTensorCodec::compress(const void* in, std::uint64_t values, GpuRoom packed, GpuRoom workspace,
                              cudaStream_t stream, std::uint64_t* packed_bytes,
                              std::span<const std::uint64_t> shape) const {
  const StreamHeader header = gpu::header_of(parts_->plan, values, shape);
  const gpu::Shape extents = gpu::shape_of(values, shape);
  check_room("a room for the stream", packed.bytes, max_stream_bytes(values, header.dimensions));
  check_room("a workspace", workspace.bytes, pack_workspace_bytes(values));
  if (values != 0) check({"the tensor", in}, parts_->gpu);
  check({"the room for the stream", packed.at}, parts_->gpu);
  check({"the workspace", workspace.at}, parts_->gpu);
  check({"the stream's length", packed_bytes, 8, true}, parts_->gpu);
  const auto start = [&](auto task) {
    if constexpr (requires { task.room_bytes; }) task.room_bytes = max_stream_bytes(values, header.dimensions);
    task.shape = extents;
    task.packed_bytes = packed_bytes;
    parts_->start_packing(task, workspace.at, stream);
  };
  if (parts_->fast())
    start(parts_->task_of<gpu::FastTask>(in, packed.at, values, header));
  else
    start(parts_->task_of<gpu::DenseTask>(in, packed.at, values, header));
}

void GpuTensorCodec::decompress(const void* packed, std::uint64_t packed_bytes, void* out, std::uint64_t values,
                                GpuRoom workspace, cudaStream_t stream, std::uint32_t* status) const {
  const StreamHeader header = gpu::header_of(parts_->plan, values, {});
  check_room("a stream", packed_bytes, header_bytes);
  check_room("a workspace", workspace.bytes, unpack_workspace_bytes(values));
  check({"the stream", packed}, parts_->gpu);
  if (values != 0) check({"the room for the tensor", out}, parts_->gpu);
  check({"the workspace", workspace.at}, parts_->gpu);
  check({"the status", status, 4, true}, parts_->gpu);
  VRAMLAB_CUDA_CHECK(cudaMemsetAsync(workspace.at, 0, sizeof(gpu::Progress), stream));
  VRAMLAB_CUDA_CHECK(cudaMemsetAsync(status, 0, sizeof *status, stream));
  const auto start = [&](auto task, const auto& launch) {
    task.stream_bytes = packed_bytes;
    task.progress = offset<gpu::Progress>(workspace.at, 0);
    task.status = status;
    VRAMLAB_CUDA_CHECK(launch(task));
  };
  const CodecPlan& plan = parts_->plan;
  if (parts_->fast()) {
    start(parts_->task_of<gpu::FastTask>(packed, out, values, header),
          [&](const gpu::FastTask& task) { return gpu::launch_unpack_fast(task, plan.bytes(), plan.way, stream); });
    return;
  }
  auto task = parts_->task_of<gpu::DenseTask>(packed, out, values, header);
  const auto layout = gpu::DenseWorkspace::unpacking();
  task.slots = offset<std::uint8_t>(workspace.at, layout.slots);
  task.slot_bytes = layout.slot_bytes;
  start(task, [&](const gpu::DenseTask& t) { return gpu::launch_unpack_dense(t, plan.bytes(), plan.way, stream); });
}

}  // namespace vramlab::padic
