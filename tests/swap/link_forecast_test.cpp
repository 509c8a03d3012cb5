// The forecast of a link against the simulated one, which counts in whole bytes and nanoseconds.

#include "engine/swap/link_forecast.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "properties.h"
#include "sim/links.h"
#include "small_machine.h"

namespace vramlab {
namespace {

using testing::pick;

struct Order {
  SwapDirection direction{};
  Bytes bytes{};
  Nanoseconds ready{};
};

SwapLink drawn_link() {
  SwapLink link;
  link.out = {Nanoseconds(pick<std::int64_t>(0, 5000)), pick<std::uint64_t>(1, 400) * 1'000'000'000};
  link.in = {Nanoseconds(pick<std::int64_t>(0, 5000)), pick<std::uint64_t>(1, 400) * 1'000'000'000};
  const std::uint64_t sum = link.out.bytes_per_second + link.in.bytes_per_second;
  link.duplex_bytes_per_second = pick<std::uint64_t>(std::max(sum / 2, sum / 10 * 9), sum + 1);
  return link;
}

std::vector<Order> drawn_orders(std::size_t most) {
  std::vector<Order> orders;
  Nanoseconds now{};
  for (std::size_t i = pick<std::size_t>(1, most); i > 0; --i) {
    now += Nanoseconds(pick(0, 3) == 0 ? 0 : pick<std::int64_t>(0, 200'000));
    orders.push_back(
        {testing::pick_bool() ? SwapDirection::out : SwapDirection::in, Bytes(pick<std::uint64_t>(1, 1 << 24)), now});
  }
  return orders;
}

std::vector<Nanoseconds> simulated(const SwapLink& link, const std::vector<Order>& orders) {
  MachineModel machine = testing::small_machine();
  machine.host_link = {.out = {link.out.latency, link.out.bytes_per_second},
                       .in = {link.in.latency, link.in.bytes_per_second},
                       .duplex_bytes_per_second = link.duplex_bytes_per_second};
  Links links(machine);
  std::vector<FinishedCopy> finished;
  for (std::uint32_t i = 0; i < orders.size(); ++i) {
    while (links.next_event() < orders[i].ready) links.step(finished);
    const Lane lane = orders[i].direction == SwapDirection::out ? Lane::host_out : Lane::host_in;
    links.enqueue(lane, i, orders[i].bytes, orders[i].ready);
  }
  while (links.next_event() != never) links.step(finished);
  std::vector<Nanoseconds> ends(orders.size());
  for (const FinishedCopy& copy : finished) ends[copy.job] = copy.end;
  return ends;
}

TEST(LinkForecast, ACopyAloneTakesLatencyAndItsBytes) {
  LinkForecast link({.out = {100_ns, 1'000'000'000}, .in = {50_ns, 1'000'000'000}, .duplex_bytes_per_second = 0});
  EXPECT_EQ(link.completion(link.queue(SwapDirection::out, Bytes(5000), 7_ns)), 5107_ns);
}

// Both move from 100 on, at half of what each could: the shorter one is done at 2100, the other has 2000 left.
TEST(LinkForecast, DirectionsShareTheDuplexTotal) {
  const LinkSpeed speed{100_ns, 1'000'000'000};
  LinkForecast link({.out = speed, .in = speed, .duplex_bytes_per_second = 1'000'000'000});
  const std::uint32_t out = link.queue(SwapDirection::out, Bytes(3000), 0_ns);
  const std::uint32_t in = link.queue(SwapDirection::in, Bytes(1000), 0_ns);
  EXPECT_EQ(link.completion(in), 2100_ns);
  EXPECT_EQ(link.completion(out), 4100_ns);
  EXPECT_EQ(link.all_done(), 4100_ns);
}

RC_GTEST_PROP(LinkForecastProperties, IsWithinTwoNanosecondsACopyOfTheSimulatedLink, ()) {
  const SwapLink link = drawn_link();
  const std::vector<Order> orders = drawn_orders(40);
  const std::vector<Nanoseconds> expected = simulated(link, orders);
  LinkForecast forecast(link);
  std::vector<std::uint32_t> copies;
  for (const Order& order : orders) copies.push_back(forecast.queue(order.direction, order.bytes, order.ready));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::int64_t off = std::abs((forecast.completion(copies[i]) - expected[i]).value);
    RC_ASSERT(off <= static_cast<std::int64_t>(2 * orders.size()));
  }
}

}  // namespace
}  // namespace vramlab
