#pragma once
// The parts of a probe. Each measures, sets its figures of the model and appends its rows.

#include <array>
#include <vector>

#include "sim/machine_probe.h"
#include "sim/probe_session.h"

namespace vramlab::probe {

inline constexpr std::uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;
inline constexpr StreamId compute{0}, other{1}, third{2};

struct Probe {
  Session& session;
  MachineModel& machine;
  const ProbeOptions& options;
  std::vector<ProbeRow>& rows;
  std::vector<Nanoseconds> first_growth{};  ///< for the check

  Bytes most() const { return Bytes(options.quick ? 256 * mib : 4 * gib); }
};

// probe_launches.cpp. The queue first: the others keep below it.
void probe_launch_queue(Probe& probe);
void probe_launches(Probe& probe);
void probe_launch_gap(Probe& probe);  ///< and record_gap
void probe_order(Probe& probe);       ///< record, wait, issue of a transfer
void probe_handover(Probe& probe);    ///< after probe_launch_gap() and probe_host_link()

// probe_memory.cpp, probe_pages.cpp
void probe_segments(Probe& probe);
void probe_pinning(Probe& probe);
void probe_pages(Probe& probe);

// probe_links.cpp
void probe_host_link(Probe& probe);
void probe_peer_link(Probe& probe);
void probe_device_copy(Probe& probe);
void probe_disk(Probe& probe);

// probe_check.cpp: mixtures that nothing was fitted to, on the device and on the model. Growing for the first time
// comes before all else.
void probe_first_growth(Probe& probe);
void check_prediction(Probe& probe);

}  // namespace vramlab::probe
