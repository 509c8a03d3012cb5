// Pool smartpool under programs that repeat themselves more or less: whatever they do, no object is overwritten, every
// wait is there and every account adds up.

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "properties.h"
#include "smartpool_run.h"

namespace vramlab {
namespace {

using testing::holds_for;
using testing::mib;
using testing::Options;
using testing::pick;
using testing::Runner;
using testing::Shape;
using testing::Want;

Want random_want(std::uint64_t longest, std::uint16_t streams) {
  return {.bytes = pick<std::uint64_t>(1, pick<std::uint64_t>(2, 6 * mib)),
          .life = pick<std::uint64_t>(1, longest + 1),
          .stream = pick<std::uint16_t>(0, streams)};
}

Shape random_shape(std::uint16_t streams) {
  Shape shape(pick<std::size_t>(12, 40));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool crosses = pick(0, 8) == 0;
    shape[i] = random_want(crosses ? shape.size() + 3 : std::min<std::size_t>(shape.size() - i, 12), streams);
  }
  return shape;
}

// Now and then a request is another, is left out, comes besides, or its object lives for another time.
Shape disturbed(Shape shape, int one_in) {
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (pick(0, one_in) > 0) continue;
    const int what = pick(0, 5);
    if (what == 0) shape[i] = random_want(20, 1);
    if (what == 1) shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(i), random_want(20, 1));
    if (what == 2 && shape.size() > 2) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(i));
    if (what == 3) shape[i].life = pick<std::uint64_t>(0, 100);
    if (what == 4) shape.resize(i + 1);  // ends early
  }
  return shape;
}

// Runs it step by step; OutOfMemory leaves the request out.
void run_checked(Runner& r, const Shape& shape) {
  for (const Want& want : shape) {
    try {
      r.alloc(want);
    } catch (const OutOfMemory&) {
    }
    if (pick(0, 20) == 0) r.h.complete_all();
    r.h.pool->validate();
    const PoolStats stats = r.h.pool->stats();
    RC_ASSERT(stats.allocated + stats.cached == r.h.port.reserved());
    RC_ASSERT(stats.cache_hits + stats.cache_misses == stats.allocations);
  }
  r.h.log.flush();
  RC_ASSERT(r.h.checker.live.size() == r.h.pool->stats().allocations - r.h.pool->stats().frees);
  RC_ASSERT(!::testing::Test::HasFailure());
}

Options random_options() {
  Options options{{"solver", "best-fit"}};
  options.emplace_back("fallback", *rc::gen::element<std::string>("vmm", "segment-block", "pytorch-expandable"));
  options.emplace_back("crossing", *rc::gen::element<std::string>("auto", "planned", "left_out"));
  options.emplace_back("plans", std::to_string(pick(1, 4)));
  options.emplace_back("lost_after", std::to_string(pick(1, 30)));
  options.emplace_back("plan_headroom", *rc::gen::element<std::string>("0.01", "5"));
  return options;
}

TEST(SmartPoolProperty, HoldsWhateverRepeatsAndWhateverDiffers) {
  std::uint64_t followed = 0;
  EXPECT_TRUE(holds_for(150, [&] {
    const std::uint16_t streams = pick<std::uint16_t>(1, 4);
    Runner r(random_options());
    std::vector<Shape> shapes;
    for (int i = pick(1, 4); i > 0; --i) shapes.push_back(random_shape(streams));
    const int calm = pick(20, 400);
    for (int part = pick(2, 8); part > 0; --part) {
      const Shape& shape = shapes[pick<std::size_t>(0, shapes.size())];
      for (int times = pick(1, 6); times > 0; --times) run_checked(r, disturbed(shape, calm));
    }
    if (pick(0, 2) == 0) r.h.pool->empty_cache();
    run_checked(r, shapes.front());
    followed += r.statistics().plan_hits;
  }));
  EXPECT_GT(followed, 1000u);
}

TEST(SmartPoolProperty, HoldsWhereMemoryIsShortAndCommandsAreRefused) {
  EXPECT_TRUE(holds_for(150, [] {
    const Bytes capacity(pick<std::uint64_t>(20, 80) * mib);
    Runner r(random_options(), capacity);
    const Shape shape = random_shape(2);
    for (int i = 0; i < 3; ++i) r.h.device.refused.insert(pick<std::uint64_t>(0, 60));
    for (int times = 0; times < 8; ++times) run_checked(r, disturbed(shape, 200));
    RC_ASSERT(r.h.port.peak_reserved() <= capacity);
  }));
}

TEST(SmartPoolProperty, DecidesTheSameTwice) {
  EXPECT_TRUE(holds_for(30, [] {
    const Options options = random_options();
    std::vector<Shape> program;
    const Shape shape = random_shape(2);
    for (int i = 0; i < 8; ++i) program.push_back(disturbed(shape, 100));
    std::vector<Address> first;
    for (int run = 0; run < 2; ++run) {
      Runner r(options);
      std::vector<Address> places;
      for (const Shape& part : program)
        for (const Want& want : part) places.push_back(r.h.pool->address_of(BlockId(r.alloc(want))));
      if (run == 0) first = places;
      RC_ASSERT(places == first);
    }
  }));
}

}  // namespace
}  // namespace vramlab
