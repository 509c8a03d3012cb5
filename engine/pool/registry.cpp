#include <array>

#include "engine/pool/pool.h"

namespace vramlab {

std::span<const PoolInfo> pools() { return {}; }

}  // namespace vramlab
