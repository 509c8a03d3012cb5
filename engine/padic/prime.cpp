#include "engine/padic/prime.h"

#include <fmt/format.h>

#include "engine/padic/errors.h"

namespace vramlab::padic {

void refuse_prime(std::uint64_t value) {
  throw NotAPrime(fmt::format("p = {} is not a prime below 256", value), {},
                  "take 2, 3, 5, ..., 251; 251 is the default");
}

}  // namespace vramlab::padic
