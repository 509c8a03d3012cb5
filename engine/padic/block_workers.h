#pragma once
// Blocks shared out among threads: contiguous ranges, so that results can be put together in order.

#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace vramlab::padic {

/// Threads for `blocks` blocks where `wanted` were asked for (0: as many as the machine has). At least 1.
inline std::uint32_t worker_count(unsigned wanted, std::uint64_t blocks) {
  std::uint64_t most = wanted != 0 ? wanted : std::thread::hardware_concurrency();
  if (most > blocks) most = blocks;
  return most == 0 ? 1U : static_cast<std::uint32_t>(most);
}

/// Calls work(worker, first, last) for each worker's range of blocks; one worker runs on the caller's thread. Throws
/// what the first worker that failed threw, after all have ended.
template <typename Work>
void share_blocks(std::uint32_t workers, std::uint64_t blocks, const Work& work) {
  std::vector<std::exception_ptr> failures(workers);
  const auto run = [&](std::uint32_t worker) {
    try {
      work(worker, blocks * worker / workers, blocks * (worker + 1) / workers);
    } catch (...) {
      failures[worker] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t worker = 1; worker < workers; ++worker) threads.emplace_back(run, worker);
    run(0);
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace vramlab::padic
