#pragma once
// The front that a program calls: any thread, any stream, over any pool. Each stream has a cache of free blocks with a
// lock of its own; the pool and its Port stand behind one lock, taken when a cache runs dry or over. A free finds its
// block through a table that is read without a lock (block_table.h).
//
// What the pool is asked for stays live in it while it rests in a cache: decisions tell what the pool gave, statistics
// here what the program has.

#include <array>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/device/device.h"
#include "engine/pool/allocation_advice.h"
#include "engine/pool/allocation_history.h"
#include "engine/pool/allocator_async.h"
#include "engine/pool/allocator_records.h"
#include "engine/pool/allocator_settings.h"
#include "engine/pool/allocator_stats.h"
#include "engine/pool/block_table.h"
#include "engine/pool/pool.h"
#include "engine/pool/stream_cache.h"

namespace vramlab {

class PerformanceContext;

/// Addresses are logical, as the Port gives them. Memory is ordered by streams: a block freed is used again at once by
/// its own stream, by others behind a wait().
/// Errors leave every block as it was and the allocator goes on: PoolError for misuse (names the block, and with
/// debug_history what became of it), OutOfMemory with who holds what.
/// THREAD-SAFETY: any thread, any call, but the destructor. The pool and the Port belong to the allocator meanwhile.
class Allocator {
 public:
  /// `pool` and `port` must outlive the allocator. REQUIRES: nothing is live in the pool, and none of its slots is used
  /// by anybody else.
  Allocator(Pool& pool, Port& port, const AllocatorSettings& settings = AllocatorSettings::defaults());
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // --- Allocating and freeing --------------------------------------------------------------------------------------

  Address allocate(Bytes bytes, StreamId stream);
  /// Where `hints` say something the pool places the block, not a cache. `relocatable` is taken as false: an address
  /// is what is handed out here.
  Address allocate(Bytes bytes, StreamId stream, const AllocHints& hints);
  /// All or nothing; what the caches do not have is asked of the pool in one call, equal sizes together. Addresses are
  /// in the order of `sizes`.
  std::vector<Address> allocate_batch(std::span<const Bytes> sizes, StreamId stream);
  /// Served by a worker, in order. The future fails as allocate() does, and with PoolError after a shutdown.
  std::future<Address> allocate_async(Bytes bytes, StreamId stream);

  void free(Address address);
  /// As free(), where `stream` used the block last: record_stream() when it is not the block's own. Throws PoolError
  /// for a stream that never allocated or was recorded.
  void free(Address address, StreamId stream);
  /// `stream` uses the block too. When it is freed, its memory rests until what that stream had to do by then is
  /// complete: completions come in through process_completed() or poll().
  void record_stream(Address address, StreamId stream);

  // --- Completions -------------------------------------------------------------------------------------------------

  void process_completed(TokenId token);
  /// Takes in what `run`, the device behind the Port, reports as complete. Returns how many tokens were.
  std::size_t poll(DeviceRun& run);
  /// Lets the handling of out-of-memory wait for memory that rests. `run` must outlive the allocator.
  void attach_run(DeviceRun& run);

  // --- Memory ------------------------------------------------------------------------------------------------------

  /// Gives the caches back to the pool and the pool's to the device.
  void empty_cache();
  /// Above 800 caches are halved and their limits back at the configured ones, below 300 the limits grow by half (to
  /// 64 times at most); then the pool is told.
  void pressure(std::uint32_t used_per_mille);
  /// Gives the caches back to the pool and lets it tidy up.
  OptimizeResult optimize();
  /// No allocation or free succeeds any more, futures that wait fail, caches go back to the pool; what is live stays.
  void shutdown();

  // --- What it tells -----------------------------------------------------------------------------------------------

  AllocatorStats statistics() const;
  /// Measures from here to the end of the context's life: `result` then gets what since() gives.
  [[nodiscard]] PerformanceContext performance_context(AllocatorStats& result) const;
  /// Throws ConfigError without debug_history.
  AllocationAdvice analyze_allocation_patterns() const;
  /// Null without debug_history.
  const AllocationHistory* history() const { return history_.get(); }
  /// Whether a block of this allocator begins at `address`, live or in a cache. Takes no lock.
  bool has_block(Address address) const {
    const std::uint32_t slot = table_.find(address);
    return slot != none && records_[slot].address() == address;
  }
  /// A copy of every block that is not spare: live, shared, cached, parked. Others may change while this one is made.
  std::vector<BlockRecord> blocks() const;
  /// Calls work() while nobody else uses the pool, the Port and the log of its decisions. `work` calls nothing here.
  template <class Work>
  void exclusively(Work&& work) const {
    const std::lock_guard guard(pool_lock_);
    work();
  }
  /// Every structure here and in the pool; throws InvariantError. REQUIRES: no other call is in progress.
  void validate() const;

 private:
  static constexpr std::uint32_t none = BlockTable::no_slot;
  static constexpr std::uint32_t low_use = 300, high_use = 800;  // per mille of the capacity
  static constexpr std::uint32_t most_growth = 64;               // of the limits of caches
  static constexpr std::uint32_t scarcity = 8;                   // part of their bytes that they keep in high use
  struct BatchState;

