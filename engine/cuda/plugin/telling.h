#pragma once
// What a world tells, as text: JSON for the Python module, a table for people.

#include <string>

#include "engine/cuda/plugin/world.h"

namespace vramlab::plugin {

/// An object of numbers; see telling.cpp for the names.
std::string stats_json(const WorldStats& stats);

/// {"device", "segments": [{"address", "total_size", "stream", "is_expandable", "blocks": [[address, size,
/// requested, state]]}], "events": [[action, address, size, stream]], "first_event"}. States: 0 live, 1 freed and in
/// use by other streams, 2 free. Actions: 0 alloc, 1 free requested, 2 free completed. Blocks fill their segment.
std::string snapshot_json(const World& world);

/// The footprint: what was asked for, what was reserved for it.
std::string footprint_text(const World& world);

}  // namespace vramlab::plugin
