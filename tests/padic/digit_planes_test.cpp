#include "engine/padic/digit_planes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/core/error.h"

namespace vramlab::padic {
namespace {

std::vector<std::byte> packed(const std::vector<std::uint64_t>& numbers, Prime p, int digits) {
  std::vector<std::byte> out;
  append_digit_planes(numbers, p, digits, out);
  return out;
}

std::vector<std::uint64_t> read(std::span<const std::byte> bytes, Prime p, int digits, int planes, std::size_t count) {
  std::vector<std::uint64_t> numbers(count);
  read_digit_planes(bytes, p, digits, planes, numbers);
  return numbers;
}

Prime any_prime() { return Prime(*rc::gen::element<std::uint64_t>(2, 3, 5, 7, 13, 17, 127, 131, 241, 251)); }

TEST(DigitPlanes, DigitsThatNumbersNeed) {
  EXPECT_EQ(digits_for(Prime(2), 1), 0);
  EXPECT_EQ(digits_for(Prime(2), 1024), 10);
  EXPECT_EQ(digits_for(Prime(251), 251), 1);
  EXPECT_EQ(digits_for(Prime(251), 252), 2);
  EXPECT_EQ(digits_for(Prime(251), std::uint64_t{1} << 32), 5);
}

RC_GTEST_PROP(DigitPlanes, NumbersComeBack, ()) {
  const Prime p = any_prime();
  const auto limit = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 40);
  const auto zeros = *rc::gen::inRange(0, 100);
  auto numbers = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, limit));
  for (std::uint64_t& number : numbers)
    if (*rc::gen::inRange(0, 100) < zeros) number = 0;
  const int digits = digits_for(p, limit);
  const auto bytes = packed(numbers, p, digits);
  std::vector<std::uint64_t> back(numbers.size());
  RC_ASSERT(read_digit_planes(bytes, p, digits, digits, back) == bytes.size());
  RC_ASSERT(back == numbers);
}

RC_GTEST_PROP(DigitPlanes, TheFirstPlanesMissLessThanOneDigitOfTheLastThatIsThere, ()) {
  const Prime p = any_prime();
  const auto numbers =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 30));
  const int digits = digits_for(p, std::uint64_t{1} << 30);
  const int planes = *rc::gen::inRange(0, digits + 1);
  const auto coarse = read(packed(numbers, p, digits), p, digits, planes, numbers.size());
  std::uint64_t unit = 1;
  for (int i = planes; i < digits; ++i) unit *= p.value();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    RC_ASSERT(coarse[i] <= numbers[i]);
    RC_ASSERT(numbers[i] - coarse[i] < unit);
  }
}

TEST(DigitPlanes, APlaneLiesAsItIsShortest) {
  std::vector<std::uint64_t> numbers(1000, 0);
  EXPECT_EQ(packed(numbers, default_prime, 1).size(), 1U);  // zero
  numbers[700] = 250;
  EXPECT_EQ(packed(numbers, default_prime, 1).size(), 1U + 2 + 2 + 1);  // sparse
  for (std::size_t i = 0; i < 500; ++i) numbers[i] = 1 + i % 250;
  EXPECT_EQ(packed(numbers, default_prime, 1).size(), 1U + 125 + 501);  // masked
  for (std::uint64_t& number : numbers) number = 7;
  EXPECT_EQ(packed(numbers, default_prime, 1).size(), 1U + 1000);  // raw
  for (std::uint64_t& number : numbers) number = 1;
  EXPECT_EQ(packed(numbers, Prime(2), 1).size(), 1U + 125);  // a bit a digit
}

TEST(DigitPlanes, ADigitOfThePrimeOrMoreIsRefused) {
  std::vector<std::byte> bytes = packed({5, 250, 6}, default_prime, 1);
  ASSERT_EQ(bytes.size(), 4U);
  bytes[2] = std::byte{251};
  EXPECT_THROW(read(bytes, default_prime, 1, 1, 3), TraceError);
}

TEST(DigitPlanes, WhatEndsTooEarlyIsRefused) {
  std::vector<std::uint64_t> numbers(300);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i % 3 == 0 ? i * 997 : i == 100 ? 1U : 0U;
  const auto bytes = packed(numbers, default_prime, 3);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(read(std::span(bytes).first(length), default_prime, 3, 3, numbers.size()), TraceError) << length;
}

TEST(DigitPlanes, SparseIndicesMustGrowWithinTheBlock) {
  std::vector<std::uint64_t> numbers(1000, 0);
  numbers[3] = 9, numbers[900] = 8;
  auto bytes = packed(numbers, default_prime, 1);
  ASSERT_EQ(std::to_integer<int>(bytes[0]), 1);
  auto swapped = bytes;
  std::swap(swapped[3], swapped[5]), std::swap(swapped[4], swapped[6]);
  EXPECT_THROW(read(swapped, default_prime, 1, 1, 1000), TraceError);
  EXPECT_THROW(read(bytes, default_prime, 1, 1, 900), TraceError);
}

}  // namespace
}  // namespace vramlab::padic
