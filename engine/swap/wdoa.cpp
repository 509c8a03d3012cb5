// Largest share of what is over the limit during the absence goes first.

#include "engine/swap/published_plan.h"

namespace vramlab {

SwapInfo wdoa_swap_row() {
  return published_row<AbsenceScoreKind::wdoa>("published AutoSwap: largest integral of the load over the limit first");
}

}  // namespace vramlab
