// What the device does with memory, and with refusals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "gpu.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;

class Memory : public testing::Gpu {
 protected:
  Bytes page() { return device().info().page_granularity; }
  SegmentId reserve(Bytes bytes) {
    const SegmentId id = new_segment();
    EXPECT_TRUE(device().reserve_range(id, bytes));
    return id;
  }
  PageId create(std::uint32_t count) {
    const PageId first = new_pages(count);
    EXPECT_TRUE(device().create_pages(first, count, page()));
    return first;
  }
  void expect_still_working() {
    const SegmentId segment = take(1_MiB);
    contents().fill(stream, {segment, 0_B, 1_MiB}, 3);
    contents().check(stream, {segment, 0_B, 1_MiB}, 3, 1);
    EXPECT_FALSE(contents().first_mismatch());
    device().return_segment(segment, Tier::device, 1_MiB);
  }
};

TEST_F(Memory, MoreThanThereIsIsRefusedAndTheDeviceGoesOn) {
  EXPECT_FALSE(device().take_segment(new_segment(), Tier::device, device().info().memory * 2, stream));
  EXPECT_FALSE(device().take_segment(SegmentId(0), Tier::device, Bytes(std::uint64_t{1} << 47), stream));
  EXPECT_THAT(device().state(), HasSubstr("0 segments"));
  open({});
  expect_still_working();
}

TEST_F(Memory, PagesThatAreTooManyAreAllTakenBack) {
  std::size_t before = 0, after = 0, total = 0;
  expect_still_working();
  ASSERT_EQ(cudaMemGetInfo(&before, &total), cudaSuccess);
  const Bytes large = 1_GiB;
  const auto too_many = static_cast<std::uint32_t>(device().info().memory / large) + 1;
  EXPECT_FALSE(device().create_pages(PageId(0), too_many, large));
  ASSERT_EQ(cudaMemGetInfo(&after, &total), cudaSuccess);
  EXPECT_GT(after + (256_MiB).value, before);  // others may use the GPU too
  EXPECT_THAT(device().state(), HasSubstr("0 pages"));
  EXPECT_TRUE(device().create_pages(PageId(0), 3, page()));
  device().destroy_pages(PageId(0), 3, page());
}

TEST_F(Memory, PinnedMemoryEndsAtItsLimit) {
  open({.pinned_limit = 8_MiB});
  const SegmentId first = take(5_MiB, Tier::host);
  const SegmentId refused = new_segment();
  EXPECT_FALSE(device().take_segment(refused, Tier::host, 5_MiB, stream));
  device().return_segment(first, Tier::host, 5_MiB);
  EXPECT_TRUE(device().take_segment(refused, Tier::host, 6_MiB, stream));  // what was kept makes room
  EXPECT_FALSE(device().take_segment(new_segment(), Tier::host, Bytes(std::uint64_t{1} << 60), stream));
}

TEST_F(Memory, PinnedMemoryIsKeptAndGivenOutAgain) {
  const SegmentId first = take(5_MiB, Tier::host);
  device().return_segment(first, Tier::host, 5_MiB);
  take(4_MiB, Tier::host);
  EXPECT_THAT(device().state(), HasSubstr(std::to_string((5_MiB).value) + " bytes pinned"));
}

TEST_F(Memory, AFullDiskIsRefusedWhenTheSegmentIsTaken) {
  EXPECT_FALSE(device().take_segment(new_segment(), Tier::disk, Bytes(std::uint64_t{1} << 47), stream));
  const SegmentId segment = new_segment();
  EXPECT_TRUE(device().take_segment(segment, Tier::disk, 1_MiB, stream));
  device().return_segment(segment, Tier::disk, 1_MiB);
}

TEST_F(Memory, AFolderThatIsNotThereIsNamed) {
  open({.disk_folder = "/there is no such folder"});
  try {
    static_cast<void>(device().take_segment(new_segment(), Tier::disk, 1_MiB, stream));
    FAIL() << "no DeviceError";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/there is no such folder"));
  }
}

TEST_F(Memory, WithoutAPeerItsTierIsAnError) {
  EXPECT_THROW(static_cast<void>(device().take_segment(new_segment(), Tier::peer, 1_MiB, stream)), DeviceError);
  EXPECT_THROW(static_cast<void>(make_cuda_device({.device = 0, .peer = 0})), DeviceError);
}

TEST_F(Memory, AFailedCallNamesItsArgumentsAndWhatIsHeld) {
  take(1_MiB);
  try {
    static_cast<void>(device().create_pages(PageId(0), 1, 12345_B));  // no multiple of the granularity
    FAIL() << "no DeviceError";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cuMemCreate"));
    EXPECT_THAT(error.what(), HasSubstr("12345 bytes"));
    EXPECT_THAT(error.what(), HasSubstr("1 segments of 1048576 bytes"));
  }
  expect_still_working();
}

