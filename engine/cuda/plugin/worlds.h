#pragma once
// The worlds of a process, one a GPU, made when first used and never destroyed: blocks are freed until the very end.

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/cuda/plugin/world.h"

namespace vramlab::plugin {

/// THREAD-SAFETY: any thread.
class Worlds {
 public:
  static constexpr int most_gpus = 64;
  using Make = std::function<WorldParts(int gpu)>;

  Worlds(Make make, std::function<const char*(const char*)> environment)
      : make_(std::move(make)), environment_(std::move(environment)) {}

  /// The world of `gpu`, made if it is not there. Throws PoolError after close() and in the child of a fork,
  /// ConfigError for what the environment says wrong, and what making the device throws.
  World& of(int gpu) {
    if (World* world = find(gpu)) [[likely]]
      return *world;
    return open(gpu);
  }
  /// Null where there is none (any more).
  World* find(int gpu) const {
    return static_cast<unsigned>(gpu) < most_gpus ? open_[static_cast<unsigned>(gpu)].load(std::memory_order_acquire)
                                                  : nullptr;
  }
  /// The world of the block that begins at `pointer`, and the one in whose memory it lies; null where there is none.
  World* with_block(const void* pointer) const;
  World* holding(void* pointer) const;
  std::vector<World*> all() const;

  /// Ends recordings. From now on nothing is allocated, and frees are passed over.
  void close();
  bool is_closed() const { return state_.load() == State::closed; }

  /// In the child of a fork, from now on: no world is there any more, and why is told. One object of a process.
  void close_in_forked_children();

 private:
  enum class State { open, closed, forked };

  World& open(int gpu);
  void drop(State state);
  static void after_fork_in_child();

  const Make make_;
  const std::function<const char*(const char*)> environment_;
  std::array<std::atomic<World*>, most_gpus> open_{};
  std::atomic<State> state_{State::open};
  std::mutex mutex_;
  std::vector<std::unique_ptr<World>> worlds_;  // never shrinks
};

}  // namespace vramlab::plugin
