// A command that breaks the device's contract is a DeviceError that names the ids, and changes nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <map>

#include "engine/core/error.h"
#include "sim/id_table.h"
#include "sim/simulated_device.h"
#include "small_machine.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using testing::small_machine;

constexpr StreamId s0{0};

class Contract : public ::testing::Test {
 protected:
  Contract() {
    device_->take_segment(SegmentId(0), Tier::device, 4_MiB, s0);
    device_->take_segment(SegmentId(1), Tier::host, 4_MiB, s0);
    device_->reserve_range(SegmentId(2), 16_MiB);
    device_->create_pages(PageId(0), 2, 2_MiB);
    device_->create_pages(PageId(2), 1, 4_MiB);
    device_->map_pages(SegmentId(2), 4_MiB, PageId(0), 2, 2_MiB);
    device_->record(TokenId(0), s0);
  }

  // The message of the violation; checks that the clock and the counters did not move.
  std::string violation(const std::function<void(RunnableDevice&)>& command) {
    const Nanoseconds before = device_->now();
    const std::uint64_t calls = device_->counters().calls;
    std::string what = "no error";
    try {
      command(*device_);
    } catch (const DeviceError& e) {
      what = e.what();
    }
    EXPECT_EQ(device_->now(), before);
    EXPECT_EQ(device_->counters().calls, calls);
    return what;
  }
  static Transfer move(std::uint32_t from, Bytes offset, Bytes bytes, Tier tier = Tier::device) {
    return {{SegmentId(from), tier, offset}, {SegmentId(1), Tier::host, {}}, bytes};
  }

  std::unique_ptr<RunnableDevice> device_ = make_simulated_device(small_machine());
};

TEST_F(Contract, SegmentsAreReturnedOnceAsTheyWereTaken) {
  EXPECT_THAT(violation([](auto& d) { d.return_segment(SegmentId(9), Tier::device, 4_MiB); }),
              HasSubstr("segment 9 was never taken"));
  EXPECT_THAT(violation([](auto& d) { d.return_segment(SegmentId(0), Tier::host, 4_MiB); }),
              HasSubstr("segment 0 is of the device, not of the host"));
  EXPECT_THAT(violation([](auto& d) { d.return_segment(SegmentId(0), Tier::device, 2_MiB); }),
              HasSubstr("segment 0 of 4194304 bytes returned as 2097152"));
  EXPECT_THAT(violation([](auto& d) { d.return_segment(SegmentId(2), Tier::device, 16_MiB); }),
              HasSubstr("segment 2 is of virtual ranges"));
  EXPECT_THAT(violation([](auto& d) { d.take_segment(SegmentId(0), Tier::device, 1_MiB, s0); }),
              HasSubstr("segment 0 is held already"));
  EXPECT_THAT(violation([](auto& d) { d.take_segment(SegmentId(3), Tier::device, Bytes(0), s0); }),
              HasSubstr("segment 3 of 0 bytes"));
  device_->return_segment(SegmentId(0), Tier::device, 4_MiB);
  EXPECT_THAT(violation([](auto& d) { d.return_segment(SegmentId(0), Tier::device, 4_MiB); }),
              HasSubstr("segment 0 was returned before"));
}

TEST_F(Contract, OnlyExistingPagesAreMappedAndOnlyIntoHoles) {
  EXPECT_THAT(violation([](auto& d) { d.map_pages(SegmentId(2), {}, PageId(3), 1, 2_MiB); }),
              HasSubstr("page 3 to map was never created"));
  EXPECT_THAT(violation([](auto& d) { d.map_pages(SegmentId(2), {}, PageId(1), 2, 2_MiB); }),
              HasSubstr("page 2 to map has 4194304 bytes"));
  EXPECT_THAT(violation([](auto& d) { d.map_pages(SegmentId(2), 2_MiB, PageId(0), 2, 2_MiB); }),
              HasSubstr("at offset 4194304 of range 2: page 0 is mapped there"));
  EXPECT_THAT(violation([](auto& d) { d.map_pages(SegmentId(2), 14_MiB, PageId(2), 1, 4_MiB); }),
              HasSubstr("leaves range 2"));
  EXPECT_THAT(violation([](auto& d) { d.map_pages(SegmentId(2), 1_MiB, PageId(2), 1, 4_MiB); }),
              HasSubstr("not a multiple of 2.00 MiB"));
  EXPECT_THAT(violation([](auto& d) { d.map_pages(SegmentId(0), {}, PageId(0), 1, 2_MiB); }),
              HasSubstr("segment 0 is of the device, not of virtual ranges"));
  EXPECT_THAT(violation([](auto& d) { d.create_pages(PageId(1), 1, 2_MiB); }), HasSubstr("page 1 exists already"));
  EXPECT_THAT(violation([](auto& d) { d.create_pages(PageId(3), 1, 1_MiB); }), HasSubstr("multiples of 2.00 MiB"));
}