TEST_F(Memory, MisuseIsToldAndChangesNothing) {
  const SegmentId segment = take(1_MiB);
  EXPECT_THROW(static_cast<void>(device().take_segment(segment, Tier::device, 1_MiB, stream)), DeviceError);
  EXPECT_THROW(device().return_segment(segment, Tier::host, 1_MiB), DeviceError);
  EXPECT_THROW(device().return_segment(SegmentId(77), Tier::device, 1_MiB), DeviceError);
  EXPECT_THROW(device().release_range(segment, 1_MiB), DeviceError);
  EXPECT_THROW(device().clear({segment, 1_MiB, 1_B}, stream), DeviceError);
  EXPECT_THROW(device().destroy_pages(PageId(0), 1, page()), DeviceError);
  EXPECT_THROW(device().synchronize(TokenId(5)), DeviceError);
  EXPECT_THROW(device().wait(stream, TokenId(5)), DeviceError);
  const TokenId token = record(stream);
  EXPECT_THROW(device().record(token, stream), DeviceError);
  device().return_segment(segment, Tier::device, 1_MiB);
  EXPECT_THROW(device().pointer(segment, 0_B), DeviceError);
}

TEST_F(Memory, AnAliasShowsTheSameBytes) {
  const SegmentId range = reserve(page() * 6);
  const PageId first = create(3);
  ASSERT_TRUE(device().map_pages(range, 0_B, first, 3, page()));
  ASSERT_TRUE(device().map_pages(range, page() * 3, PageId(first.value + 1), 1, page()));
  contents().fill(stream, {range, page(), page()}, 9);
  contents().check(stream, {range, page() * 3, page()}, 9, 1);
  contents().fill(stream, {range, page() * 3, page()}, 10);
  contents().check(stream, {range, page(), page()}, 10, 2);
  EXPECT_FALSE(contents().first_mismatch());
}

TEST_F(Memory, PagesKeepTheirBytesWhereverTheyAreMapped) {
  const SegmentId range = reserve(page() * 8);
  const PageId first = create(4);
  ASSERT_TRUE(device().map_pages(range, 0_B, first, 4, page()));
  for (std::uint64_t i = 0; i < 4; ++i) contents().fill(stream, {range, page() * i, page()}, i);
  device().synchronize();
  device().unmap_pages(range, page(), page() * 2);  // out of the middle of what one call mapped
  ASSERT_TRUE(device().map_pages(range, page() * 5, PageId(first.value + 1), 2, page()));
  for (const std::uint64_t i : {0, 3}) contents().check(stream, {range, page() * i, page()}, i, i);
  for (const std::uint64_t i : {1, 2}) contents().check(stream, {range, page() * (i + 4), page()}, i, i);
  EXPECT_FALSE(contents().first_mismatch());
  EXPECT_THROW(static_cast<void>(device().map_pages(range, page() * 6, first, 1, page())), DeviceError);  // occupied
  EXPECT_THROW(device().release_range(range, page() * 8), DeviceError);
  device().unmap_pages(range, 0_B, page());
  device().unmap_pages(range, page() * 3, page());
  device().unmap_pages(range, page() * 5, page() * 2);
  device().release_range(range, page() * 8);
  device().destroy_pages(first, 4, page());
  EXPECT_THAT(device().state(), HasSubstr("0 ranges, 0 pages of 0 bytes"));
}

TEST_F(Memory, CallsAreCounted) {
  const SegmentId segment = take(1_MiB);
  device().return_segment(segment, Tier::device, 1_MiB);
  EXPECT_EQ(device().counters().calls, 2U);
  EXPECT_GT(device().counters().call_time, 0_ns);
}

TEST_F(Memory, EachKindOfCallHasItsAccount) {
  const SegmentId range = new_segment();
  ASSERT_TRUE(device().reserve_range(range, page() * 4));
  const PageId first = new_pages(3);
  ASSERT_TRUE(device().create_pages(first, 3, page()));
  ASSERT_TRUE(device().map_pages(range, 0_B, first, 3, page()));
  device().unmap_pages(range, 0_B, page() * 3);
  device().destroy_pages(first, 3, page());
  device().release_range(range, page() * 4);
  const DeviceCounters counters = device().counters();
  Nanoseconds sum{};
  for (const CallAccount& account : counters.by_kind) sum += account.time;
  EXPECT_EQ(sum, counters.call_time);
  for (const CallKind kind : {CallKind::page_create, CallKind::map, CallKind::unmap, CallKind::page_destroy}) {
    EXPECT_EQ(counters.by_kind[static_cast<std::size_t>(kind)].calls, 1U);
    EXPECT_EQ(counters.by_kind[static_cast<std::size_t>(kind)].pages, 3U);
  }
  EXPECT_EQ(counters.by_kind[static_cast<std::size_t>(CallKind::segment_take)].calls, 0U);
}

TEST_F(Memory, SegmentsInTheOrderOfAStreamHoldTheirBytes) {
  open({.async_segments = true});
  for (std::uint64_t round = 0; round < 20; ++round) {
    const StreamId owner(static_cast<std::uint16_t>(round % 3)), user(static_cast<std::uint16_t>(round % 2 + 3));
    const SegmentId segment = take(8_MiB, Tier::device, owner);
    contents().fill(user, {segment, 0_B, 8_MiB}, round);
    contents().check(user, {segment, 0_B, 8_MiB}, round, round);
    device().return_segment(segment, Tier::device, 8_MiB);
  }
  const auto wrong = contents().first_mismatch();
  EXPECT_FALSE(wrong) << "round " << wrong->tag;
}

}  // namespace
}  // namespace vramlab
