// Largest product of size and duration of absence goes first.

#include "engine/swap/published_plan.h"

namespace vramlab {

SwapInfo aoa_swap_row() {
  return published_row<AbsenceScoreKind::aoa>("published AutoSwap: largest product of absence and size first");
}

}  // namespace vramlab
