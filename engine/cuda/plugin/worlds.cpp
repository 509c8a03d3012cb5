#include "engine/cuda/plugin/worlds.h"

#include <fmt/format.h>
#include <pthread.h>

#include <bit>
#include <cstdint>

#include "engine/core/error.h"

namespace vramlab::plugin {
namespace {

std::atomic<Worlds*> guarded{nullptr};

/// "out.vlt" -> "out.gpu1.vlt": the second GPU of a process has a recording of its own.
std::string with_gpu(const std::string& path, int gpu) {
  const std::size_t slash = path.rfind('/');
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) dot = path.size();
  return fmt::format("{}.gpu{}{}", path.substr(0, dot), gpu, path.substr(dot));
}

}  // namespace

World& Worlds::open(int gpu) {
  if (state_.load() == State::forked)
    throw PoolError("the process that used the GPU was forked, and a GPU does not work in its children", {},
                    "start processes with multiprocessing's method 'spawn' or 'forkserver'");
  if (state_.load() == State::closed) throw PoolError("the allocator was shut down: the program is about to end");
  if (gpu < 0 || gpu >= most_gpus) throw PoolError(fmt::format("GPU {} is none", gpu));
  const std::lock_guard guard(mutex_);
  if (World* world = find(gpu)) return *world;
  WorldSettings settings = WorldSettings::from(environment_);
  if (!settings.record.empty() && !worlds_.empty()) settings.record = with_gpu(settings.record, gpu);
  worlds_.push_back(std::make_unique<World>(gpu, make_(gpu), settings));
  open_[static_cast<unsigned>(gpu)].store(worlds_.back().get(), std::memory_order_release);
  return *worlds_.back();
}

World* Worlds::with_block(const void* pointer) const {
  for (const std::atomic<World*>& slot : open_) {
    World* const world = slot.load(std::memory_order_acquire);
    if (world != nullptr && world->has_block(pointer)) return world;
  }
  return nullptr;
}

World* Worlds::holding(void* pointer) const {
  const auto number = std::bit_cast<std::uintptr_t>(pointer);
  for (World* world : all()) {
    std::size_t bytes = 0;
    const auto base = std::bit_cast<std::uintptr_t>(world->base_of(pointer, &bytes));
    if (number - base < bytes) return world;
  }
  return nullptr;
}

std::vector<World*> Worlds::all() const {
  std::vector<World*> worlds;
  for (const std::atomic<World*>& slot : open_)
    if (World* world = slot.load(std::memory_order_acquire)) worlds.push_back(world);
  return worlds;
}

void Worlds::drop(State state) {
  state_.store(state);
  for (std::atomic<World*>& slot : open_) slot.store(nullptr, std::memory_order_release);
}

void Worlds::close() {
  const std::vector<World*> worlds = all();
  drop(State::closed);
  for (World* world : worlds) world->finish();
}

void Worlds::close_in_forked_children() {
  if (guarded.exchange(this) == nullptr) pthread_atfork(nullptr, nullptr, after_fork_in_child);
}

// Nothing of a world is touched: its locks may be held by threads that are not there any more.
void Worlds::after_fork_in_child() {
  Worlds* worlds = guarded.load();
  if (worlds != nullptr && !worlds->all().empty()) worlds->drop(State::forked);
}

}  // namespace vramlab::plugin
