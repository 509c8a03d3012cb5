#include "engine/cuda/plugin/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "engine/core/error.h"

namespace vramlab::plugin {
namespace {

Address address_of(const void* pointer) { return Address(std::bit_cast<std::uintptr_t>(pointer)); }
void* pointer_to(Address address) { return std::bit_cast<void*>(static_cast<std::uintptr_t>(address.value)); }

}  // namespace

World::World(int gpu, WorldParts parts, const WorldSettings& settings)
    : gpu_(gpu),
      name_(std::move(parts.name)),
      memory_(parts.memory),
      info_(*settings.pool),
      owned_(std::move(parts.device)),
      device_(*owned_),
      port_(device_, log_, std::min(parts.memory, settings.cap)),
      pool_([&] {
        log_.add_sink(book_);
        if (parts.addresses != nullptr) port_.use_device_addresses(*parts.addresses);
        return info_.make(port_, settings.pool_options, {.device_memory = parts.memory});
      }()),
      allocator_(*pool_, port_, settings.allocator),
      streams_([this, introduce = std::move(parts.introduce)](StreamId id, void* handle) {
        if (introduce) device_.alone([&] { introduce(id, handle); });
      }) {
  allocator_.attach_run(device_);
  if (settings.record.empty() && !settings.compare) return;
  follower_ = std::make_unique<Follower>(settings.record, memory_);
  following_ = true;
}

World::~World() { finish_following(); }

// --- Requests --------------------------------------------------------------------------------------------------------

void* World::serve(std::size_t bytes, StreamId stream) {
  try {
    if (Bytes(bytes) > port_.capacity())
      throw OutOfMemory(fmt::format("{} is more than the {} that there can be", format_bytes(Bytes(bytes)),
                                    format_bytes(port_.capacity())));
    return pointer_to(allocator_.allocate(Bytes(bytes), stream));
  } catch (const OutOfMemory& error) {
    out_of_memory(bytes, error.what());
  }
}

void World::out_of_memory(std::size_t bytes, const std::string& what) {
  ooms_.fetch_add(1, std::memory_order_relaxed);
  const Bytes limit = std::min(device_.limit(), port_.capacity());
  throw OutOfMemory(
      fmt::format("CUDA out of memory. Tried to allocate {}. GPU {} has a total capacity of {}, of which "
                  "{} may be reserved and {} are. (vramlab, pool {}) {}",
                  format_bytes(Bytes(bytes)), gpu_, format_bytes(memory_), format_bytes(limit),
                  format_bytes(device_.held()), info_.name, what));
}

void World::free(void* pointer, std::size_t bytes) {
  if (pointer == nullptr) return;
  if (has_upkeep()) [[unlikely]]
    upkeep();
  try {
    allocator_.free(address_of(pointer));
  } catch (...) {
    bad_frees_.fetch_add(1, std::memory_order_relaxed);
    throw;
  }
  requested_.subtract(bytes);
}

void World::record_stream(void* pointer, void* stream) {
  if (pointer != nullptr) allocator_.record_stream(address_of(pointer), streams_.of(stream));
}

bool World::has_block(const void* pointer) const { return allocator_.has_block(address_of(pointer)); }

// --- Upkeep ----------------------------------------------------------------------------------------------------------

void World::upkeep() {
  const std::uint64_t call = calls_.fetch_add(1, std::memory_order_relaxed);
  if (call % upkeep_every == 0 && device_.pending() != 0) allocator_.poll(device_);
  if (call % follow_every == 0 && following_) follow();
}

void World::follow() {
  try {
    follower_->follow(*allocator_.history());
  } catch (const Error& error) {
    following_ = false;
    fmt::print(stderr, "vramlab: the recording of GPU {} is given up: {}\n", gpu_, error.what());
  }
}

void World::finish_following() noexcept {
  if (!following_.exchange(false)) return;
  try {
    follower_->finish(*allocator_.history());
  } catch (const std::exception& error) {
    fmt::print(stderr, "vramlab: the recording of GPU {} is lost: {}\n", gpu_, error.what());
  }
}

void World::finish() { finish_following(); }

// --- Memory ----------------------------------------------------------------------------------------------------------

void World::empty_cache() {
  allocator_.poll(device_);
  allocator_.empty_cache();
  if (device_.pending() == 0) return;
  device_.synchronize();  // pages go once their users are done, as PyTorch's own call waits for them
  allocator_.poll(device_);
  allocator_.empty_cache();
}

void World::set_memory_fraction(double fraction) {
  if (!(fraction >= 0 && fraction <= 1))
    throw ConfigError(fmt::format("a memory fraction of {} is not between 0 and 1", fraction));
  device_.set_limit(Bytes(static_cast<std::uint64_t>(static_cast<double>(memory_.value) * fraction)));
}

void* World::base_of(void* pointer, std::size_t* bytes) {
  std::optional<HeldSegment> segment;
  allocator_.exclusively([&] {
    log_.flush();
    segment = book_.find(address_of(pointer));
  });
  if (bytes != nullptr) *bytes = segment ? segment->bytes.value : 0;
  return segment ? pointer_to(segment->base) : pointer;
}

// --- What it tells ---------------------------------------------------------------------------------------------------

WorldStats World::stats() const {
  WorldStats stats;
  stats.allocator = allocator_.statistics();
  stats.requested = requested_.now();
  stats.peak_requested = requested_.peak();
  stats.top_requested = std::max(Bytes(top_requested_.load(std::memory_order_relaxed)), requested_.peak());
  stats.reserved = device_.held();
  stats.peak_reserved = device_.peak_held();
  stats.top_reserved = stats.allocator.peak_reserved;
  allocator_.exclusively([&] {
    log_.flush();
    stats.segments = book_.segments().size();
    stats.segments_taken = book_.taken();
    stats.segments_given_back = book_.given_back();
  });
  stats.device_calls = device_.counters().calls;
  stats.ooms = ooms_.load(std::memory_order_relaxed);
  stats.bad_frees = bad_frees_.load(std::memory_order_relaxed);
  if (follower_ != nullptr) stats.pytorch_reserved = follower_->pytorch_reserved();
  return stats;
}

void World::reset_peaks() {
  const std::uint64_t top = std::max(top_requested_.load(std::memory_order_relaxed), requested_.peak().value);
  top_requested_.store(top, std::memory_order_relaxed);
  requested_.reset_peak();
  device_.reset_peak();
}

WorldSnapshot World::snapshot() const {
  WorldSnapshot snapshot;
  snapshot.blocks = allocator_.blocks();
  std::sort(snapshot.blocks.begin(), snapshot.blocks.end(),
            [](const BlockRecord& a, const BlockRecord& b) { return a.address() < b.address(); });
  if (allocator_.history() != nullptr) snapshot.events = allocator_.history()->events();
  allocator_.exclusively([&] {
    log_.flush();
    snapshot.segments = book_.segments();
  });
  return snapshot;
}

}  // namespace vramlab::plugin
