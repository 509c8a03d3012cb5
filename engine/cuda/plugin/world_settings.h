#pragma once
// What a program may ask of the plug-in, through variables of its environment: it never sees a command line.

#include <functional>
#include <string>

#include "engine/core/option.h"
#include "engine/pool/allocator_settings.h"
#include "engine/pool/pool.h"

namespace vramlab::plugin {

inline constexpr const char* default_pool = "vmm";

/// Variables: VRAMLAB_POOL (a name), VRAMLAB_POOL_OPTIONS and VRAMLAB_ALLOCATOR_OPTIONS ("name=value,name=value"),
/// VRAMLAB_CAP (bytes), VRAMLAB_RECORD (a file), VRAMLAB_COMPARE (1: follow PyTorch's own allocator beside ours).
struct WorldSettings {
  const PoolInfo* pool = nullptr;
  OptionValues pool_options;
  AllocatorSettings allocator;
  Bytes cap = unlimited_bytes;
  std::string record;  ///< "" = nothing is recorded
  bool compare = false;

  /// `environment` is like std::getenv. Throws ConfigError that names the variable and what is allowed.
  static WorldSettings from(const std::function<const char*(const char*)>& environment);
};

/// Pools that can serve a program whose requests nobody knows beforehand: "cuda-malloc, pytorch, ...".
std::string usable_pools();

}  // namespace vramlab::plugin
