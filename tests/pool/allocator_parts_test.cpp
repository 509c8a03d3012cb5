// What the allocator stands on: its history, classes of sizes, the table of addresses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "engine/pool/allocation_history.h"
#include "engine/pool/allocator_classes.h"
#include "engine/pool/block_table.h"
#include "properties.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;

constexpr StreamId first{0};

TEST(AllocationHistory, ForgetsTheOldestEvents) {
  AllocationHistory history(3);
  for (std::uint64_t i = 0; i < 5; ++i) history.note(AllocationEventKind::alloc, Address(512 * i), 512_B, first);
  const std::vector<AllocationEvent> events = history.events();
  ASSERT_EQ(events.size(), 3u);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(events[i].sequence, i + 2);
  EXPECT_THAT(history.text(Address(0)), HasSubstr("not in the history"));
}

TEST(SizeClasses, AreAtMostOneStepLargerAndNumberedWithoutGaps) {
  EXPECT_TRUE(rc::check([] {
    const std::uint32_t steps = 1u << testing::pick(0, 12);
    const SizeClasses classes(steps, 1_GiB);
    const Bytes bytes(testing::pick<std::uint64_t>(1, std::uint64_t{1} << testing::pick(1, 31)));
    const SizeClass size = classes.of(bytes);
    RC_ASSERT(size.bytes >= bytes);
    RC_ASSERT(size.bytes.value % 512 == 0);
    RC_ASSERT(size.bytes - bytes < std::max(512_B, Bytes(size.bytes.value / steps + 512)));
    RC_ASSERT(classes.of(size.bytes).bin == size.bin);
    RC_ASSERT(classes.of(size.bytes + 1_B).bin == size.bin + 1);
  }));
}

TEST(BlockTable, BehavesAsAMap) {
  EXPECT_TRUE(rc::check([] {
    BlockTable table;
    std::map<std::uint64_t, std::uint32_t> model;
    const int steps = testing::pick(1, 2000);
    for (int i = 0; i < steps; ++i) {
      // A few pages, a few units in each: pages go between none, one and several blocks.
      const std::uint64_t address = (std::uint64_t{testing::pick<std::uint64_t>(0, 4)} << 30) +
                                    (testing::pick<std::uint64_t>(0, 3) << 21) +
                                    testing::pick<std::uint64_t>(0, 4) * 512;
      if (model.erase(address) > 0) {
        table.erase(Address(address));
      } else {
        model[address] = static_cast<std::uint32_t>(i);
        table.insert(Address(address), static_cast<std::uint32_t>(i));
      }
      for (const auto& [at, slot] : model) RC_ASSERT(table.find(Address(at)) == slot);
      RC_ASSERT(model.contains(address) || table.find(Address(address)) == BlockTable::no_slot);
    }
  }));
}

}  // namespace
}  // namespace vramlab
