#include "engine/pool/use_map.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

namespace vramlab {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

// The same by a map from granule to value, around places where nodes and trees meet.
struct Model {
  std::map<std::uint64_t, std::uint64_t> values;
  std::uint64_t at(std::uint64_t granule) const {
    const auto found = values.find(granule);
    return found == values.end() ? 7 : found->second;
  }
};

std::uint64_t random_address() {
  const auto edge = *rc::gen::element<std::uint64_t>(0, 8 << 10, 2 * mib, 8192 * mib, 8192 * mib * 5);
  const auto beyond = *rc::gen::inRange<std::uint64_t>(0, 200);
  const bool below = *rc::gen::arbitrary<bool>();
  return below && edge >= beyond * 512 ? edge - beyond * 512 : edge + beyond * 512;
}

TEST(UseMap, KnowsWhatAMapOfGranulesKnows) {
  EXPECT_TRUE(rc::check([] {
    UseMap map;
    map.set_background(7);
    Model model;
    for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
      const std::uint64_t address = random_address();
      const std::uint64_t granules = *rc::gen::element<std::uint64_t>(0, 1, 15, 16, 17, 255, 256, 4096, 9000);
      const auto value = *rc::gen::inRange<std::uint64_t>(0, 5);
      if (*rc::gen::arbitrary<bool>()) {
        map.assign(address, granules * 512, value);
        for (std::uint64_t g = 0; g < granules; ++g) model.values[address / 512 + g] = value;
      }
      std::uint64_t next = address;
      map.for_each(address, granules * 512, [&](std::uint64_t at, std::uint64_t bytes, std::uint64_t found) {
        RC_ASSERT(at == next);
        for (std::uint64_t b = 0; b < bytes; b += 512) RC_ASSERT(model.at((at + b) / 512) == found);
        next = at + bytes;
      });
      RC_ASSERT(next == address + granules * 512);
    }
  }));
}

TEST(UseMap, RoundsOutwards) {
  UseMap map;
  map.assign(1000, 100, 3);  // bytes of the second and the third 512
  std::vector<std::uint64_t> found;
  map.for_each(0, 2048, [&](std::uint64_t, std::uint64_t bytes, std::uint64_t value) {
    for (; bytes > 0; bytes -= 512) found.push_back(value);
  });
  EXPECT_EQ(found, (std::vector<std::uint64_t>{0, 3, 3, 0}));
}

}  // namespace
}  // namespace vramlab
