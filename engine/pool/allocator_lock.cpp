#include "engine/pool/allocator_lock.h"

#include <chrono>
#include <thread>

namespace vramlab {
namespace {

constexpr unsigned spins = 64;
constexpr unsigned yields = 1024;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

// Reads until the lock looks free, so that waiting does not pull its line from the holder.
void SpinLock::lock_slow() {
  for (unsigned tries = 0;; ++tries) {
    if (!held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire)) return;
    if (tries < spins) {
      relax();
    } else if (tries < spins + yields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

}  // namespace vramlab
