#include "engine/replay/fidelity.h"

namespace vramlab {

std::optional<double> relative_error(std::optional<Nanoseconds> predicted, std::optional<Nanoseconds> measured) {
  if (!predicted || !measured) return std::nullopt;
  if (*predicted == *measured) return 0.0;
  if (measured->value == 0) return std::nullopt;
  return static_cast<double>(predicted->value) / static_cast<double>(measured->value) - 1;
}

std::optional<Nanoseconds> mean_iteration(std::optional<Nanoseconds> window, std::uint64_t iterations) {
  if (!window || iterations == 0) return std::nullopt;
  return *window / static_cast<std::int64_t>(iterations);
}

}  // namespace vramlab
