#include "engine/pool/block_graph.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {

void LiveBlocks::grow(BlockId block) {
  if (!block.valid()) throw PoolError("no block given");
  node_of_.resize(std::max<std::size_t>(std::size_t{block.value} + 1, node_of_.size() * 2), no_node);
}

void LiveBlocks::not_live(BlockId block) {
  throw PoolError(fmt::format("block {} is not live", block.value), {}, "freed twice, or never allocated");
}

void LiveBlocks::in_use(BlockId block) {
  throw PoolError(fmt::format("block {} is live already", block.value), {}, "free it before it is allocated again");
}

void check_request(Bytes bytes) {
  if (bytes.value == 0) throw PoolError("an allocation of 0 bytes");
  if (bytes > max_space)
    throw PoolError(fmt::format("an allocation of {} bytes", bytes.value), {},
                    fmt::format("no pool serves more than {}", format_bytes(max_space)));
}

void out_of_memory(std::string_view pool, Bytes requested, const Port& port, Bytes live) {
  throw OutOfMemory(
      fmt::format("pool {} is out of memory: {} requested; {} of {} reserved, {} of it live, {} cached", pool,
                  format_bytes(requested), format_bytes(port.reserved()), format_bytes(port.capacity()),
                  format_bytes(live), format_bytes(port.reserved() - live)),
      {}, "raise the capacity, or choose a pool that reserves less");
}

}  // namespace vramlab
