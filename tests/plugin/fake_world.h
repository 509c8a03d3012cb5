#pragma once
// A world of the plug-in on a device without memory.

#include <map>
#include <string>

#include "engine/cuda/plugin/worlds.h"
#include "fake_device.h"

namespace vramlab::test {

/// Variables of a world's environment, without the prefix VRAMLAB_.
using WorldVariables = std::map<std::string, std::string>;

inline std::function<const char*(const char*)> environment_of(WorldVariables variables) {
  return [variables = std::move(variables)](const char* name) -> const char* {
    const auto found = variables.find(std::string(name).substr(8));
    return found != variables.end() ? found->second.c_str() : nullptr;
  };
}

inline plugin::WorldParts fake_parts(Bytes memory = 4_GiB, plugin::StreamMap::Introduce introduce = {}) {
  return {.device = make_fake_device(memory),
          .addresses = nullptr,
          .memory = memory,
          .name = "fake",
          .introduce = std::move(introduce)};
}

inline plugin::World make_world(const WorldVariables& variables = {}, Bytes memory = 4_GiB) {
  return plugin::World(0, fake_parts(memory), plugin::WorldSettings::from(environment_of(variables)));
}

/// A handle that is no stream of anybody.
inline void* stream(std::uintptr_t number) { return std::bit_cast<void*>(number); }

}  // namespace vramlab::test
