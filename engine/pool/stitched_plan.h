#pragma once
// A plan over physical pages that are mapped once, each at its home and in every view that needs it there: an object
// over pages of several places is contiguous in its view. Nothing is mapped or unmapped while the plan is followed.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

/// Pages [first, first + count) of the plan, mapped side by side.
struct PageRun {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  friend bool operator==(const PageRun&, const PageRun&) = default;
};

inline constexpr std::uint32_t no_stitched_view = ~std::uint32_t{0};

/// Where a buffer lies: `offset` bytes into its view, or into the home of all pages (page p at p * page).
struct StitchedPlace {
  std::uint32_t view = no_stitched_view;  ///< none: at home
  std::uint64_t offset = 0;
};

struct StitchedPlan {
  static constexpr Bytes page = 2_MiB;

  std::uint32_t pages = 0;
  std::vector<std::vector<PageRun>> views;  ///< no two alike
  std::vector<StitchedPlace> places;        ///< by buffer

  /// Calls `each(begin, bytes)` with the stretches of physical bytes (page p is [p * page, (p + 1) * page)) under
  /// `bytes` bytes at `place`, in order.
  template <class Each>
  void for_each_stretch(const StitchedPlace& place, std::uint64_t bytes, Each&& each) const;
};

/// Lays out the pages of share_pages(): which page each object has when. Deterministic. REQUIRES: check_instance()
/// passed. Throws ConfigError where buffers ask for more than 512 bytes of alignment, or for gaps, pins or heaps.
StitchedPlan plan_stitched(const Instance& instance);

/// Independent of the planner: "" when `plan` is valid, else what is wrong (two live buffers in one physical byte, a
/// place beyond its view, a page beyond the last, a misaligned place).
std::string check_stitched(const Instance& instance, const StitchedPlan& plan);

template <class Each>
void StitchedPlan::for_each_stretch(const StitchedPlace& place, std::uint64_t bytes, Each&& each) const {
  if (place.view == no_stitched_view) return each(place.offset, bytes);
  std::uint64_t skip = place.offset;
  for (const PageRun& run : views[place.view]) {
    const std::uint64_t length = run.count * page.value;
    if (skip < length && bytes > 0) {
      const std::uint64_t part = std::min(length - skip, bytes);
      each(run.first * page.value + skip, part);
      bytes -= part;
    }
    skip -= std::min(skip, length);
  }
}

}  // namespace vramlab
