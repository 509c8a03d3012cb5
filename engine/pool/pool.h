#pragma once
// An online pool: the policy that decides where objects live. A deterministic machine over its inputs; it acts
// through its Port only.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/core/instance.h"
#include "engine/core/option.h"
#include "engine/core/types.h"
#include "engine/device/port.h"

namespace vramlab {

/// What an object is used for.
enum class AccessHint : std::uint8_t { none, training, inference, weights, temporary };

/// What the program knows of an object beforehand. A pool may use it to place better and must be right without it.
struct AllocHints {
  std::uint64_t lifetime = 0;  ///< events until the object is freed; 0 = not known
  std::uint8_t priority = 0;   ///< 0 = usual; higher: kept in place when others are moved or trimmed
  AccessHint access = AccessHint::none;
  bool relocatable = false;  ///< the owner holds a handle, not an address: the pool may move the object by a copy
};

/// A request for memory. `block` is a slot not in use; the driver has bound it to `object` in the Port.
struct AllocRequest {
  BlockId block;
  ObjectId object;
  Bytes bytes{};
  StreamId stream{0};
  AllocHints hints{};
};

/// What a pool tells of itself. Units: counts and bytes.
struct PoolStats {
  Bytes allocated{};  ///< live bytes after rounding
  Bytes cached{};     ///< held but not allocated
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t splits = 0;
  std::uint64_t merges = 0;
  std::uint64_t cache_releases = 0;  ///< times cached memory was given back to serve a request
  std::uint64_t cache_hits = 0;    ///< allocations served by what the pool keeps ready (a cache, a plan, a cached view)
  std::uint64_t cache_misses = 0;  ///< the others, in pools that keep something ready
  std::uint64_t stitches = 0;      ///< allocations laid over pages from several places
};

/// What Pool::optimize did. Fragmentation is free over held bytes, in millionths.
struct OptimizeResult {
  Bytes freed{};  ///< given back to the device
  Bytes moved{};  ///< copied or mapped anew
  std::uint32_t fragmentation_before = 0;
  std::uint32_t fragmentation_after = 0;
};

/// INVARIANT: every live object lies inside memory the pool holds, no two overlap, and memory last used by another
/// stream is used only after a wait().
/// Errors leave every live object as it was, and the call can be made again; cached memory may have gone back to the
/// device before an OutOfMemory. They are: OutOfMemory, PoolError (double free, unknown block, size 0 or beyond 2 TiB).
/// THREAD-SAFETY: none; callers serialise.
class Pool {
 public:
  virtual ~Pool() = default;

  virtual void allocate(const AllocRequest& request) = 0;
  /// All or nothing: on an error none of `requests` is served. Pools may place them together; the default serves one
  /// after the other.
  virtual void allocate_batch(std::span<const AllocRequest> requests);
  /// The program let go of the block, but other streams may still use it. Most pools need not know.
  virtual void free_requested(BlockId /*block*/) {}
  /// The block's memory may be used again, in order after its stream's work.
  virtual void release(BlockId block) = 0;

  /// Hint of a driver that knows what comes: `block` will be released soon. Called with `nearness` 0, then 1, then 2
  /// as the release comes nearer, so that chains of look-ups can be fetched ahead one link at a time. Decides nothing.
  virtual void expect_release(BlockId /*block*/, unsigned /*nearness*/) const {}

  virtual void expect_allocate(Bytes /*bytes*/, unsigned /*nearness*/) const {}

  /// Inputs; see engine/device/input_log.h.
  virtual void completed(TokenId /*token*/) {}
  virtual void measured(TokenId /*token*/, Nanoseconds /*duration*/) {}
  virtual void pressure(std::uint32_t /*used_per_mille*/) {}
  virtual void tick() {}

  /// Gives cached memory back to the device.
  virtual void empty_cache() {}
  /// Tidies: coalesces, moves what may be moved, gives back what is idle. The default empties the cache.
  virtual OptimizeResult optimize();

  /// Logical address of a live block.
  virtual Address address_of(BlockId block) const = 0;
  virtual PoolStats stats() const = 0;
  /// Checks every internal structure; throws InvariantError naming what is wrong.
  virtual void validate() const = 0;
};

/// What a pool may know before it begins.
struct PoolContext {
  const Instance* instance = nullptr;  ///< the whole trace as an instance, object i = buffer i; for `needs_instance`
  Bytes device_memory{};               ///< of the machine: sizes virtual ranges
  std::uint64_t seed = 0;
};

/// Which recorded allocator a pool models. Such a pool takes the recorded settings, and the recorded addresses where
/// the recording was made by that very allocator.
enum class Follows : std::uint8_t {
  nothing,
  segments,  ///< one that takes segments
  pages,     ///< one that maps pages into ranges
};

/// A line of the registry (engine/pool/registry.cpp).
struct PoolInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  bool needs_instance = false;  ///< must see the whole trace first
  Follows follows = Follows::nothing;
  bool takes_hints = false;  ///< profits from AllocHints
  std::unique_ptr<Pool> (*make)(Port& port, const OptionValues& options, const PoolContext& context) = nullptr;
};

std::span<const PoolInfo> pools();

}  // namespace vramlab
