#pragma once
// What PyTorch's own allocator would have reserved for the same requests: its model follows them, on no device.

#include <map>
#include <memory>
#include <vector>

#include "engine/pool/allocation_history.h"
#include "engine/pool/pool.h"

namespace vramlab::plugin {

/// THREAD-SAFETY: none.
class PytorchShadow {
 public:
  explicit PytorchShadow(Bytes device_memory);
  ~PytorchShadow();

  /// Events in order; frees of what was allocated before the first one are passed over.
  void follow(const AllocationEvent& event);
  Bytes peak_reserved() const;

 private:
  struct Parts;

  void allocate(const AllocationEvent& event);

  std::unique_ptr<Parts> parts_;
  std::map<Address, BlockId> live_;
  std::vector<BlockId> idle_;
  std::uint32_t slots_ = 0, objects_ = 0;
};

}  // namespace vramlab::plugin
