#pragma once
// The codec's kernels on the CPU: a thread of the GPU is a context of its own, and they take turns where they meet. The
// order of turns can be chosen, so that what is right in one order only shows. Include it in one file of a program.

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "engine/cuda/padic_lanes.cuh"

namespace vramlab::testing {

/// Blocks of threads that run together.
class Lanes {
 public:
  /// Each of `blocks` blocks calls `kernel`; `together` of them are under way at a time. Seed 0: turns in ascending
  /// order, 1: in descending, others: at random.
  static void run(std::uint32_t threads, std::uint32_t blocks, std::uint32_t together, std::uint32_t seed,
                  const std::function<void(std::uint32_t slot)>& kernel) {
    for (std::uint32_t first = 0; first < blocks; first += together)
      Lanes(threads, first, std::min(together, blocks - first), blocks, seed, kernel).go();
  }

  static Lanes& world() { return *current_world(); }
  std::uint32_t thread() const { return now_->index % threads_; }
  std::uint32_t threads() const { return threads_; }
  std::uint32_t block() const { return first_ + now_->index / threads_; }
  std::uint32_t blocks() const { return blocks_; }

  /// Waits until all of the warp have come, and gives what each brought.
  const std::uint32_t* meet_warp(std::uint32_t value) { return meet(warps_[now_->index / 32], 32, value); }
  void meet_block() { meet(meetings_[now_->index / threads_], threads_, 0); }
  void yield() {
    if (++idle_ > 100'000'000) std::abort();  // they wait for each other
    if (_setjmp(now_->at) != 0) return;
    now_ = next();
    _longjmp(now_->at, 1);
  }

 private:
  struct Thread {
    std::uint32_t index = 0;
    bool done = false;
    jmp_buf at;
    ucontext_t start;
    std::unique_ptr<char[]> stack;
  };
  struct Meeting {
    std::uint32_t arrived = 0, generation = 0;
    std::vector<std::uint32_t> values[2];
  };
  static constexpr std::size_t stack_bytes = 64 << 10;

  Lanes(std::uint32_t threads, std::uint32_t first, std::uint32_t together, std::uint32_t blocks, std::uint32_t seed,
        const std::function<void(std::uint32_t)>& kernel)
      : threads_(threads),
        first_(first),
        blocks_(blocks),
        kernel_(kernel),
        all_(threads * together),
        warps_(threads * together / 32),
        meetings_(together),
        order_(threads * together) {
    std::iota(order_.begin(), order_.end(), 0U);
    if (seed == 1) std::reverse(order_.begin(), order_.end());
    if (seed > 1) std::shuffle(order_.begin(), order_.end(), std::mt19937(seed));
    for (Meeting& warp : warps_)
      for (auto& values : warp.values) values.resize(32);
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
      all_[i].index = i;
      all_[i].stack.reset(new char[stack_bytes]);
    }
  }
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  static Lanes*& current_world() {
    static Lanes* world = nullptr;
    return world;
  }
  static void enter() {
    Lanes& lanes = world();
    Thread& own = *lanes.now_;
    if (_setjmp(own.at) == 0) swapcontext(&own.start, &lanes.main_);
    lanes.kernel_(own.index / lanes.threads_);
    own.done = true;
    ++lanes.finished_;
    if (lanes.finished_ == lanes.all_.size()) _longjmp(lanes.end_, 1);
    lanes.now_ = lanes.next();
    _longjmp(lanes.now_->at, 1);
  }
  void go() {
    current_world() = this;
    for (Thread& thread : all_) {
      now_ = &thread;
      getcontext(&thread.start);
      thread.start.uc_stack.ss_sp = thread.stack.get();
      thread.start.uc_stack.ss_size = stack_bytes;
      thread.start.uc_link = nullptr;
      makecontext(&thread.start, &Lanes::enter, 0);
      swapcontext(&main_, &thread.start);
    }
    if (_setjmp(end_) == 0) {
      now_ = &all_[order_[0]];
      _longjmp(now_->at, 1);
    }
    current_world() = nullptr;
  }
  Thread* next() {
    do turn_ = turn_ + 1 == order_.size() ? 0 : turn_ + 1;
    while (all_[order_[turn_]].done);
    return &all_[order_[turn_]];
  }
  const std::uint32_t* meet(Meeting& meeting, std::uint32_t count, std::uint32_t value) {
    const std::uint32_t generation = meeting.generation;
    auto& values = meeting.values[generation & 1];
    if (!values.empty()) values[now_->index % 32] = value;
    if (++meeting.arrived == count) {
      meeting.arrived = 0;
      ++meeting.generation;
      idle_ = 0;
    } else {
      while (meeting.generation == generation) yield();
    }
    return values.data();
  }

  std::uint32_t threads_, first_, blocks_;
  const std::function<void(std::uint32_t)>& kernel_;
  std::vector<Thread> all_;
  std::vector<Meeting> warps_, meetings_;
  std::vector<std::uint32_t> order_;
  std::size_t turn_ = 0, finished_ = 0;
  std::uint64_t idle_ = 0;
  Thread* now_ = nullptr;
  ucontext_t main_;
  jmp_buf end_;
};

}  // namespace vramlab::testing

namespace vramlab::padic::gpu {

using testing::Lanes;

inline u32 thread_index() { return Lanes::world().thread(); }
inline u32 block_threads() { return Lanes::world().threads(); }
inline u32 block_index() { return Lanes::world().block(); }
inline u32 grid_blocks() { return Lanes::world().blocks(); }
inline void sync_block() { Lanes::world().meet_block(); }
inline void sync_warp() { Lanes::world().meet_warp(0); }
inline u32 shuffle(u32 value, u32 source) { return Lanes::world().meet_warp(value)[source % 32]; }
inline void pause() { Lanes::world().yield(); }

template <class F>
u32 over_warp(u32 value, F f) {
  const u32* all = Lanes::world().meet_warp(value);
  u32 result = all[0];
  for (u32 i = 1; i < 32; ++i) result = f(result, all[i]);
  return result;
}
inline u32 warp_sum(u32 value) {
  return over_warp(value, [](u32 a, u32 b) { return a + b; });
}
inline u32 warp_least(u32 value) {
  return over_warp(value, [](u32 a, u32 b) { return a < b ? a : b; });
}
inline u32 warp_most(u32 value) {
  return over_warp(value, [](u32 a, u32 b) { return a > b ? a : b; });
}
inline u32 warp_or(u32 value) {
  return over_warp(value, [](u32 a, u32 b) { return a | b; });
}
inline u32 ballot(bool vote) {
  const u32* all = Lanes::world().meet_warp(vote ? 1U : 0U);
  u32 result = 0;
  for (u32 i = 0; i < 32; ++i) result |= all[i] << i;
  return result;
}

}  // namespace vramlab::padic::gpu
