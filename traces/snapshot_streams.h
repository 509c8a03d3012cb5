#pragma once
// Recorded stream numbers (addresses) as dense ids in order of appearance.

#include <cstdint>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/core/types.h"

namespace vramlab::snapshot {

class StreamTable {
 public:
  /// StreamId::none() when there are more streams than ids.
  StreamId intern(std::uint64_t recorded) {
    if (recorded == last_ && last_id_.valid()) return last_id_;
    const auto [it, fresh] = ids_.try_emplace(recorded, static_cast<std::uint16_t>(names_.size()));
    if (fresh && names_.size() < StreamId::none_value) names_.push_back(recorded);
    last_ = recorded;
    return last_id_ = StreamId(it->second);
  }
  std::vector<std::uint64_t> take_names() { return std::move(names_); }

 private:
  std::uint64_t last_ = 0;
  StreamId last_id_;
  boost::unordered_flat_map<std::uint64_t, std::uint16_t> ids_;
  std::vector<std::uint64_t> names_;
};

}  // namespace vramlab::snapshot
