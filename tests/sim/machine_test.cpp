#include "sim/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/core/error.h"
#include "sim/links.h"

namespace vramlab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("'" + from + "' is not in the text");
  return text.replace(at, from.size(), to);
}

// What the error says about h200's YAML with one passage changed.
std::string error_with(const std::string& from, const std::string& to) {
  try {
    parse_machine(replaced(std::string(machine_yaml("h200")), from, to), "my.yaml");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Machine, TheBuiltInModelsAreThoseOfTheFolder) {
  EXPECT_THAT(machine_names(), UnorderedElementsAre("a100-40g", "gtx1080ti-pcie3", "h200", "h200-x2", "rtx4090"));
  for (const std::string_view name : machine_names()) {
    const MachineModel machine = load_machine(std::string(name));
    EXPECT_EQ(machine.name, name);
    const auto path = std::filesystem::path(VRAMLAB_SOURCE_DIR) / "sim/machines" / (machine.name + ".yaml");
    EXPECT_EQ(load_machine(path.string()).device_memory, machine.device_memory);
    EXPECT_FALSE(machine.source.empty());
    EXPECT_EQ(machine.gpus > 1, machine.peer_link.out.bytes_per_second != 0);
  }
}

// The measurement behind the fit: pinned copies on one H200 in microseconds.
TEST(Machine, TheH200sLinkIsWithinTwoPercentOfItsMeasurement) {
  const MachineModel h200 = load_machine("h200");
  struct Measured {
    std::uint64_t bytes;
    double in_us, out_us;
  };
  for (const Measured& m : {Measured{4096, 3.97, 2.98},
                            {65536, 4.99, 4.00},
                            {1048576, 22.69, 21.82},
                            {67108864, 1211.62, 1211.17},
                            {1073741824, 19327.74, 19369.41}}) {
    const auto model_us = [&](const LinkDirection& link) {
      return static_cast<double>(link.latency.value) / 1e3 +
             static_cast<double>(m.bytes) * 1e6 / static_cast<double>(link.bytes_per_second);
    };
    EXPECT_NEAR(model_us(h200.host_link.in) / m.in_us, 1.0, 0.02) << m.bytes;
    EXPECT_NEAR(model_us(h200.host_link.out) / m.out_us, 1.0, 0.02) << m.bytes;
  }
}

TEST(Machine, ThePcie3LinkIsTheOnePublishedWithAutoSwap) {
  const LinkModel link = load_machine("gtx1080ti-pcie3").host_link;
  EXPECT_EQ(link.out.latency, Nanoseconds(47'200));
  EXPECT_EQ(link.in.latency, Nanoseconds(9'700));
  EXPECT_NEAR(1e9 / static_cast<double>(link.out.bytes_per_second), 0.0756, 0.00001);
  EXPECT_NEAR(1e9 / static_cast<double>(link.in.bytes_per_second), 0.0823, 0.00001);
}

TEST(Machine, CallsOfANamedMachineAreThatMachines) {
  EXPECT_EQ(load_machine("rtx4090").calls.segment_take.at(20_MiB), load_machine("h200").calls.segment_take.at(20_MiB));
  EXPECT_THAT(error_with("\ndisk:\n", "\ndisk: h2000\nold:\n"), AllOf(HasSubstr("my.yaml:"), HasSubstr("'h2000'")));
}

TEST(Machine, ErrorsNameTheFileThePlaceAndTheNearestKey) {
  EXPECT_THAT(error_with("  duplex:", "  duplx:"),
              AllOf(HasSubstr("my.yaml:"), HasSubstr("'duplx'"), HasSubstr("duplex")));
  EXPECT_THAT(error_with("gpus: 1", "gpus: 1\nspeed: 3"), HasSubstr("unknown key 'speed'"));
  EXPECT_THAT(error_with("gpus: 1", "gpus: 0"), HasSubstr("gpus: 0 is outside 1 to 64"));
  EXPECT_THAT(error_with("page_granularity: 2MiB", "page_granularity: 1B"), HasSubstr("page_granularity"));
}

TEST(Machine, RefusesFiguresThatCannotBe) {
  EXPECT_THAT(error_with("duplex: 101.67 GB/s", "duplex: 50 GB/s"), HasSubstr("host_link.duplex: must lie between"));
  EXPECT_THAT(error_with("duplex: 101.67 GB/s", "duplex: 200 GB/s"), HasSubstr("host_link.duplex: must lie between"));
  EXPECT_THAT(error_with("55.47 GB/s", "9 B/s"), HasSubstr("slower than 1 MB/s"));
  EXPECT_THAT(error_with("launch: 2.70us", "launch: 61s"), HasSubstr("longer than 60s"));
  EXPECT_THAT(error_with("{2MiB: 7.0us, 20MiB", "{20MiB: 7.0us, 2MiB"), HasSubstr("sizes must rise"));
  EXPECT_THAT(error_with("1GiB: 47.3us", "257MiB: 0us"), HasSubstr("out of bounds beyond 257.00 MiB"));
  EXPECT_THAT(error_with("2MiB: 7.0us", "2 apples: 7.0us"), AllOf(HasSubstr("my.yaml:"), HasSubstr("'2 apples'")));
  EXPECT_THAT(error_with("\n# Measured: 4 GiB",
                         "\npeer_link: {out: {latency: 1us, bandwidth: 1 GB/s}, "
                         "in: {latency: 1us, bandwidth: 1 GB/s}, duplex: 2 GB/s}\n#"),
              HasSubstr("one GPU has no peer"));
}

TEST(Machine, AnUnknownNameListsTheKnownOnes) {
  try {
    load_machine("h20");
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_THAT(e.what(), AllOf(HasSubstr("did you mean 'h200'"), HasSubstr("rtx4090")));
  }
}

TEST(CostCurve, IsLinearBetweenItsPointsAndBeyondTheLast) {
  const CostCurve curve{{{Bytes(100), 10_ns}, {Bytes(200), 20_ns}, {Bytes(400), 100_ns}}};
  EXPECT_EQ(curve.at(Bytes(0)), 10_ns);
  EXPECT_EQ(curve.at(Bytes(100)), 10_ns);
  EXPECT_EQ(curve.at(Bytes(155)), 15_ns);
  EXPECT_EQ(curve.at(Bytes(200)), 20_ns);
  EXPECT_EQ(curve.at(Bytes(300)), 60_ns);
  EXPECT_EQ(curve.at(Bytes(500)), 140_ns);
  EXPECT_EQ((CostCurve{{{Bytes(7), 5_ns}}}.at(1_GiB)), 5_ns);
  EXPECT_EQ(CostCurve{}.at(1_GiB), 0_ns);
}

TEST(Routes, PassTheHostOnTheWayToTheDisk) {
  const MachineModel h200 = load_machine("h200");
  const Route out = route_between(Tier::device, Tier::disk, h200);
  EXPECT_EQ(out.hops, 2);
  EXPECT_EQ(out.lanes[0], Lane::host_out);
  EXPECT_EQ(out.lanes[1], Lane::disk_write);
  const Route in = route_between(Tier::disk, Tier::device, h200);
  EXPECT_EQ(in.lanes[0], Lane::disk_read);
  EXPECT_EQ(in.lanes[1], Lane::host_in);
}

TEST(Routes, ThatTheMachineDoesNotHaveAreErrors) {
  EXPECT_THROW(route_between(Tier::device, Tier::peer, load_machine("h200")), DeviceError);
  EXPECT_EQ(route_between(Tier::peer, Tier::device, load_machine("h200-x2")).lanes[0], Lane::peer_in);
  EXPECT_THROW(route_between(Tier::peer, Tier::host, load_machine("h200-x2")), DeviceError);
  EXPECT_THROW(route_between(Tier::host, Tier::host, load_machine("h200-x2")), DeviceError);
}

}  // namespace
}  // namespace vramlab
