#pragma once
// An allocator over a pool of the registry on a scripted device.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/registry.h"
#include "engine/pool/allocator.h"
#include "fake_device.h"

namespace vramlab::testing {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

inline AllocatorSettings allocator_settings(const NamedValues& options) {
  OptionValues values("allocator", allocator_options());
  for (const auto& [name, text] : options) values.set(name, text, "test");
  return AllocatorSettings::from(values);
}

class AllocatorHarness {
 public:
  explicit AllocatorHarness(Bytes capacity, const NamedValues& options = {}, std::string_view name = "segment-block",
                            const NamedValues& pool_options = {})
      : port(device, log, capacity),
        pool(make_pool(name, pool_options)),
        allocator(*pool, port, allocator_settings(options)) {}

  test::FakeDevice device;
  DecisionLog log;
  Port port;
  std::unique_ptr<Pool> pool;
  Allocator allocator;

 private:
  std::unique_ptr<Pool> make_pool(std::string_view name, const NamedValues& options) {
    const PoolInfo& info = find_row(pools(), "pool", name);
    OptionValues values(info.name, info.options);
    for (const auto& [option, text] : options) values.set(option, text, "test");
    return info.make(port, values, {.device_memory = 16_GiB});
  }
};

}  // namespace vramlab::testing
