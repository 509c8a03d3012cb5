#pragma once
// One GPU of a program that allocates through us: its device, its Port, its pool, and the allocator in front.

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cuda/plugin/follower.h"
#include "engine/cuda/plugin/guarded_device.h"
#include "engine/cuda/plugin/segment_book.h"
#include "engine/cuda/plugin/stream_map.h"
#include "engine/cuda/plugin/world_settings.h"
#include "engine/pool/allocator.h"

namespace vramlab::plugin {

/// A sum that remembers its greatest value.
/// THREAD-SAFETY: any thread.
class PeakCounter {
 public:
  void add(std::uint64_t more) {
    const std::uint64_t now = now_.fetch_add(more, std::memory_order_relaxed) + more;
    std::uint64_t peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }
  void subtract(std::uint64_t less) { now_.fetch_sub(less, std::memory_order_relaxed); }
  void reset_peak() { peak_.store(now_.load(std::memory_order_relaxed), std::memory_order_relaxed); }
  Bytes now() const { return Bytes(now_.load(std::memory_order_relaxed)); }
  Bytes peak() const { return Bytes(peak_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<std::uint64_t> now_{0}, peak_{0};
};

/// What a world is made of.
struct WorldParts {
  std::unique_ptr<RunnableDevice> device;
  const AddressSource* addresses = nullptr;  ///< of `device`; null = the Port assigns addresses
  Bytes memory{};                            ///< of the GPU
  std::string name;                          ///< of the GPU
  StreamMap::Introduce introduce;            ///< tells `device` of a stream
};

/// Bytes; peaks since the last reset_peaks(), `top_` ones since the beginning.
struct WorldStats {
  AllocatorStats allocator;
  Bytes requested{}, peak_requested{}, top_requested{};
  Bytes reserved{}, peak_reserved{}, top_reserved{};
  std::uint64_t segments = 0, segments_taken = 0, segments_given_back = 0;
  std::uint64_t device_calls = 0, ooms = 0, bad_frees = 0;
  std::optional<Bytes> pytorch_reserved;  ///< what PyTorch's own allocator would hold at most; where it is followed
};

/// What the world holds at a moment.
struct WorldSnapshot {
  std::vector<HeldSegment> segments;
  std::vector<BlockRecord> blocks;  ///< in the order of addresses
  std::vector<AllocationEvent> events;
};

/// THREAD-SAFETY: any thread, but the destructor.
class World {
 public:
  /// Throws what making the pool throws, and ConfigError where the recording cannot be written.
  World(int gpu, WorldParts parts, const WorldSettings& settings);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Null for 0 bytes. Throws OutOfMemory whose text begins as PyTorch's own does, with who holds what.
  void* allocate(std::size_t bytes, void* stream) {
    if (bytes == 0) [[unlikely]]
      return nullptr;
    if (has_upkeep()) [[unlikely]]
      upkeep();
    const StreamId id = streams_.of(stream);
    void* const pointer = serve(bytes, id);
    requested_.add(bytes);
    return pointer;
  }
  /// `bytes` as they were asked for. Throws PoolError where no block begins at `pointer`; null is passed over.
  void free(void* pointer, std::size_t bytes);
  /// `stream` uses the block too.
  void record_stream(void* pointer, void* stream);

  /// Gives caches back to the device; waits for those who still use them.
  void empty_cache();
  /// At most this part of the GPU's memory from now on. Throws ConfigError outside of 0 to 1.
  void set_memory_fraction(double fraction);
  /// The segment that `pointer` lies in, and its size; `pointer` itself and 0 where it is none of ours.
  void* base_of(void* pointer, std::size_t* bytes);

  WorldStats stats() const;
  void reset_peaks();
  WorldSnapshot snapshot() const;
  /// Ends the recording. Later requests are served, and not recorded.
  void finish();

  int gpu() const { return gpu_; }
  const std::string& gpu_name() const { return name_; }
  std::string_view pool_name() const { return info_.name; }
  const std::string* record() const { return follower_ && !follower_->path().empty() ? &follower_->path() : nullptr; }
  /// Whether one of its blocks begins at `pointer`.
  bool has_block(const void* pointer) const;
  Allocator& allocator() { return allocator_; }
  const StreamMap& streams() const { return streams_; }

 private:
  static constexpr std::uint64_t upkeep_every = 64;     // calls, while tokens are pending
  static constexpr std::uint64_t follow_every = 16384;  // calls

  bool has_upkeep() const { return following_.load(std::memory_order_relaxed) || device_.pending() != 0; }
  void upkeep();
  void follow();
  void* serve(std::size_t bytes, StreamId stream);
  [[noreturn]] void out_of_memory(std::size_t bytes, const std::string& what);
  void finish_following() noexcept;

  const int gpu_;
  const std::string name_;
  const Bytes memory_;
  const PoolInfo& info_;
  const std::unique_ptr<RunnableDevice> owned_;
  GuardedDevice device_;
  mutable DecisionLog log_;
  SegmentBook book_;
  Port port_;
  const std::unique_ptr<Pool> pool_;
  Allocator allocator_;
  StreamMap streams_;
  std::unique_ptr<Follower> follower_;
  std::atomic<bool> following_{false};
  std::atomic<std::uint64_t> calls_{0};  // while there is upkeep
  std::atomic<std::uint64_t> ooms_{0}, bad_frees_{0};
  std::atomic<std::uint64_t> top_requested_{0};  // before the last reset
  alignas(64) PeakCounter requested_;
};

}  // namespace vramlab::plugin
