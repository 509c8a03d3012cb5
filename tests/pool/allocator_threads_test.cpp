// The allocator under many threads at once: no two live blocks overlap, nothing is lost, counts add up. Run with
// ThreadSanitizer by `./dev check`.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "allocator_harness.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

using testing::AllocatorHarness;
using testing::NamedValues;

constexpr std::uint16_t threads = 4, streams = 3;

/// One word for each 4 KiB of addresses: which block has all of it. Whoever gets a block marks it, whoever gives one up
/// clears it before the free. Orders nothing between threads, so that a race does not hide behind it.
class ShadowMap {
 public:
  explicit ShadowMap(Address base) : base_(base) {}

  void mark(Address at, Bytes bytes) { replace(at, bytes, 0, at.value); }
  void clear(Address at, Bytes bytes) { replace(at, bytes, at.value, 0); }
  std::uint64_t overlaps() const { return overlaps_; }

 private:
  static constexpr std::uint64_t granule = 4096;

  void replace(Address at, Bytes bytes, std::uint64_t from, std::uint64_t to) {
    const std::uint64_t begin = at.value - base_.value, end = begin + bytes.value;
    for (std::uint64_t i = (begin + granule - 1) / granule; i < end / granule; ++i)
      if (words_.at(i).exchange(to, std::memory_order_relaxed) != from) ++overlaps_;
  }

  Address base_;
  std::vector<std::atomic<std::uint64_t>> words_ = std::vector<std::atomic<std::uint64_t>>(1 << 23);
  std::atomic<std::uint64_t> overlaps_{0};
};

struct Owned {
  Address at{};
  Bytes bytes{};
};

/// Blocks that threads hand to each other.
class Exchange {
 public:
  void put(const Owned& block) {
    const std::lock_guard guard(mutex_);
    blocks_.push_back(block);
  }
  bool take(Owned& block) {
    const std::lock_guard guard(mutex_);
    if (blocks_.empty()) return false;
    block = blocks_.back();
    blocks_.pop_back();
    return true;
  }

 private:
  std::mutex mutex_;
  std::vector<Owned> blocks_;
};

/// What all threads of a test share.
struct Arena {
  Arena(std::string_view pool, const NamedValues& options)
      : h(capacity, options, pool), shadow(Address(std::uint64_t{1} << 44)) {}

  static constexpr Bytes capacity = 256_MiB;
  AllocatorHarness h;
  ShadowMap shadow;
  Exchange exchange;
  std::atomic<std::uint64_t> allocated{0}, freed{0}, refused{0}, misused{0};
};

/// One thread: does what a seeded draw says.
class Worker {
 public:
  Worker(Arena& arena, std::uint32_t seed) : arena_(arena), allocator_(arena.h.allocator), state_(seed * 2 + 1) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    while (!mine_.empty()) release(draw(3) == 0);
  }

 private:
  std::uint32_t draw(std::uint32_t end) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state_ >> 33) % end;
  }
  StreamId stream() { return StreamId(static_cast<std::uint16_t>(draw(streams))); }
  Bytes size() { return Bytes(1 + (draw(1000) << draw(12))); }  // to 4 MiB

  void step() {
    switch (draw(16)) {
      case 0:
        return take_batch();
      case 1:
        return rare();
      case 2:
        return take_over();
      case 3:
        return misuse();
      default:
        return mine_.size() > 30 || (!mine_.empty() && draw(2) == 0) ? release(false) : take();
    }
  }

  void own(Address at, Bytes bytes) {
    arena_.shadow.mark(at, bytes);
    mine_.push_back({at, bytes});
    ++arena_.allocated;
  }
  void take() {
    const Bytes bytes = size();
    try {
      own(allocator_.allocate(bytes, stream()), bytes);
    } catch (const OutOfMemory&) {
      ++arena_.refused;
    }
  }
  void take_batch() {
    const std::array<Bytes, 4> sizes{size(), size(), size(), size()};
    try {
      const std::vector<Address> blocks = allocator_.allocate_batch(sizes, stream());
      for (std::size_t i = 0; i < sizes.size(); ++i) own(blocks[i], sizes[i]);
    } catch (const OutOfMemory&) {
      ++arena_.refused;
    }
  }
  /// To another thread, or freed, on the block's stream or another.
  void release(bool hand_over) {
    const std::size_t which = draw(static_cast<std::uint32_t>(mine_.size()));
    const Owned block = mine_[which];
    mine_[which] = mine_.back();
    mine_.pop_back();
    if (hand_over || draw(5) == 0) return arena_.exchange.put(block);
    give_up(block);
  }
  void give_up(const Owned& block) {
    if (draw(6) == 0) allocator_.record_stream(block.at, stream());
    arena_.shadow.clear(block.at, block.bytes);
    ++arena_.freed;
    if (draw(6) == 0) return allocator_.free(block.at, StreamId(0));
    allocator_.free(block.at);
  }
  void take_over() {
    Owned block;
    if (arena_.exchange.take(block)) give_up(block);
  }
  void rare() {
    switch (draw(8)) {
      case 0:
        return allocator_.empty_cache();
      case 1:
        return allocator_.pressure(900);
      case 2:
        return allocator_.pressure(100);
      case 3:
        return static_cast<void>(allocator_.optimize());
      case 4:
        return check_statistics();
      default:
        static_cast<void>(allocator_.poll(arena_.h.device));
    }
  }
  // Counts never fall, and no free is counted before its allocation.
  void check_statistics() {
    const AllocatorStats stats = allocator_.statistics();
    EXPECT_GE(stats.allocations, seen_.allocations);
    EXPECT_GE(stats.frees, seen_.frees);
    EXPECT_GE(stats.allocations, stats.frees);
    EXPECT_LE(stats.reserved, Arena::capacity);
    seen_ = stats;
  }
  // Of a block that this thread has live: nobody else changes it meanwhile.
  void misuse() {
    if (mine_.empty()) return;
    try {
      allocator_.free(mine_.front().at + 8_B);
      ADD_FAILURE() << "an interior pointer was freed";
    } catch (const PoolError&) {
      ++arena_.misused;
    }
  }

  Arena& arena_;
  Allocator& allocator_;
  std::uint64_t state_;
  std::vector<Owned> mine_;
  AllocatorStats seen_;
};

