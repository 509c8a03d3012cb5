#pragma once
// The allocator settings that a snapshot records, under the names of the `pytorch` pool's options.

#include <string>
#include <utility>
#include <vector>

#include "traces/snapshot_fields.h"

namespace vramlab::snapshot {

/// max_split_size ("unlimited" or bytes), roundup_power2_divisions ("1:0,2:8,...", keys in MB, only when one is not
/// 0), garbage_collection_threshold (only when > 0), expandable_segments; each only where recorded. `root` is the
/// whole snapshot. Throws TraceError.
std::vector<std::pair<std::string, std::string>> read_settings(const Fields& fields, const pickle::Dict& root);

}  // namespace vramlab::snapshot
