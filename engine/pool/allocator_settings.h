#pragma once
// What can be set of an allocator, as an option table: environment, files and flags are read elsewhere.

#include <span>

#include "engine/core/option.h"
#include "engine/pool/stream_cache.h"

namespace vramlab {

std::span<const OptionSpec> allocator_options();
/// The same for a program whose requests cost far more than ours in any case (PyTorch's: microseconds of Python each):
/// little is cached, so that the pool sees nearly all and the caches hold next to nothing.
std::span<const OptionSpec> program_allocator_options();

struct AllocatorSettings {
  Bytes cached_size{};         ///< requests up to this go through the caches
  std::uint32_t size_steps{};  ///< classes a doubling; a power of two
  CacheLimits stream_cache;    ///< of each stream
  std::uint64_t live_share{};  ///< a cache may always hold 1/live_share of what its stream has live; 0 = no more
  std::uint64_t leak_warning{};
  bool debug_history{};
  std::size_t history_events{};

  /// REQUIRES: values of allocator_options(). Throws ConfigError.
  static AllocatorSettings from(const OptionValues& values);
  static AllocatorSettings defaults();
};

}  // namespace vramlab
