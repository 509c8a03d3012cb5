// Whatever a program asks, in any order: live blocks do not overlap, lie in what is held, and are counted exactly.

#if __has_include("engine/cuda/plugin/world.h")

#include <gtest/gtest.h>

#include <map>

#include "engine/core/error.h"
#include "fake_world.h"
#include "properties.h"

namespace vramlab::test {
namespace {

using plugin::World;
using testing::pick;

/// The program's own books.
class Program {
 public:
  explicit Program(World& world) : world_(world) {}

  void step() {
    switch (pick(0, 12)) {
      case 0:
        return world_.empty_cache();
      case 1:
        return world_.reset_peaks();
      case 2:
        return record();
      case 3:
      case 4:
      case 5:
      case 6:
        return free();
      default:
        return allocate();
    }
  }

  void check() const {
    RC_ASSERT(world_.stats().requested == requested_);
    RC_ASSERT(world_.stats().allocator.live_blocks() == live_.size());
    std::uintptr_t end = 0;
    for (const auto& [at, bytes] : live_) {
      RC_ASSERT(at >= end);
      end = at + bytes;
      std::size_t held = 0;
      const auto base = std::bit_cast<std::uintptr_t>(world_.base_of(std::bit_cast<void*>(at), &held));
      RC_ASSERT(end <= base + held);
    }
    world_.allocator().validate();
  }

 private:
  static void* any_stream() { return stream(pick<std::uintptr_t>(0, 3) * 64); }

  void allocate() {
    const auto bytes =
        *rc::gen::oneOf(rc::gen::inRange<std::size_t>(1, 100'000), rc::gen::inRange<std::size_t>(1 << 20, 30 << 20));
    try {
      void* const block = world_.allocate(bytes, any_stream());
      RC_ASSERT(live_.emplace(std::bit_cast<std::uintptr_t>(block), bytes).second);
      requested_ += Bytes(bytes);
    } catch (const OutOfMemory&) {
      RC_ASSERT(!live_.empty());
    }
  }
  std::map<std::uintptr_t, std::size_t>::iterator any_live() {
    return std::next(live_.begin(), pick<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(live_.size())));
  }
  void free() {
    if (live_.empty()) return;
    const auto block = any_live();
    world_.free(std::bit_cast<void*>(block->first), block->second);
    requested_ -= Bytes(block->second);
    live_.erase(block);
  }
  void record() {
    if (!live_.empty()) world_.record_stream(std::bit_cast<void*>(any_live()->first), any_stream());
  }

  World& world_;
  std::map<std::uintptr_t, std::size_t> live_;
  Bytes requested_{};
};

TEST(WorldProperty, KeepsItsBooksOnEveryPool) {
  EXPECT_TRUE(testing::holds_for(1000, [] {
    const auto pool =
        *rc::gen::element<std::string>("vmm", "smartpool", "segment-block", "pytorch", "tiered", "cuda-malloc");
    World world = make_world({{"POOL", pool}, {"COMPARE", "1"}}, 256_MiB);
    Program program(world);
    const int steps = pick(1, 300);
    for (int i = 0; i < steps; ++i) program.step();
    program.check();
  }));
}

}  // namespace
}  // namespace vramlab::test

#endif