void run_all(Arena& arena, int steps) {
  arena.h.allocator.attach_run(arena.h.device);
  for (std::uint16_t s = 0; s < streams; ++s)
    arena.h.allocator.free(arena.h.allocator.allocate(1_B, StreamId(s)));  // free(at, stream) knows them all
  const AllocatorStats begin = arena.h.allocator.statistics();
  {
    std::vector<std::jthread> running;
    for (std::uint32_t t = 0; t < threads; ++t)
      running.emplace_back([&arena, t, steps] { Worker(arena, t).run(steps); });
  }
  Owned left;
  while (arena.exchange.take(left)) {
    arena.shadow.clear(left.at, left.bytes);
    arena.h.allocator.free(left.at);
    ++arena.freed;
  }
  EXPECT_EQ(arena.shadow.overlaps(), 0u);
  const AllocatorStats stats = arena.h.allocator.statistics();
  EXPECT_EQ(stats.allocations - begin.allocations, arena.allocated);
  EXPECT_EQ(stats.frees - begin.frees, arena.freed);
  EXPECT_EQ(stats.live_blocks(), 0u);
  EXPECT_EQ(stats.live, 0_B);
  EXPECT_EQ(stats.requested, 0_B);
  EXPECT_GT(arena.misused, 0u);
  arena.h.allocator.validate();
  arena.h.device.synchronize();
  arena.h.allocator.poll(arena.h.device);
  EXPECT_EQ(arena.h.allocator.statistics().parked, 0_B);
  arena.h.allocator.empty_cache();
  EXPECT_EQ(arena.h.port.reserved(), 0_B);
  arena.h.allocator.validate();
}

TEST(AllocatorThreads, NoTwoLiveBlocksOverlapAndNothingIsLost) {
  Arena arena("segment-block", {{"stream_blocks", "20"}, {"stream_bytes", "8MiB"}});
  run_all(arena, 4000);
}

TEST(AllocatorThreads, HoldsOverTheModelOfPyTorchToo) {
  Arena arena("pytorch", {{"cached_size", "256KiB"}, {"stream_blocks", "20"}});
  run_all(arena, 2000);
}

TEST(AllocatorThreads, HoldsWithItsHistory) {
  Arena arena("segment-block", {{"debug_history", "true"}, {"history_events", "1000"}});
  run_all(arena, 1000);
  EXPECT_EQ(arena.h.allocator.history()->events().size(), 1000u);
}

TEST(AllocatorThreads, AsynchronousRequestsFromManyThreadsAreAllServed) {
  AllocatorHarness h(1_GiB);
  std::atomic<std::uint64_t> served{0};
  {
    std::vector<std::jthread> running;
    for (std::uint16_t t = 0; t < threads; ++t)
      running.emplace_back([&h, &served, t] {
        for (int i = 0; i < 100; ++i) {
          h.allocator.free(h.allocator.allocate_async(Bytes(1 + i * 1000), StreamId(t)).get());
          ++served;
        }
      });
  }
  EXPECT_EQ(served, 100u * threads);
  EXPECT_EQ(h.allocator.statistics().allocations, 100u * threads);
  h.allocator.validate();
}

// Shut down while threads call: each call either succeeds or says that it came too late.
TEST(AllocatorThreads, AShutdownMayComeAtAnyMoment) {
  AllocatorHarness h(1_GiB);
  std::atomic<bool> began{false};
  {
    std::vector<std::jthread> running;
    for (std::uint16_t t = 0; t < threads; ++t)
      running.emplace_back([&h, &began, t] {
        try {
          for (;;) {
            h.allocator.free(h.allocator.allocate(4_KiB, StreamId(t)));
            began = true;
          }
        } catch (const PoolError& error) {
          EXPECT_NE(std::string(error.what()).find("shut down"), std::string::npos);
        }
      });
    while (!began) std::this_thread::yield();
    h.allocator.shutdown();
  }
  h.allocator.validate();
}

}  // namespace
}  // namespace vramlab
