#pragma once
// Live replay on host memory, paced by a machine model as a GPU would be.

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/registry.h"
#include "engine/device/paced_device.h"
#include "engine/replay/replay.h"
#include "first_fit_pool.h"
#include "host_device.h"
#include "sim/simulated_device.h"

namespace vramlab::test {

/// What the host devices of a replay did in all.
struct HostTotals {
  std::uint64_t devices = 0, fills = 0, checks = 0, orders = 0, operands = 0;
};

/// Adds what it did to the totals when it goes.
class CountedHost : public vramlab::testing::HostDevice {
 public:
  CountedHost(const vramlab::testing::HostDeviceOptions& options, std::shared_ptr<HostTotals> totals)
      : HostDevice(options), totals_(std::move(totals)) {}
  ~CountedHost() override {
    ++totals_->devices;
    totals_->fills += fills();
    totals_->checks += checks();
    totals_->orders += orders();
    totals_->operands += operands();
  }

 private:
  std::shared_ptr<HostTotals> totals_;
};

inline std::function<std::unique_ptr<RunnableDevice>()> simulator(const std::string& machine) {
  return [model = load_machine(machine)] { return make_simulated_device(model, unlimited_bytes); };
}

/// As `--device sim --machine h200`.
inline ReplayRequest simulated_request(const PoolInfo& pool, const std::string& machine = "h200") {
  ReplayRequest request = request_for(pool);
  request.machine_name = machine;
  request.device_memory = load_machine(machine).device_memory;
  request.make_device = simulator(machine);
  return request;
}

struct LiveRun {
  std::shared_ptr<HostTotals> totals = std::make_shared<HostTotals>();
  ReplayRequest request;
};

/// As `--device cuda --machine h200`, on host memory instead.
inline LiveRun live_run(const PoolInfo& pool, const vramlab::testing::HostDeviceOptions& options = {},
                        const std::string& machine = "h200") {
  LiveRun live{.request = simulated_request(pool, machine)};
  live.request.device_name = "host";
  live.request.make_model_device = live.request.make_device;
  live.request.make_device = [model = live.request.make_model_device, options, totals = live.totals] {
    return std::make_unique<PacedDevice>(model(), std::make_unique<CountedHost>(options, totals));
  };
  return live;
}

}  // namespace vramlab::test
