#include "sim/machine_probe.h"

#include <utility>

#include "sim/probe_parts.h"

namespace vramlab {
namespace {

using probe::Probe;

struct Part {
  std::string_view name;
  void (*run)(Probe& probe);
};

// In this order: memory is new but once, the queue limits what others put in a row, the check needs all figures but the
// disk's, and the disk gets random bytes, after which a device may run its operators in another way.
constexpr Part parts[] = {{"new memory", probe::probe_first_growth},
                          {"launch queue", probe::probe_launch_queue},
                          {"launches", probe::probe_launches},
                          {"time between operators", probe::probe_launch_gap},
                          {"order of streams", probe::probe_order},
                          {"segments", probe::probe_segments},
                          {"pages", probe::probe_pages},
                          {"pinned memory", probe::probe_pinning},
                          {"host link", probe::probe_host_link},
                          {"operators and copies", probe::probe_handover},
                          {"copies inside the device", probe::probe_device_copy},
                          {"prediction", probe::check_prediction},
                          {"disk", probe::probe_disk}};

probe::Rounds rounds_of(const ProbeOptions& options) {
  return options.quick ? probe::Rounds{3, 7, Nanoseconds(100'000'000)} : probe::Rounds();
}

}  // namespace

ProbeResult probe_machine(RunnableDevice& device, MachineModel machine, const ProbeOptions& options) {
  ProbeResult result{std::move(machine), {}};
  probe::Session session(device, rounds_of(options));
  Probe probe{session, result.machine, options, result.rows};
  double done = 0;
  const auto run = [&](const Part& part) {
    options.progress(done / static_cast<double>(std::size(parts) + 1), part.name);
    part.run(probe);
    ++done;
  };
  result.machine.peer_link = {};
  for (const Part& part : parts) {
    if (part.run == probe::check_prediction && options.peer) run({"peer link", probe::probe_peer_link});
    run(part);
  }
  return result;
}

}  // namespace vramlab
