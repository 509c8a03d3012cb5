#pragma once
// What a machine model and the settings say of swapping, as engine/replay asks for it.

#include <array>

#include "engine/replay/replay.h"
#include "experiments/settings.h"
#include "sim/machine.h"

namespace vramlab {

/// Links by tier. The one to the disk is both hops one after the other, as the simulated device makes them: latencies
/// add up, and a byte takes the time of both.
std::array<SwapLink, 4> swap_links(const MachineModel& machine);

/// Of the settings host_memory, peer_memory and disk_space; 0 where the machine has no link. Throws ConfigError, also
/// where the setting swap_tier names a tier that is not there.
std::array<Bytes, 4> tier_capacities(const MachineModel& machine, const Settings& settings);

/// Of the setting codec and its options; packs the file that a codec names. Throws ConfigError and TraceError.
CodecFigures codec_figures(const Settings& settings);

/// What every swap policy of one command gets; its limit, policy and options are to be filled in.
SwapRequest swap_setup(const MachineModel& machine, const Settings& settings);

}  // namespace vramlab
