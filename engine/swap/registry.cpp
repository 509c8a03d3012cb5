#include <array>

#include "engine/swap/swap_policy.h"

// A line a policy, in the order of listings: NAME_swap_row() is defined at the end of the policy's own file.
#define VRAMLAB_SWAPS(ROW) \
  ROW(none)                \
  ROW(lru)                 \
  ROW(belady) ROW(vdnn) ROW(capuchin) ROW(lms) ROW(doa) ROW(aoa) ROW(wdoa) ROW(swdoa) ROW(autoswap) ROW(planned)

namespace vramlab {

#define VRAMLAB_DECLARE(name) SwapInfo name##_swap_row();
VRAMLAB_SWAPS(VRAMLAB_DECLARE)

std::span<const SwapInfo> swaps() {
#define VRAMLAB_ENTRY(name) name##_swap_row(),
  static const std::array table{VRAMLAB_SWAPS(VRAMLAB_ENTRY)};
  return table;
}

}  // namespace vramlab
