// Longest to be away goes first: the time between the accesses around the peak, less that of both transfers.

#include "engine/swap/published_plan.h"

namespace vramlab {

SwapInfo doa_swap_row() {
  return published_row<AbsenceScoreKind::doa>("published AutoSwap: longest absences first, transfers taken off");
}

}  // namespace vramlab
