#pragma once
// The independent validator: knows events and decisions, nothing of any pool.

#include <cstdint>
#include <memory>
#include <string>

#include "engine/replay/replay.h"

namespace vramlab {

/// Throws InvariantError naming event, objects and segments when: two live objects overlap; an object's bytes are not
/// inside a held segment or mapped pages; an object is smaller than requested; memory last used by another stream is
/// used without a wait for a token recorded after that use; an alloc event places nothing or a free releases nothing;
/// a segment or mapped page is given back under a live object; two pages or tokens are confused.
/// A live object may move, in one way: all its bytes are copied by a transfer that comes after its stream's work up to
/// this event and after whoever used the destination last; its stream waits for the transfer; it is released and, by
/// the very next decision, placed at the destination.
/// It may leave the device, too: all its bytes are copied to another tier by a transfer that comes after the last
/// operator that used it; its stream waits for every transfer from its place, and it is released. It is away then,
/// until it is placed again, and filled by a transfer from the very bytes of a copy that nothing has overwritten, that
/// was not given back, and since which no operator wrote the object; copies of earlier absences are as good. That
/// transfer comes after the one that made the copy, and an operator that uses the object after a wait of its stream for
/// that transfer. Operands are not away. Bytes of a tier are written after all transfers that used them.
std::unique_ptr<ReplayWatcher> make_validator();

}  // namespace vramlab
