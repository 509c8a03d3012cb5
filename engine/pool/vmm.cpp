#include <algorithm>

#include "engine/core/error.h"
#include "engine/pool/vmm_pool.h"

namespace vramlab {
namespace vmm {

void VmmPool::serve_slowly(const AllocRequest& request, std::uint64_t size) {
  if (size < settings_.small_limit && serve_small(request, size)) return;
  do {
    if (serve_by_view(request, size)) return;
    if (serve_by_growth(request, size, true)) return;
    if (serve_by_moving(request, size)) return;
    if (serve_by_stitch(request, size)) return;
    if (serve_by_growth(request, size, false)) return;
  } while (call_back_retired());
  out_of_memory("vmm", request.bytes, port_, stats_.allocated);
}

// In a page that becomes one for small objects; else in any hole.
bool VmmPool::serve_small(const AllocRequest& request, std::uint64_t size) {
  if (home_.add_small_page()) {
    serve_at_home(request, home_.find_small(size), size);
    return true;
  }
  const NodeIndex n = home_.find_large(size);
  if (n == no_node) return false;
  serve_at_home(request, n, size);
  return true;
}

bool VmmPool::serve_by_view(const AllocRequest& request, std::uint64_t size) {
  const ViewIndex v = views_.find(size, settings_.view_tries);
  if (v == no_view) return false;
  serve_in_view(request, v, size);
  ++stats_.cache_hits;
  return true;
}

// Mapping anew again and again shows that what is held is too little: then more is held. A little of it, measured by
// what is served, is put up with for ever.
std::uint64_t VmmPool::headroom_ppm() const {
  const std::uint64_t held = port_.reserved() / settings_.page;
  const std::uint64_t borne = settings_.patience * held / 1000 + served_ / settings_.page / borne_share;
  if (held == 0 || mapped_anew_ <= borne) return settings_.headroom_ppm;
  return settings_.headroom_ppm + settings_.headroom_ppm * (mapped_anew_ - borne) / held;
}

// How many pages may be created while an object of `size` is served.
std::uint64_t VmmPool::allowance(std::uint64_t size) const {
  const std::uint64_t live = std::max(peak_live_.value, (stats_.allocated + Bytes(size)).value);
  const std::uint64_t most = live + live / 1'000'000 * headroom_ppm() + settings_.page.value;
  const std::uint64_t held = port_.reserved().value;
  return held < most ? (most - held) / settings_.page.value : 0;
}

bool VmmPool::serve_by_growth(const AllocRequest& request, std::uint64_t size, bool within_headroom) {
  const HomeSpace::Growth growth = home_.growth_for(size);
  if (growth.unmapped == no_node) return false;
  if (within_headroom && growth.pages > allowance(size)) return false;
  return home_.grow(growth) && serve_after_growth(request, size);
}

bool VmmPool::serve_after_growth(const AllocRequest& request, std::uint64_t size) {
  if (size < settings_.small_limit && serve_small(request, size)) return true;
  const NodeIndex n = home_.find_large(size);
  if (n == no_node) return false;  // best fit looks at some of a class only
  serve_at_home(request, n, size);
  return true;
}

// Idle pages get a new home where they make a hole together; only what is missing then is created.
bool VmmPool::serve_by_moving(const AllocRequest& request, std::uint64_t size) {
  if (!settings_.moving) return false;
  const HomeSpace::Growth growth = home_.growth_for(size);
  if (growth.unmapped == no_node) return false;
  const std::uint64_t allowed = allowance(size);
  const std::vector<HomePiece> moved =
      movable_pages(growth, growth.pages - std::min<std::uint64_t>(allowed, growth.pages));
  std::uint64_t pages = 0;
  for (const HomePiece& run : moved) pages += run.bytes / settings_.page.value;
  if (pages == 0 || growth.pages > pages + allowed) return false;
  if (pages * 1000 > size / settings_.page.value * settings_.move_share) return false;
  std::vector<bool> leaving;
  mark_pages(moved, leaving);
  std::uint64_t home = home_.graph()[growth.unmapped].address;
  std::optional<std::vector<NodeIndex>> left = home_.grow(growth, moved);
  if (!left) return false;
  mapped_anew_ += pages;
  for (const HomePiece& run : moved) {
    fence_.move(run.offset, home, run.bytes);
    home += run.bytes;
  }
  start({.waiting = {}, .pages = {}, .addresses = std::move(*left), .views = views_.retire_over([&](std::uint64_t p) {
           return p < leaving.size() && leaving[p];
         })});
  return serve_after_growth(request, size);
}

void VmmPool::mark_pages(const std::vector<HomePiece>& runs, std::vector<bool>& marks) const {
  for (const HomePiece& run : runs) {
    const std::uint64_t last = run.end() / settings_.page.value;
    if (marks.size() < last) marks.resize(last);
    for (std::uint64_t p = run.offset / settings_.page.value; p < last; ++p) marks[p] = true;
  }
}

// Runs of idle pages, `pages` in all if there are so many, that are not beside the place that grows.
std::vector<HomePiece> VmmPool::movable_pages(const HomeSpace::Growth& growth, std::uint64_t pages) {
  const std::uint64_t page = settings_.page.value;
  const BlockNode& place = home_.graph()[growth.unmapped];
  std::vector<HomePiece> runs;
  home_.for_each_touching([&](const HomePiece& block) {
    if (block.end() == place.address || block.offset == place.address + place.size) return;
    const std::uint64_t last = block.end() / page;
    for (std::uint64_t p = (block.offset + page - 1) / page; p < last;) {
      std::uint64_t until = p;
      while (until < last && !views_.pins(until)) ++until;
      if (until > p) runs.push_back({p * page, (until - p) * page});
      p = until + 1;
    }
  });
  return take_runs(std::move(runs), pages * page, settings_.order);
}

Stitch VmmPool::stitch_free(std::uint64_t size) const {
  std::vector<HomePiece> free;
  home_.for_each_touching([&](const HomePiece& block) { free.push_back(block); });
  return stitch(size, free, settings_.page.value, settings_.order);
}

// Only what is missing is created, wherever there are addresses for it.
bool VmmPool::serve_by_stitch(const AllocRequest& request, std::uint64_t size) {
  if (!settings_.stitching || size < settings_.min_stitch) return false;
  Stitch found = stitch_free(size);
  if (found.missing_pages > 0) {
    const HomeSpace::Growth growth = home_.growth_of_pages(static_cast<std::uint32_t>(found.missing_pages));
    if (growth.unmapped == no_node || !home_.grow(growth)) return false;
    found = stitch_free(size);
  }
  const std::vector<HomePiece>& places = found.pieces;
  if (places.empty()) return false;
  if (places.size() == 1) return serve_in_hole(request, places.front());
  const ViewIndex v = views_.make(places);
  if (v == no_view) return false;
  serve_in_view(request, v, size);
  mapped_anew_ += views_[v].mapped_pages;
  ++stats_.stitches;
  ++stats_.cache_misses;
  return true;
}

}  // namespace vmm

PoolInfo vmm_row() {
  return {
      .name = "vmm",
      .summary = "virtual memory: best fit in one range; free places are stitched by mapping their pages side by side",
      .options = vmm::option_table(),
      .make = [](Port& port, const OptionValues& values, const PoolContext& context) -> std::unique_ptr<Pool> {
        if (context.device_memory.value == 0)
          throw ConfigError("pool vmm needs a machine with memory, from which it takes the size of its range");
        return std::make_unique<vmm::VmmPool>(port, vmm::Settings::from(values), context.device_memory);
      }};
}

}  // namespace vramlab
