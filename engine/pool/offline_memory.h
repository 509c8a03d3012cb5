#pragma once
// Where pool offline keeps what it planned: memory laid out beforehand, which knows the place of every object.

#include <cstdint>

#include "engine/core/types.h"
#include "engine/device/port.h"

namespace vramlab {

/// Taken at the first allocation, whole. Objects are numbered as the buffers of the instance.
class OfflineMemory {
 public:
  struct Spot {
    SegmentId space;
    Bytes offset{};
    Address address{};
  };

  virtual ~OfflineMemory() = default;

  virtual bool held() const = 0;
  /// Throws OutOfMemory; nothing is held then, and it may be tried again.
  virtual void take(StreamId stream) = 0;
  /// Goes back, at once or after completed(). REQUIRES: held(), and nothing is live.
  virtual void give_back() = 0;
  virtual void completed(TokenId /*token*/) {}

  /// REQUIRES: held().
  virtual Spot spot(std::uint32_t object) const = 0;
  /// As StreamFence::use and leave, of an object's memory.
  virtual void use(std::uint32_t object, StreamId stream) = 0;
  virtual void leave(std::uint32_t object, StreamId stream) = 0;
};

}  // namespace vramlab