  StreamCache& cache_of(StreamId stream) {
    StreamCache* cache = by_stream_[stream.value].load(std::memory_order_acquire);
    return cache != nullptr ? *cache : make_cache(stream);
  }
  StreamCache& make_cache(StreamId stream);
  StreamCache* owner_of(const BlockRecord& block) const;
  SpinLock& lock_of(const BlockRecord& block) const;
  std::vector<StreamCache*> all_caches() const;

  // allocator.cpp: the way of most calls. Functions with a cache as first argument take over its lock.
  Address hand_out(StreamLoad& load, BlockRecord& block, Bytes bytes);
  Address allocate_missing(StreamCache& cache, const SizeClass& size, Bytes bytes);
  Address allocate_direct(Bytes bytes, StreamId stream, const AllocHints& hints);
  void free_direct(std::uint32_t slot, Address address);
  void free_unusual(StreamCache& cache, std::uint32_t slot, Address address);

  // allocator_pool.cpp: to and from the pool. REQUIRES: its lock.
  std::uint32_t fetch(StreamCache& cache, const SizeClass& size);
  void fetch_more(StreamCache& cache, const SizeClass& size, AllocRequest& request);
  std::uint32_t take_slot(std::uint32_t& spare, std::uint16_t owner);
  void drop_slot(std::uint32_t& spare, std::uint32_t slot);
  std::uint32_t fetch_one(std::uint32_t& spare, std::uint16_t owner, AllocRequest& request);
  void enter(std::uint32_t slot, Bytes bytes);
  void give_back(std::uint32_t& spare, std::uint32_t slot);
  void give_back_list(StreamCache& cache, std::uint32_t list);
  void set_limits(StreamCache& cache);
  void keep(StreamCache& cache, BlockRecord& block, std::uint32_t slot);
  Address serve_direct(Bytes bytes, StreamId stream, const AllocHints& hints);
  void check_open() const;

  // allocator_batch.cpp
  std::vector<Address> serve_batch(std::span<const Bytes> sizes, StreamId stream);
  void ask_pool(StreamCache& cache, BatchState& batch);
  void undo(StreamCache& cache, BatchState& batch);

  // allocator_streams.cpp
  template <class Work>
  void with_live(Address address, const char* what, Work&& work);
  void park(std::uint32_t slot, BlockRecord& block, StreamCache& cache);
  std::vector<std::uint32_t> settle(TokenId token);
  void unpark(std::uint32_t slot);

  // allocator_memory.cpp
  void release_caches();
  void await_parked();
  void reclaim();
  template <class Serve>
  auto serve_or_reclaim(Bytes bytes, Serve&& serve) -> decltype(serve());
  [[noreturn]] void explain_out_of_memory(Bytes bytes, const std::string& what) const;

  // allocator_errors.cpp
  void check_size(Bytes bytes) const {
    if (bytes.value - 1 >= most_.value) [[unlikely]]  // 0 wraps around
      wrong_size(bytes);
  }
  [[noreturn]] void wrong_size(Bytes bytes) const;
  [[noreturn]] void not_live(const char* what, Address address, const BlockRecord& found) const;
  [[noreturn]] void not_ours(const char* what, Address address) const;
  std::string history_text(Address address) const;
  void note(AllocationEventKind kind, const BlockRecord& block) const {
    if (history_ != nullptr) [[unlikely]]
      history_->note(kind, block.address(), block.requested, block.stream());
  }
  template <class Each>
  void for_each_block(Each&& each) const;

  Pool& pool_;
  Port& port_;
  const AllocatorSettings settings_;
  const SizeClasses classes_;
  const Bytes low_use_, high_use_;  // of the capacity
  const Bytes most_;                // of one request
  const std::unique_ptr<AllocationHistory> history_;
  const std::unique_ptr<std::atomic<StreamCache*>[]> by_stream_;  // 512 KiB
  BlockTable table_;
  BlockRecords records_;

  // From here on guarded by pool_lock_, as are pool_ and port_ and writing to the two tables.
  alignas(64) mutable SpinLock pool_lock_;
  std::vector<std::unique_ptr<StreamCache>> caches_;
  std::uint32_t spare_ = none;  // slots of blocks that go to the pool directly
  std::uint32_t next_object_ = 0;
  bool closed_ = false;
  CacheLimits usual_;  // of a cache, as pressure() has set them
  std::uint64_t reclaims_ = 0;
  DeviceRun* run_ = nullptr;
  std::map<std::uint32_t, std::vector<StreamId>> recorded_;  // slot -> other streams that use it
  std::map<std::uint32_t, std::size_t> parked_;              // slot -> tokens that it waits for
  std::multimap<TokenId, std::uint32_t> waiting_;            // token -> slots

  AsyncAllocations async_;  // the last: its worker calls the others
};

/// See Allocator::performance_context().
class PerformanceContext {
 public:
  PerformanceContext(const Allocator& allocator, AllocatorStats& result);
  ~PerformanceContext();
  PerformanceContext(const PerformanceContext&) = delete;
  PerformanceContext& operator=(const PerformanceContext&) = delete;

 private:
  const Allocator& allocator_;
  AllocatorStats& result_;
  AllocatorStats begin_;
};

}  // namespace vramlab
