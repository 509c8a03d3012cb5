#pragma once
// Checks in tiers: VRAMLAB_CHECK always, VRAMLAB_DCHECK in debug builds (no NDEBUG).

#include <string>

namespace vramlab {
/// Throws InvariantError naming the expression and its place.
[[noreturn]] void check_failed(const char* expression, const char* file, int line, const std::string& detail);
}  // namespace vramlab

#define VRAMLAB_CHECK(expression, detail)                                 \
  do {                                                                    \
    if (!(expression)) [[unlikely]]                                       \
      ::vramlab::check_failed(#expression, __FILE__, __LINE__, (detail)); \
  } while (false)

#ifdef NDEBUG
#define VRAMLAB_DCHECK(expression, detail) static_cast<void>(0)
#else
#define VRAMLAB_DCHECK(expression, detail) VRAMLAB_CHECK(expression, detail)
#endif
