#pragma once
// Swap policies as the command line names them: NAME, or NAME:VALUE for a policy with an option called `policy`.

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/option.h"
#include "engine/swap/swap_policy.h"
#include "experiments/settings.h"

namespace vramlab {

struct SwapChoice {
  const SwapInfo* policy = nullptr;
  OptionValues options;
  std::string name;  ///< as it was named

  bool swaps() const { return policy->make != nullptr; }
};

/// Of the setting `swap`, in its order, with the options that the settings give; `swap_tier` and `max_overhead` go to
/// policies with options `tier` and `overhead`. Throws ConfigError for unknown names, none at all, and options of
/// policies that are not chosen.
std::vector<SwapChoice> chosen_swaps(const Settings& settings);

}  // namespace vramlab