TEST_F(Contract, OnlyWholeMappedPagesAreUnmapped) {
  device_->map_pages(SegmentId(2), 8_MiB, PageId(2), 1, 4_MiB);
  EXPECT_THAT(violation([](auto& d) { d.unmap_pages(SegmentId(2), 2_MiB, 4_MiB); }),
              HasSubstr("at offset 2097152 of range 2: nothing is mapped"));
  EXPECT_THAT(violation([](auto& d) { d.unmap_pages(SegmentId(2), 6_MiB, 4_MiB); }), HasSubstr("cuts page 2"));
  EXPECT_THAT(violation([](auto& d) { d.unmap_pages(SegmentId(2), 10_MiB, 2_MiB); }), HasSubstr("cuts page 2"));
  EXPECT_THAT(violation([](auto& d) { d.unmap_pages(SegmentId(2), 4_MiB, Bytes(0)); }),
              HasSubstr("not whole granules"));
  EXPECT_THAT(violation([](auto& d) { d.unmap_pages(SegmentId(2), 16_MiB, 2_MiB); }), HasSubstr("leaves range 2"));
  device_->unmap_pages(SegmentId(2), 4_MiB, 8_MiB);  // pages of both sizes at once
  device_->release_range(SegmentId(2), 16_MiB);
}

TEST_F(Contract, PagesAndRangesAreGivenBackUnmapped) {
  EXPECT_THAT(violation([](auto& d) { d.destroy_pages(PageId(0), 1, 2_MiB); }),
              HasSubstr("page 0 destroyed while mapped"));
  EXPECT_THAT(violation([](auto& d) { d.release_range(SegmentId(2), 16_MiB); }),
              HasSubstr("range 2 released with 4.00 MiB"));
  device_->map_pages(SegmentId(2), {}, PageId(0), 2, 2_MiB);  // an alias
  device_->unmap_pages(SegmentId(2), 4_MiB, 4_MiB);
  EXPECT_THAT(violation([](auto& d) { d.destroy_pages(PageId(1), 1, 2_MiB); }),
              HasSubstr("page 1 destroyed while mapped"));
  device_->unmap_pages(SegmentId(2), {}, 4_MiB);
  device_->destroy_pages(PageId(0), 2, 2_MiB);
  EXPECT_THAT(violation([](auto& d) { d.destroy_pages(PageId(0), 1, 2_MiB); }),
              HasSubstr("page 0 to destroy was destroyed before"));
  EXPECT_THAT(violation([](auto& d) { d.release_range(SegmentId(2), 8_MiB); }), HasSubstr("range 2 of 16777216 bytes"));
}

TEST_F(Contract, TransfersStayInsideHeldAndMappedMemory) {
  EXPECT_THAT(violation([](auto& d) { d.transfer(TokenId(1), move(7, {}, 1_MiB), {}); }),
              HasSubstr("segment 7 was never taken"));
  EXPECT_THAT(violation([](auto& d) { d.transfer(TokenId(1), move(0, 3_MiB, 2_MiB), {}); }),
              HasSubstr("leaves segment 0"));
  EXPECT_THAT(violation([](auto& d) { d.transfer(TokenId(1), move(0, {}, 1_MiB, Tier::disk), {}); }),
              HasSubstr("not of the disk"));
  EXPECT_THAT(violation([](auto& d) { d.transfer(TokenId(1), move(2, 3_MiB, 2_MiB), {}); }),
              HasSubstr("offset 2097152 of range 2, where nothing is mapped"));
  EXPECT_THAT(violation([](auto& d) { d.transfer(TokenId(1), move(1, {}, 1_MiB, Tier::host), {}); }),
              HasSubstr("no link from host to host"));
  device_->transfer(TokenId(1), move(2, 5_MiB, 3_MiB), {});
  device_->synchronize();
}

TEST_F(Contract, TokensAreIssuedOnceBeforeTheyAreUsed) {
  EXPECT_THAT(violation([](auto& d) { d.record(TokenId(0), s0); }), HasSubstr("token 0 was issued before"));
  EXPECT_THAT(violation([](auto& d) { d.wait(s0, TokenId(5)); }), HasSubstr("token 5 was never issued"));
  EXPECT_THAT(violation([](auto& d) { d.synchronize(TokenId(5)); }), HasSubstr("token 5 was never issued"));
  const TokenId self[] = {TokenId(1)};
  EXPECT_THAT(violation([&](auto& d) { d.transfer(TokenId(1), move(0, {}, 1_MiB), self); }),
              HasSubstr("token 1 was never issued"));
  device_->transfer(TokenId(1), move(0, {}, 1_MiB), {});  // the refused one left no trace
}

TEST(IdTableProperty, HoldsWhatAMapHolds) {
  EXPECT_TRUE(rc::check([] {
    IdTable<std::uint64_t> table;
    std::map<std::uint32_t, std::uint64_t> model;
    std::uint32_t next = 0;
    const int count = *rc::gen::inRange(1, 600);
    for (int i = 0; i < count; ++i) {
      if (model.empty() || *rc::gen::inRange(0, 5) < 3) {
        next += *rc::gen::inRange<std::uint32_t>(1, 40);
        table.insert(next, model[next] = next * 3u);
      } else {
        const auto victim = model.lower_bound(*rc::gen::inRange<std::uint32_t>(0, next + 1));
        const std::uint32_t id = victim == model.end() ? model.begin()->first : victim->first;
        table.erase(id);
        model.erase(id);
      }
    }
    for (std::uint32_t id = 0; id <= next + 70; ++id) {
      const auto expected = model.find(id);
      const std::uint64_t* found = table.find(id);
      RC_ASSERT((found != nullptr) == (expected != model.end()));
      if (found != nullptr) RC_ASSERT(*found == expected->second);
    }
  }));
}

}  // namespace
}  // namespace vramlab
