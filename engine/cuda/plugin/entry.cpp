#include "engine/cuda/plugin/entry.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/core/error.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/plugin/telling.h"
#include "engine/cuda/plugin/torch_error.h"
#include "engine/cuda/plugin/worlds.h"

namespace {

using namespace vramlab;
using namespace vramlab::plugin;

WorldParts make_parts(int gpu) {
  CudaOptions options;
  options.device = gpu;
  std::unique_ptr<CudaDevice> device = make_cuda_device(options);
  CudaDevice* const cuda = device.get();
  return {.device = std::move(device),
          .addresses = cuda,
          .memory = cuda->info().memory,
          .name = cuda->info().name,
          .introduce = [cuda](StreamId id, void* stream) { cuda->use_stream(id, stream); }};
}

const char* variable(const char* name) { return std::getenv(name); }

Worlds& make_worlds() {
  Worlds& made = *new Worlds(make_parts, variable);  // stays until the process is gone
  made.close_in_forked_children();
  return made;
}

Worlds& worlds = make_worlds();

void close_worlds() { worlds.close(); }

// Runs before the device's own end of the process: registered after it, at the first allocation.
void close_at_exit() {
  static const int registered = std::atexit(close_worlds);
  static_cast<void>(registered);
}

World& first_use(int gpu) {
  World& world = worlds.of(gpu);
  close_at_exit();
  return world;
}

char* copy_of(const std::string& text) { return strdup(text.c_str()); }

/// Null where `tell` finds nothing or fails, which stderr tells.
template <class Tell>
char* told(Tell&& tell) noexcept {
  try {
    const std::string text = tell();
    return text.empty() ? nullptr : copy_of(text);
  } catch (const std::exception& error) {
    fmt::print(stderr, "vramlab: {}\n", error.what());
    return nullptr;
  }
}

[[noreturn]] void report_out_of_memory(const char* text) {
  fmt::print(stderr, "vramlab: {}\n", text);
  throw_out_of_memory(text);
}

}  // namespace

void* vramlab_alloc(std::size_t bytes, int gpu, void* stream) {
  try {
    World* world = worlds.find(gpu);
    if (world == nullptr) [[unlikely]]
      world = &first_use(gpu);
    return world->allocate(bytes, stream);
  } catch (const OutOfMemory& error) {
    report_out_of_memory(error.what());
  }
}

void vramlab_free(void* pointer, std::size_t bytes, int gpu, void*) {
  World* const world = worlds.find(gpu);
  if (world == nullptr) [[unlikely]]
    return;  // the process ends, or is the child of a fork
  try {
    world->free(pointer, bytes);
  } catch (const std::exception& error) {
    fmt::print(stderr, "vramlab: {}\n", error.what());
  }
}

void vramlab_record_stream(void* pointer, void* stream) {
  if (pointer == nullptr) return;
  World* const world = worlds.with_block(pointer);
  if (world == nullptr)
    throw PoolError(fmt::format("record_stream of {}, which is memory of nobody here", fmt::ptr(pointer)));
  world->record_stream(pointer, stream);
}

void vramlab_init(int) {}

void vramlab_reset() {
  for (World* world : worlds.all()) world->empty_cache();
}

void vramlab_memory_fraction(double fraction, int gpu) { first_use(gpu).set_memory_fraction(fraction); }

void* vramlab_base_alloc(void* pointer, std::size_t* bytes) {
  World* const world = worlds.holding(pointer);
  return world != nullptr ? world->base_of(pointer, bytes) : pointer;
}

void vramlab_begin_allocate_to_pool(int, unsigned long long, unsigned long long, void*) {
  throw PoolError("CUDA graphs and torch.cuda.MemPool need memory pools of their own, which vramlab does not have yet",
                  {}, "run without graphs (torch.compile without mode='reduce-overhead'), or without vramlab");
}

void vramlab_end_allocate_to_pool(int, unsigned long long, unsigned long long) {}
void vramlab_release_pool(int, unsigned long long, unsigned long long) {}

char* vramlab_check_environment() {
  return told([] {
    try {
      WorldSettings::from(variable);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  });
}

char* vramlab_stats(int gpu) {
  return told([gpu] {
    const World* world = worlds.find(gpu);
    return world != nullptr ? stats_json(world->stats()) : std::string();
  });
}

char* vramlab_snapshot(int gpu) {
  return told([gpu] {
    const World* world = worlds.find(gpu);
    return world != nullptr ? snapshot_json(*world) : std::string();
  });
}

char* vramlab_footprint() {
  return told([] {
    std::string text;
    for (World* world : worlds.all()) {
      world->finish();
      text += footprint_text(*world);
    }
    return text;
  });
}

void vramlab_reset_peaks(int gpu) {
  if (World* world = worlds.find(gpu)) world->reset_peaks();
}

void vramlab_close() {
  told([] {
    worlds.close();
    return std::string();
  });
}

void vramlab_free_text(char* text) { std::free(text); }
