#include "engine/cuda/pinned_pool.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"

namespace vramlab {
namespace {
constexpr Bytes host_page = 4_KiB;
}

PinnedPool::~PinnedPool() {
  for (const auto& [bytes, memory] : kept_) static_cast<void>(cudaFreeHost(memory));
  for (const auto& [memory, bytes] : given_) static_cast<void>(cudaFreeHost(memory));
}

void* PinnedPool::take(Bytes bytes) {
  if (bytes > max_object_bytes) return nullptr;
  const Bytes rounded = round_up(std::max(bytes, Bytes(1)), host_page);
  void* memory = reuse(rounded);
  if (memory == nullptr) memory = pin(rounded);
  return memory;
}

void* PinnedPool::reuse(Bytes bytes) {
  const auto fit = kept_.lower_bound(bytes);
  if (fit == kept_.end() || fit->first > bytes * 2) return nullptr;
  void* const memory = fit->second;
  given_.emplace(memory, fit->first);
  kept_.erase(fit);
  return memory;
}

void* PinnedPool::pin(Bytes bytes) {
  if (bytes > limit_) return nullptr;
  while (pinned_ > limit_ - bytes)
    if (!unpin_largest_kept()) return nullptr;
  void* memory = nullptr;
  const auto detail = [&] { return fmt::format("pinning {} bytes beside {}", bytes.value, pinned_.value); };
  while (out_of_memory(cudaHostAlloc(&memory, bytes.value, cudaHostAllocPortable), "cudaHostAlloc", detail))
    if (!unpin_largest_kept()) return nullptr;
  given_.emplace(memory, bytes);
  pinned_ += bytes;
  ++pinnings_;
  return memory;
}

bool PinnedPool::unpin_largest_kept() {
  if (kept_.empty()) return false;
  const auto largest = std::prev(kept_.end());
  VRAMLAB_CUDA_CHECK(cudaFreeHost(largest->second));
  pinned_ -= largest->first;
  kept_.erase(largest);
  return true;
}

void PinnedPool::give_back(void* memory) {
  const auto given = given_.find(memory);
  if (given == given_.end()) throw DeviceError("pinned memory given back that was not taken");
  kept_.emplace(given->second, memory);
  given_.erase(given);
}

}  // namespace vramlab
