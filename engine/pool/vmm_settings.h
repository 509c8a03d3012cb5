#pragma once
// The options of pool vmm.

#include <cstdint>
#include <span>

#include "engine/core/option.h"
#include "engine/core/types.h"
#include "engine/pool/stitch.h"

namespace vramlab::vmm {

struct Settings {
  Bytes page;
  bool stitching;
  bool moving;
  std::uint64_t move_share;  // thousandths
  std::size_t view_cache;
  std::uint32_t view_tries;
  std::uint64_t min_stitch;
  StitchOrder order;
  std::uint64_t headroom_ppm;
  std::uint64_t patience;  // thousandths
  std::uint64_t small_limit;
  std::uint32_t scan;

  /// Throws ConfigError for a page size that no device has.
  static Settings from(const OptionValues& values);
};

std::span<const OptionSpec> option_table();

}  // namespace vramlab::vmm
