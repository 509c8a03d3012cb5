#include "engine/core/check.h"
#include "traces/reader.h"

namespace vramlab {

Instance to_instance(const Trace& trace, Bytes granule) {
  VRAMLAB_CHECK(granule.value > 0, "sizes cannot be rounded up to 0");
  Instance instance;
  instance.name = trace.name;
  instance.buffers.resize(trace.object_count());
  for (std::size_t i = 0; i < trace.object_count(); ++i) {
    instance.buffers[i].size = round_up(trace.sizes[i], granule);
    instance.buffers[i].upper = trace.event_count();  // unless it is freed below
  }
  for (std::uint64_t position = 0; position < trace.event_count(); ++position) {
    const std::uint32_t subject = trace.subjects[position];
    if (trace.kinds[position] == EventKind::alloc) instance.buffers[subject].lower = position;
    if (trace.kinds[position] == EventKind::free_completed) instance.buffers[subject].upper = position;
  }
  return instance;
}

}  // namespace vramlab
