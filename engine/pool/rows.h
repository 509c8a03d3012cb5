#pragma once
// The rows of engine/pool/registry.cpp, each defined in its pool's own file.

#include "engine/pool/pool.h"

namespace vramlab {

PoolInfo cuda_malloc_row();
PoolInfo pytorch_row();
PoolInfo pytorch_expandable_row();
PoolInfo segment_block_row();
PoolInfo offline_row();

}  // namespace vramlab
