#pragma once
// Two GPUs that reach each other's memory directly, for as long as this object lives.

#include <optional>

namespace vramlab {

class PeerAccess {
 public:
  /// Throws DeviceError where they cannot. Without a peer it does nothing.
  PeerAccess(int device, std::optional<int> peer);
  /// What other code had enabled before stays.
  ~PeerAccess();
  PeerAccess(const PeerAccess&) = delete;
  PeerAccess& operator=(const PeerAccess&) = delete;

 private:
  void disable() const noexcept;

  int device_;
  int peer_ = 0;
  bool there_ = false, back_ = false;  ///< enabled here
};

}  // namespace vramlab
