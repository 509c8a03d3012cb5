#include "engine/core/instance.h"

namespace vramlab {

std::vector<LivePart> live_parts(const Instance& instance) {
  std::vector<LivePart> parts;
  parts.reserve(instance.buffers.size() + instance.gaps.size());
  auto gap = instance.gaps.begin();
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    std::uint64_t lower = instance.buffers[i].lower;
    for (; gap != instance.gaps.end() && gap->buffer == i; ++gap) {
      parts.push_back({i, lower, gap->lower});
      lower = gap->upper;
    }
    parts.push_back({i, lower, instance.buffers[i].upper});
  }
  return parts;
}

std::string name_of(const Instance& instance, std::size_t i) {
  return instance.names.empty() ? std::to_string(i) : instance.names[i];
}

}  // namespace vramlab
