// Kernels against the host: patterns at every alignment, what a check says, what an operator touches.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "gpu.h"

namespace vramlab {
namespace {

class Kernels : public testing::Gpu {
 protected:
  static constexpr Bytes size = 3_MiB;
};

// An extent that begins `shift` bytes into a segment and ends anywhere.
TEST_F(Kernels, AFilledExtentIsFoundUnchangedAtEveryAlignmentAndLength) {
  const SegmentId segment = take(size);
  std::uint64_t pattern = 1;
  for (const std::uint64_t shift : {0, 1, 3, 7, 8, 9, 15, 16, 17, 511})
    for (const std::uint64_t bytes : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 511, 4096, 32767, 32768, 1000003}) {
      const Extent extent{segment, Bytes(shift), Bytes(bytes)};
      contents().fill(stream, extent, ++pattern);
      contents().check(stream, extent, pattern, shift * 10000000 + bytes);
    }
  const auto wrong = contents().first_mismatch();
  EXPECT_FALSE(wrong) << "shift and length " << wrong->tag << " at " << wrong->offset.value;
}

TEST_F(Kernels, AFillWritesTheBytesOfItsPatternAndNoOthers) {
  const SegmentId segment = take(64_KiB);
  const Extent all{segment, 0_B, 64_KiB};
  for (const std::uint64_t shift : {0, 1, 5, 8, 13, 16}) {
    const Bytes length(1000 + shift);
    contents().fill(stream, all, 7);
    contents().fill(stream, {segment, Bytes(4096 + shift), length}, 99);
    const std::vector<std::uint8_t> got = read(segment, 0_B, 64_KiB);
    for (std::uint64_t i = 0; i < got.size(); ++i) {
      const bool inside = i >= 4096 + shift && i - 4096 - shift < length.value;
      ASSERT_EQ(got[i], inside ? pattern_byte(99, i - 4096 - shift) : pattern_byte(7, i)) << i << ", shift " << shift;
    }
  }
}

TEST_F(Kernels, AWrongByteIsFoundWhereverItIs) {
  for (const std::uint64_t at :
       {std::uint64_t{0}, std::uint64_t{10}, std::uint64_t{11}, std::uint64_t{12345}, size.value - 10}) {
    open({});
    const SegmentId segment = take(size);
    const Extent extent{segment, 5_B, size - 9_B};
    contents().fill(stream, extent, 42);
    const std::uint8_t right = pattern_byte(42, at);
    std::uint64_t other = 0;
    while (pattern_byte(other, 0) == right) ++other;
    contents().fill(stream, {segment, extent.offset + Bytes(at), 1_B}, other);
    contents().check(stream, extent, 42, 77);
    const auto wrong = contents().first_mismatch();
    ASSERT_TRUE(wrong) << at;
    EXPECT_EQ(wrong->tag, 77U);
    EXPECT_EQ(wrong->offset.value, at);
    EXPECT_EQ(wrong->bytes, 1U);
    EXPECT_EQ(wrong->expected, right);
    EXPECT_EQ(wrong->found, pattern_byte(other, 0));
  }
}

TEST_F(Kernels, TheFirstFailedCheckIsToldWithAllItsWrongBytes) {
  const SegmentId segment = take(size);
  const Extent all{segment, 0_B, size};
  contents().fill(stream, all, 1);
  contents().check(stream, all, 1, 100);
  contents().fill(stream, {segment, 1_MiB, 1_MiB}, 2);
  contents().check(stream, {segment, 0_B, 1_MiB}, 1, 101);
  contents().check(stream, all, 1, 102);
  contents().check(stream, {segment, 0_B, 2_MiB}, 3, 103);
  const auto wrong = contents().first_mismatch();
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->tag, 102U);
  std::uint64_t expected = 0, first = 0;
  for (std::uint64_t i = (1_MiB).value; i-- != 0;)
    if (pattern_byte(1, (1_MiB).value + i) != pattern_byte(2, i)) {
      ++expected;
      first = (1_MiB).value + i;
    }
  EXPECT_EQ(wrong->bytes, expected);
  EXPECT_EQ(wrong->offset.value, first);
}

TEST_F(Kernels, ClearedBytesAreZeroAndNoOthers) {
  const SegmentId segment = take(64_KiB);
  contents().fill(stream, {segment, 0_B, 64_KiB}, 5);
  device().clear({segment, 1001_B, 2000_B}, stream);
  const std::vector<std::uint8_t> got = read(segment, 0_B, 64_KiB);
  for (std::uint64_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], i >= 1001 && i < 3001 ? 0 : pattern_byte(5, i)) << i;
}

TEST_F(Kernels, AnOperatorWithTimeEnoughTouchesEveryByteOfItsOperands) {
  const SegmentId segment = take(size);
  std::vector<Extent> reads, writes;
  for (std::uint64_t i = 0; i < 2500; ++i) {
    const Extent extent{segment, Bytes(i * 1000 + i % 17), Bytes(i % 700)};
    (i % 3 == 0 ? writes : reads).push_back(extent);
  }
  for (const std::size_t count : {0, 3, 8, 9, 64, 65, 999, 1666}) {
    open({});
    const SegmentId again = take(size);
    EXPECT_EQ(again, segment);
    std::span<const Extent> some(reads), others(writes);
    some = some.first(std::min(count, reads.size()));
    others = others.first(std::min(count, writes.size()));
    std::uint64_t bytes = 0;
    for (const Extent& extent : some) bytes += extent.bytes.value;
    for (const Extent& extent : others) bytes += extent.bytes.value;
    device().launch(stream, Work(Nanoseconds(50'000'000), some, others));
    const OperatorBytes touched = device().operator_bytes();
    EXPECT_EQ(touched.asked.value, bytes) << count << " operands";
    EXPECT_EQ(touched.touched.value, bytes) << count << " operands";
  }
}

TEST_F(Kernels, AnOperatorWhoseTimeIsOverLeavesTheRest) {
  const SegmentId segment = take(1_GiB);
  const Extent all{segment, 0_B, 1_GiB};
  device().launch(stream, Work(1000_ns, {&all, 1}, {&all, 1}));
  const OperatorBytes touched = device().operator_bytes();
  EXPECT_EQ(touched.asked, 2_GiB);
  EXPECT_LT(touched.touched, 1_GiB);
  EXPECT_GT(touched.touched, 0_B);
}

TEST_F(Kernels, WhereContentsAreComparedAnOperatorReadsAllAndWritesNothing) {
  const SegmentId segment = take(size);
  const Extent all{segment, 0_B, size};
  contents().fill(stream, all, 11);
  device().launch(stream, Work(0_ns, {&all, 1}, {&all, 1}));
  contents().check(stream, all, 11, 1);
  EXPECT_FALSE(contents().first_mismatch());
  EXPECT_EQ(device().operator_bytes().touched, size);
}

TEST_F(Kernels, AnOperatorLastsAtLeastItsTime) {
  device().launch(stream, Work(Nanoseconds(30'000'000)));
  device().synchronize();
  EXPECT_GE(device().now().value, 30'000'000);
  EXPECT_EQ(device().counters().launches, 1U);
}

}  // namespace
}  // namespace vramlab
