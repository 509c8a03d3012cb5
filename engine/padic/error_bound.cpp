#include "engine/padic/error_bound.h"

#include <algorithm>
#include <cmath>

namespace vramlab::padic {

std::uint32_t ErrorBound::settle(std::uint32_t first, std::uint32_t missing) {
  if (missing == 0) return first;
  const WordRange finite = coder_->finite_words();
  const std::uint64_t span = (std::uint64_t{1} << missing) - 1;
  if (first > finite.most || first + span < finite.least) return first;
  const auto within = [&](std::uint64_t word) {
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(word, finite.least, finite.most));
  };
  const std::uint32_t taken = within(first + span / 2 + 1);
  const double value = coder_->number(taken);
  const double below = value - coder_->number(within(first)), above = coder_->number(within(first + span)) - value;
  most_ = std::isnan(below + above) ? INFINITY : std::max({most_, below, above});
  return taken;
}

void ErrorBound::settle_all(std::uint32_t* words, std::uint32_t n, std::uint32_t missing) {
  if (missing == 0) return;
  const std::uint32_t kept = coder_->kind() == WordKind::signed_parts ? 0x80000000U : 0U;
  for (std::uint32_t i = 0; i < n; ++i) words[i] = (words[i] & kept) | settle(words[i] & ~kept, missing);
}

void ErrorBound::merge(const ErrorBound& other) { most_ = std::max(most_, other.most_); }

double ErrorBound::total() const { return most_ + coder_->bound(); }

}  // namespace vramlab::padic
