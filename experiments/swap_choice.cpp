#include "experiments/swap_choice.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "experiments/choice.h"
#include "experiments/limit.h"

namespace vramlab {
namespace {

constexpr std::string_view variant_option = "policy";

SwapChoice choice_of(const Settings& settings, const SwapInfo& policy) {
  SwapChoice choice{&policy, settings.swap(policy.name), std::string(policy.name)};
  if (choice.options.has("tier"))
    choice.options.set_if_default("tier", settings.values.text("swap_tier"), "setting swap_tier");
  if (choice.options.has("overhead"))
    choice.options.set_if_default("overhead", fmt::format("{}", parse_overhead(settings.values.text("max_overhead"))),
                                  "setting max_overhead");
  return choice;
}

SwapChoice choice_called(const Settings& settings, const std::string& name) {
  const std::size_t colon = name.find(':');
  SwapChoice choice = choice_of(settings, find_row(swaps(), "swap policy", std::string_view(name).substr(0, colon)));
  if (colon == std::string::npos) return choice;
  if (!choice.options.has(variant_option))
    throw ConfigError(fmt::format("swap policy {} has no variants, so '{}' names none", choice.name, name), {},
                      fmt::format("write {}", choice.name));
  choice.options.set(variant_option, std::string_view(name).substr(colon + 1), "flag --swap");
  choice.name = name;
  return choice;
}

}  // namespace

std::vector<SwapChoice> chosen_swaps(const Settings& settings) {
  std::vector<SwapChoice> chosen;
  for (const std::string& name : split_list(settings.values.text("swap"))) {
    if (name == "all") {
      for (const SwapInfo& policy : swaps()) chosen.push_back(choice_of(settings, policy));
    } else {
      chosen.push_back(choice_called(settings, name));
    }
  }
  if (chosen.empty()) throw ConfigError("no swap policy is named", {}, "see vramlab list swaps");
  std::vector<std::string_view> names;
  for (const SwapChoice& choice : chosen) names.push_back(choice.policy->name);
  check_options_used(settings, "swaps", std::span<const std::string_view>(names));
  return chosen;
}

}  // namespace vramlab
