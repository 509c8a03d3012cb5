#pragma once
// The options of pool tiered.

#include <array>
#include <cstdint>
#include <span>

#include "engine/core/option.h"
#include "engine/core/types.h"

namespace vramlab::tiered {

inline constexpr std::size_t tier_count = 4;

std::span<const OptionSpec> option_table();

struct Settings {
  std::array<std::uint64_t, tier_count> below{};  ///< bytes: a tier serves requests smaller than this
  std::array<std::uint64_t, tier_count> step{};   ///< bytes: the most a tier grows beyond what a request needs
  bool one_tier = false;                          ///< all requests are served by the first
  std::uint32_t scan = 16;
  bool predict = true;
  bool defragment = true;
  bool move_on_growth = true;
  std::uint32_t fragmentation_threshold = 0;  ///< millionths
  std::uint32_t pressure_threshold = 0;       ///< thousandths
  std::uint32_t target_reduction = 0;         ///< millionths
  std::uint64_t interval = 0;                 ///< requests
  std::uint64_t window = 0;                   ///< requests
  std::uint64_t slack = 0;  ///< one in so many bytes of the peak may be reserved beyond it rather than moved; 0: none
  bool share_tiers = true;
  bool by_lifetime = true;
  std::uint64_t move_budget = 0;  ///< bytes copied in one defragmentation

  static Settings from(const OptionValues& values);
  std::size_t tiers() const { return one_tier ? 1 : tier_count; }
  std::size_t tier_of(std::uint64_t bytes) const {
    if (one_tier) return 0;
    return std::size_t{bytes >= below[0]} + std::size_t{bytes >= below[1]} + std::size_t{bytes > below[2]};
  }
};

}  // namespace vramlab::tiered
