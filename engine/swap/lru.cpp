// Least recently used: on missing memory what was used longest ago goes, and comes back when it is used. Nothing is
// done ahead: every transfer is waited for. The floor of on-line policies (paging on demand: Denning, "Virtual Memory",
// ACM Computing Surveys 2(3), 1970).

#include "engine/swap/demand.h"

namespace vramlab {

SwapInfo lru_swap_row() {
  return {.name = "lru",
          .summary = "on missing memory the least recently used go; nothing is brought back ahead",
          .options = {},
          .make = [](const OptionValues&, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            return std::make_unique<DemandPolicy>(context);
          }};
}

}  // namespace vramlab
