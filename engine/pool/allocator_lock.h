#pragma once
// The lock of one stream's cache, and that of the pool behind them. A byte: taken by one exchange, given back by one
// store, so that a call which meets nobody pays a few nanoseconds.

#include <atomic>

namespace vramlab {

/// A BasicLockable. Whoever waits spins a little, then yields, then sleeps: device calls are made under it.
/// THREAD-SAFETY: its purpose.
class SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() {
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      lock_slow();
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  void lock_slow();

  std::atomic<bool> held_{false};
};

}  // namespace vramlab
