#pragma once
// What the swapper asks of whoever keeps objects on the device: a pool with its driver.

#include "engine/core/types.h"
#include "engine/device/device.h"

namespace vramlab {

class Places {
 public:
  virtual ~Places() = default;
  /// Where a live object on the device lies, with the bytes it was asked for.
  virtual Extent extent_of(ObjectId object) const = 0;
  /// Gives the object's place on the device up; its memory may be used again in the order of its stream.
  virtual void release(ObjectId object) = 0;
  /// Gives it a place again, for use in the order of its stream. False: no memory; nothing has changed but what was
  /// cached may have gone back to the device.
  virtual bool place(ObjectId object) = 0;
};

}  // namespace vramlab
