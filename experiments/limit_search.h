#pragma once
// The least limit that something gets by with, found by trying.

#include <cstdint>
#include <functional>
#include <optional>

#include "engine/core/types.h"

namespace vramlab {

struct LimitRange {
  Bytes low{};   ///< nothing below is tried
  Bytes high{};  ///< tried first
  Bytes step{};  ///< limits are low + k * step, and high. REQUIRES: not 0
};

struct FoundLimit {
  std::optional<Bytes> least;  ///< none: neither `high` nor a limit tried below it
  Bytes highest{};             ///< that was tried
  std::uint64_t trials = 0;    ///< no limit is tried twice
};

/// Bisects between low and high as if a larger limit never were worse. It may be (a plan made for it happens to wait
/// more, a pool cuts its memory badly), so then limits 2, 4, 8, ... steps below the one found are tried; where one of
/// them suffices, bisection goes on below it. They are tried too where `high` does not suffice. `suffices` must give
/// the same for the same limit; `progress` gets the share done, roughly.
FoundLimit least_limit(const LimitRange& range, const std::function<bool(Bytes)>& suffices,
                       const std::function<void(double)>& progress = {});

}  // namespace vramlab
