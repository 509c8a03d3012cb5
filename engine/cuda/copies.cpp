#include "engine/cuda/copies.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"

namespace vramlab {
namespace {

// The disk is far slower than the link: parts of this size cost a few percent for not overlapping the two.
constexpr Bytes buffer_bytes = 16_MiB;

// Runs between two copies of a stream, on a thread of the driver.
struct DiskStep {
  DiskTier* disk;
  std::byte* memory;
  std::uint64_t offset;
  std::size_t bytes;
  bool write;

  static void run(void* step) {
    const std::unique_ptr<const DiskStep> self(static_cast<const DiskStep*>(step));
    if (self->write) {
      self->disk->write(self->memory, self->offset, self->bytes);
    } else {
      self->disk->read(self->memory, self->offset, self->bytes);
    }
  }
};

void put_disk_step(cudaStream_t stream, const DiskStep& step) {
  auto own = std::make_unique<DiskStep>(step);
  VRAMLAB_CUDA_CHECK(cudaLaunchHostFunc(stream, DiskStep::run, own.get()));
  static_cast<void>(own.release());
}

}  // namespace

Copies::~Copies() {
  for (std::byte* const buffer : buffers_)
    if (buffer != nullptr) static_cast<void>(cudaFreeHost(buffer));
}

void Copies::put(cudaStream_t stream, const Transfer& transfer) {
  const bool disk = transfer.from.tier == Tier::disk || transfer.to.tier == Tier::disk;
  if (transfer.bytes.value == 0) return;
  disk ? put_through_buffer(stream, transfer) : put_direct(stream, transfer);
}

void Copies::put_direct(cudaStream_t stream, const Transfer& transfer) {
  std::byte* const from = at(transfer.from, transfer.bytes);
  std::byte* const to = at(transfer.to, transfer.bytes);
  const auto on = [&](Tier tier) { return tier == Tier::peer ? peer_.value_or(device_) : device_; };
  const auto detail = [&] {
    return fmt::format("{} bytes from segment {} to segment {}; {}", transfer.bytes.value, transfer.from.segment.value,
                       transfer.to.segment.value, memory_.state());
  };
  if (transfer.from.tier == Tier::host || transfer.to.tier == Tier::host || transfer.from.tier == transfer.to.tier) {
    VRAMLAB_CUDA_CHECK_WITH(cudaMemcpyAsync(to, from, transfer.bytes.value, cudaMemcpyDefault, stream), detail());
  } else {
    VRAMLAB_CUDA_CHECK_WITH(
        cudaMemcpyPeerAsync(to, on(transfer.to.tier), from, on(transfer.from.tier), transfer.bytes.value, stream),
        detail());
  }
}

std::byte* Copies::buffer_for(bool to_disk) {
  std::byte*& buffer = buffers_[to_disk ? 1 : 0];
  if (buffer == nullptr) {
    void* memory = nullptr;
    VRAMLAB_CUDA_CHECK_WITH(cudaHostAlloc(&memory, buffer_bytes.value, cudaHostAllocPortable),
                            fmt::format("{} bytes to reach the disk through; {}", buffer_bytes.value, memory_.state()));
    buffer = static_cast<std::byte*>(memory);
  }
  return buffer;
}

// Part after part: the stream keeps one from overwriting the buffer before the other has left it.
void Copies::put_through_buffer(cudaStream_t stream, const Transfer& transfer) {
  for (const TransferEnd* const end : {&transfer.from, &transfer.to})
    if (end->tier != Tier::disk)
      static_cast<void>(at(*end, transfer.bytes));
    else
      static_cast<void>(memory_.disk_offset(end->segment, end->offset, transfer.bytes));
  std::byte* const buffer = buffer_for(transfer.to.tier == Tier::disk);
  for (Bytes done{}; done < transfer.bytes; done += buffer_bytes) {
    const Bytes part = std::min(buffer_bytes, transfer.bytes - done);
    put_part(stream, transfer.from, true, buffer, done, part);
    put_part(stream, transfer.to, false, buffer, done, part);
  }
}

void Copies::put_part(cudaStream_t stream, const TransferEnd& end, bool into_buffer, std::byte* buffer, Bytes done,
                      Bytes part) {
  if (end.tier == Tier::disk) {
    const std::uint64_t offset = memory_.disk_offset(end.segment, end.offset + done, part);
    return put_disk_step(stream, {&memory_.disk(), buffer, offset, part.value, !into_buffer});
  }
  std::byte* const there = memory_.pointer(end.segment, end.tier, end.offset + done, part);
  VRAMLAB_CUDA_CHECK_WITH(cudaMemcpyAsync(into_buffer ? buffer : there, into_buffer ? there : buffer, part.value,
                                          cudaMemcpyDefault, stream),
                          fmt::format("{} bytes of segment {}; {}", part.value, end.segment.value, memory_.state()));
}

}  // namespace vramlab
