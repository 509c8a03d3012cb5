#pragma once
// A stretch of time of a plan, to be placed anew below a height while all around it stays where it is.

#include <vector>

#include "engine/coloring/portfolio.h"

namespace vramlab {

class Window {
 public:
  /// Buffers whose life lies within `stretch` are free; others that reach into it are pinned as in `plan` (what of them
  /// is above `target` does not count). The path is that of the plan's instance.
  Window(const CliquePath& path, CliquePath::Range stretch, const Plan& plan, Bytes target);

  std::size_t free() const { return free_.size(); }
  std::size_t pinned() const { return instance_.pins.size(); }
  /// Searches one round; when a placement with all free buffers below the target is found, puts it into `plan` (its
  /// peak is left to the caller).
  bool solve(const PortfolioRules& rules, Plan& plan) const;

 private:
  void add_free(const CliquePath& path, std::uint32_t buffer);
  void add_pinned(const CliquePath& path, CliquePath::Range stretch, std::uint32_t buffer, Bytes offset);

  Bytes target_;
  Instance instance_;                // times are cliques of the whole
  std::vector<std::uint32_t> free_;  // buffer of the whole, by free buffer here: they come first
};

}  // namespace vramlab
