// Links alone: exact contention, and properties of random traffic.

#include "sim/links.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "small_machine.h"

namespace vramlab {
namespace {

__extension__ typedef unsigned __int128 Wide;

struct Order {
  Lane lane{};
  Bytes bytes{};
  Nanoseconds at{};
};

// Runs orders (rising times) to the end; result i belongs to order i.
std::vector<FinishedCopy> run(const MachineModel& machine, const std::vector<Order>& orders) {
  Links links(machine);
  std::vector<FinishedCopy> finished;
  std::vector<FinishedCopy> by_order(orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    while (links.next_event() < orders[i].at) links.step(finished);
    links.enqueue(orders[i].lane, static_cast<std::uint32_t>(i), orders[i].bytes, orders[i].at);
  }
  while (links.next_event() != never) links.step(finished);
  for (const FinishedCopy& copy : finished) by_order[copy.job] = copy;
  return by_order;
}

MachineModel without_latency() {
  MachineModel machine = testing::small_machine();
  machine.host_link.out.latency = machine.host_link.in.latency = 0_ns;
  return machine;
}

TEST(Links, ACopyAloneTakesLatencyAndItsBytes) {
  const auto done = run(testing::small_machine(), {{Lane::host_out, Bytes(5000), 7_ns}});
  EXPECT_EQ(done[0].start, 7_ns);
  EXPECT_EQ(done[0].end, Nanoseconds(7 + 100 + 5000));
}

TEST(Links, CopiesOfOneDirectionQueue) {
  const auto done =
      run(testing::small_machine(), {{Lane::host_in, Bytes(1000), 0_ns}, {Lane::host_in, Bytes(10), 1_ns}});
  EXPECT_EQ(done[0].end, 1200_ns);
  EXPECT_EQ(done[1].start, 1200_ns);
  EXPECT_EQ(done[1].end, 1410_ns);
}

// Each alone 1 byte/ns, together 1.5: 0.75 each while both move. Out moves 1000 bytes alone, then 2000 at 0.75 (until
// 3666.67); by then, the whole nanosecond 3667, in has moved 2000.25 and moves its last 999.75 alone.
TEST(Links, OppositeCopiesShareTheDuplexTotalExactly) {
  const auto done =
      run(without_latency(), {{Lane::host_out, Bytes(3000), 0_ns}, {Lane::host_in, Bytes(3000), 1000_ns}});
  EXPECT_EQ(done[0].end, 3667_ns);
  EXPECT_EQ(done[1].end, 4667_ns);
}

TEST(Links, ALatencyDoesNotSlowTheOppositeDirection) {
  MachineModel machine = without_latency();
  machine.host_link.in.latency = 5000_ns;
  const auto done = run(machine, {{Lane::host_in, Bytes(100), 0_ns}, {Lane::host_out, Bytes(3000), 0_ns}});
  EXPECT_EQ(done[1].end, 3000_ns);
  EXPECT_EQ(done[0].end, 5100_ns);
}

TEST(Links, OtherLinksDoNotContend) {
  const auto done = run(without_latency(), {{Lane::host_out, Bytes(3000), 0_ns},
                                            {Lane::peer_in, Bytes(3000), 0_ns},
                                            {Lane::device_copy, Bytes(3000), 0_ns},
                                            {Lane::disk_read, Bytes(3000), 0_ns}});
  EXPECT_EQ(done[0].end, 3000_ns);
  EXPECT_EQ(done[1].end, 1550_ns);
  EXPECT_EQ(done[2].end, 320_ns);
  EXPECT_EQ(done[3].end, 15000_ns);
}

TEST(Links, AnEmptyCopyTakesItsLatency) {
  EXPECT_EQ(run(without_latency(), {{Lane::host_out, Bytes(0), 9_ns}})[0].end, 9_ns);
  EXPECT_EQ(run(testing::small_machine(), {{Lane::host_out, Bytes(0), 9_ns}})[0].end, 109_ns);
}

// --- Properties of random traffic both ways over links of odd speeds -------------------------------------------------

struct Traffic {
  MachineModel machine;
  std::vector<Order> orders;
  std::vector<FinishedCopy> done;
};

Traffic random_traffic() {
  Traffic traffic{testing::small_machine(), {}, {}};
  LinkModel& link = traffic.machine.host_link;
  link.out = {Nanoseconds(*rc::gen::inRange(0, 5000)), *rc::gen::inRange<std::uint64_t>(1'000'000, 60'000'000'000)};
  link.in = {Nanoseconds(*rc::gen::inRange(0, 5000)), *rc::gen::inRange<std::uint64_t>(1'000'000, 60'000'000'000)};
  const auto [slower, faster] = std::minmax(link.out.bytes_per_second, link.in.bytes_per_second);
  link.duplex_bytes_per_second = faster + *rc::gen::inRange<std::uint64_t>(0, slower + 1);
  Nanoseconds at{};
  const int count = *rc::gen::inRange(1, 25);
  for (int i = 0; i < count; ++i) {
    at += Nanoseconds(*rc::gen::inRange(0, 20'000));
    const Lane lane = *rc::gen::arbitrary<bool>() ? Lane::host_out : Lane::host_in;
    traffic.orders.push_back({lane, Bytes(*rc::gen::inRange<std::uint64_t>(0, 1'000'000)), at});
  }
  traffic.done = run(traffic.machine, traffic.orders);
  return traffic;
}

const LinkDirection& direction(const Traffic& traffic, std::size_t order) {
  const LinkModel& link = traffic.machine.host_link;
  return traffic.orders[order].lane == Lane::host_out ? link.out : link.in;
}

Nanoseconds time_at(Bytes bytes, Wide bytes_per_second) {
  return Nanoseconds(
      static_cast<std::int64_t>((Wide{bytes.value} * 1'000'000'000 + bytes_per_second - 1) / bytes_per_second));
}

TEST(LinksProperty, ACopyIsNeverFasterThanAloneNorSlowerThanItsShareOfTheDuplexTotal) {
  EXPECT_TRUE(rc::check([] {
    const Traffic traffic = random_traffic();
    const LinkModel& link = traffic.machine.host_link;
    const Wide sum = Wide{link.out.bytes_per_second} + link.in.bytes_per_second;
    for (std::size_t i = 0; i < traffic.orders.size(); ++i) {
      const LinkDirection& alone = direction(traffic, i);
      const Nanoseconds took = traffic.done[i].end - traffic.done[i].start - alone.latency;
      RC_ASSERT(took >= time_at(traffic.orders[i].bytes, alone.bytes_per_second));
      const Wide share = Wide{alone.bytes_per_second} * link.duplex_bytes_per_second / sum;  // whole bytes per second
      RC_ASSERT(took <= time_at(traffic.orders[i].bytes, share));
    }
  }));
}

TEST(LinksProperty, BothDirectionsTogetherNeverExceedTheDuplexTotal) {
  EXPECT_TRUE(rc::check([] {
    const Traffic traffic = random_traffic();
    for (const FinishedCopy& first : traffic.done)
      for (const FinishedCopy& last : traffic.done) {
        Wide moved = 0;  // by copies wholly within [first.start, last.end]
        for (std::size_t i = 0; i < traffic.done.size(); ++i)
          if (traffic.done[i].start >= first.start && traffic.done[i].end <= last.end)
            moved += traffic.orders[i].bytes.value;
        if (moved == 0) continue;
        const auto window = static_cast<std::uint64_t>((last.end - first.start).value);
        RC_ASSERT(moved * 1'000'000'000 <= Wide{window} * traffic.machine.host_link.duplex_bytes_per_second);
      }
  }));
}

TEST(LinksProperty, EveryCopyEndsOnceAndEachDirectionKeepsItsOrder) {
  EXPECT_TRUE(rc::check([] {
    const Traffic traffic = random_traffic();
    std::map<Lane, Nanoseconds> last_end;
    for (std::size_t i = 0; i < traffic.orders.size(); ++i) {
      const FinishedCopy& copy = traffic.done[i];
      RC_ASSERT(copy.job == i);
      RC_ASSERT(copy.start == std::max(traffic.orders[i].at, last_end[traffic.orders[i].lane]));
      last_end[traffic.orders[i].lane] = copy.end;
    }
  }));
}

}  // namespace
}  // namespace vramlab
