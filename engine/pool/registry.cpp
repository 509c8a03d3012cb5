#include <array>

#include "engine/pool/rows.h"

namespace vramlab {

std::span<const PoolInfo> pools() {
  static const std::array table{
      cuda_malloc_row(),         //
      pytorch_row(),             //
      pytorch_expandable_row(),  //
      segment_block_row(),       //
      offline_row(),
  };
  return table;
}

}  // namespace vramlab
