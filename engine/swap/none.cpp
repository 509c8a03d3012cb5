// No swapping: what does not fit is lack of memory.

#include "engine/swap/swap_policy.h"

namespace vramlab {

SwapInfo none_swap_row() { return {.name = "none", .summary = "nothing leaves the device", .options = {}}; }

}  // namespace vramlab
