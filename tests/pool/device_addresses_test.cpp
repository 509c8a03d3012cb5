// Where a run uses the addresses that the device gave its memory, a pool hands out those and no others.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/core/decision.h"
#include "engine/device/port.h"
#include "engine/pool/pool.h"
#include "fake_device.h"

namespace vramlab::test {
namespace {

// Every segment and range lies where no Port would put it.
class PlacedDevice final : public FakeDevice, public AddressSource {
 public:
  Address base_of(SegmentId id) const override {
    return Address((std::uint64_t{0x7F} << 40) - (id.value + 1ull) * gap);
  }
  bool holds(Address at, Bytes bytes) const {
    return at.value < std::uint64_t{0x7F} << 40 && (at + bytes).value <= std::uint64_t{0x7F} << 40 &&
           at.value >= (std::uint64_t{0x7F} << 40) - 64 * gap;
  }

 private:
  static constexpr std::uint64_t gap = std::uint64_t{1} << 39;
};

class DeviceAddresses : public testing::TestWithParam<const PoolInfo*> {};

TEST_P(DeviceAddresses, AreTheOnesThatAPoolHandsOut) {
  const PoolInfo& row = *GetParam();
  if (row.needs_instance) GTEST_SKIP() << row.name << " must know the whole trace";
  PlacedDevice device;
  DecisionLog log;
  Port port(device, log);
  port.use_device_addresses(device);
  const auto pool = row.make(port, OptionValues(row.name, row.options), {.device_memory = 64_GiB});
  std::uint32_t slot = 0;
  for (const Bytes bytes : {512_B, 3460_B, 1_MiB, 40_MiB, 2_MiB, 300_MiB, 700_B}) {
    port.bind(BlockId(slot), ObjectId(slot));
    pool->allocate({.block = BlockId(slot), .object = ObjectId(slot), .bytes = bytes});
    EXPECT_TRUE(device.holds(pool->address_of(BlockId(slot)), bytes)) << bytes.value << " bytes lie elsewhere";
    ++slot;
  }
}

std::vector<const PoolInfo*> rows() {
  std::vector<const PoolInfo*> all;
  for (const PoolInfo& row : pools()) all.push_back(&row);
  return all;
}

std::string name_of(const testing::TestParamInfo<const PoolInfo*>& info) {
  std::string name(info.param->name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Pools, DeviceAddresses, testing::ValuesIn(rows()), name_of);

}  // namespace
}  // namespace vramlab::test
