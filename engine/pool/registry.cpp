#include <array>

#include "engine/pool/pool.h"

// A line a pool, in the order of listings: NAME_row() is defined at the end of the pool's own file.
#define VRAMLAB_POOLS(ROW) \
  ROW(cuda_malloc)         \
  ROW(pytorch)             \
  ROW(pytorch_expandable)  \
  ROW(segment_block)       \
  ROW(vmm)                 \
  ROW(tiered)              \
  ROW(smartpool)           \
  ROW(cnmem)               \
  ROW(offline)

namespace vramlab {

#define VRAMLAB_DECLARE(name) PoolInfo name##_row();
VRAMLAB_POOLS(VRAMLAB_DECLARE)

std::span<const PoolInfo> pools() {
#define VRAMLAB_ENTRY(name) name##_row(),
  static const std::array table{VRAMLAB_POOLS(VRAMLAB_ENTRY)};
  return table;
}

}  // namespace vramlab
