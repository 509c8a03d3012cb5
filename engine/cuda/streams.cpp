#include "engine/cuda/streams.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"

namespace vramlab {

CopyLane copy_lane(Tier from, Tier to) {
  if (to == Tier::disk) return CopyLane::disk_out;
  if (from == Tier::disk) return CopyLane::disk_in;
  if (from == to)
    return from == Tier::device ? CopyLane::device_copy : from == Tier::peer ? CopyLane::peer_out : CopyLane::host_out;
  if (to == Tier::host) return CopyLane::host_out;
  if (from == Tier::host) return CopyLane::host_in;
  return to == Tier::peer ? CopyLane::peer_out : CopyLane::peer_in;
}

Streams::Streams(bool ordered) : ordered_(ordered) {
  VRAMLAB_CUDA_CHECK(cudaEventCreateWithFlags(&order_, cudaEventDisableTiming));
}

Streams::~Streams() {
  for (const cudaStream_t stream : own_) static_cast<void>(cudaStreamDestroy(stream));
  static_cast<void>(cudaEventDestroy(order_));
}

cudaStream_t Streams::make() {
  own_.reserve(own_.size() + 1);
  cudaStream_t stream = nullptr;
  VRAMLAB_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  own_.push_back(stream);
  add(stream);
  return stream;
}

void Streams::add(cudaStream_t stream) {
  for (const cudaStream_t other : all_)
    if (ordered_) order(other, stream);
  all_.push_back(stream);
}

cudaStream_t Streams::of(StreamId id) {
  if (!id.valid()) throw DeviceError("a stream without a number");
  if (id.value >= streams_.size()) streams_.resize(id.value + std::size_t{1});
  std::optional<cudaStream_t>& stream = streams_[id.value];
  if (!stream) [[unlikely]]
    stream = make();
  return *stream;
}

cudaStream_t Streams::of(CopyLane lane) {
  std::optional<cudaStream_t>& stream = copies_[static_cast<std::size_t>(lane)];
  if (!stream) [[unlikely]]
    stream = make();
  return *stream;
}

void Streams::lend(StreamId id, cudaStream_t stream) {
  if (!id.valid()) throw DeviceError("a stream without a number");
  if (id.value >= streams_.size()) streams_.resize(id.value + std::size_t{1});
  std::optional<cudaStream_t>& known = streams_[id.value];
  if (known == stream) return;
  const std::optional<cudaStream_t> former = known;
  if (former && is_own(*former)) order(*former, stream);
  if (std::find(all_.begin(), all_.end(), stream) == all_.end()) add(stream);
  known = stream;
  // A lent stream may be destroyed once it is no one's.
  if (former && !is_own(*former) && std::find(streams_.begin(), streams_.end(), former) == streams_.end())
    std::erase(all_, *former);
}

bool Streams::is_own(cudaStream_t stream) const { return std::find(own_.begin(), own_.end(), stream) != own_.end(); }

void Streams::order(cudaStream_t before, cudaStream_t after) {
  if (before == after) return;
  VRAMLAB_CUDA_CHECK(cudaEventRecord(order_, before));
  VRAMLAB_CUDA_CHECK(cudaStreamWaitEvent(after, order_, 0));
}

void Streams::synchronize() const {
  for (const cudaStream_t stream : all_) VRAMLAB_CUDA_CHECK(cudaStreamSynchronize(stream));
}

}  // namespace vramlab
