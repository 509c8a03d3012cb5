#include "engine/pool/bit_index.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace vramlab {
namespace {

TEST(BitIndex, FindsTheNeighboursThatASetFinds) {
  EXPECT_TRUE(rc::check([] {
    const auto count = *rc::gen::element<std::size_t>(1, 2, 63, 64, 65, 4095, 4096, 4097, 300'000);
    BitIndex index(count);
    std::set<std::size_t> model;
    for (int i = *rc::gen::inRange(0, 200); i > 0; --i) {
      const auto member = *rc::gen::inRange<std::size_t>(0, count);
      if (*rc::gen::inRange(0, 3) == 0) {
        index.erase(member);
        model.erase(member);
      } else {
        index.insert(member);
        model.insert(member);
      }
      const auto at = *rc::gen::inRange<std::size_t>(0, count);
      const auto above = model.lower_bound(at);
      RC_ASSERT(index.contains(at) == model.contains(at));
      RC_ASSERT(index.at_least(at) == (above == model.end() ? BitIndex::none : *above));
      const auto beyond = model.upper_bound(at);
      RC_ASSERT(index.at_most(at) == (beyond == model.begin() ? BitIndex::none : *std::prev(beyond)));
    }
  }));
}

TEST(BitIndex, LooksBeyondItsEnd) {
  BitIndex index(64);
  index.insert(63);
  EXPECT_EQ(index.at_least(64), BitIndex::none);
  EXPECT_EQ(BitIndex().at_least(0), BitIndex::none);
}

}  // namespace
}  // namespace vramlab
