// As wdoa, with the load taken anew after each choice.

#include "engine/swap/published_plan.h"

namespace vramlab {

SwapInfo swdoa_swap_row() {
  return published_row<AbsenceScoreKind::swdoa>("published AutoSwap: as wdoa, the load taken anew after each choice");
}

}  // namespace vramlab
