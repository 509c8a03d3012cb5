#pragma once
// Order between streams by edges: remembers which streams last used which bytes, and makes a stream that reuses them
// wait. Costs nothing while a pool has seen one stream only.

#include <cstdint>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "engine/pool/use_map.h"

namespace vramlab {

/// Addresses are any numbering of the pool's memory without overlaps (logical addresses do).
class StreamFence {
 public:
  explicit StreamFence(Port& port) : port_(port) {}

  /// Bytes [address, address + bytes) are about to be used by `stream`: emits record() and wait() for every other
  /// stream that used them since it was last waited for.
  void use(std::uint64_t address, std::uint64_t bytes, StreamId stream) {
    if (stream == only_ && !several_) return;
    use_slow(address, bytes, stream);
  }
  /// `stream` is done with the bytes as of its work so far.
  void leave(std::uint64_t address, std::uint64_t bytes, StreamId stream) {
    if (stream == only_ && !several_) return;
    leave_slow(address, bytes, stream);
  }
  /// The memory behind `from` is behind `to` now: what was used there counts here.
  void move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
    if (several_) move_slow(from, to, bytes);
  }
  /// The bytes went back to the device, which waits for all work.
  void forget(std::uint64_t address, std::uint64_t bytes) {
    if (several_) uses_.assign(address, bytes, clean);
  }

 private:
  // A use: when the stream left, and which it was.
  static constexpr UseMap::Value clean = 0;
  static UseMap::Value use_of(std::uint64_t epoch, StreamId stream) { return epoch << 16 | stream.value; }
  static StreamId stream_of(UseMap::Value use) { return StreamId(static_cast<std::uint16_t>(use)); }

  void meet_another();
  void use_slow(std::uint64_t address, std::uint64_t bytes, StreamId stream);
  void leave_slow(std::uint64_t address, std::uint64_t bytes, StreamId stream);
  void move_slow(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);
  void await(StreamId stream, UseMap::Value use);
  std::uint64_t& waited(StreamId stream, StreamId other);

  Port& port_;
  StreamId only_;  // the first stream seen; none before
  bool several_ = false;
  std::uint64_t epoch_ = 0;                         // counts leave()s, from 1
  UseMap uses_;                                     // `clean`, or the use that came last
  std::vector<std::vector<std::uint64_t>> waited_;  // [stream][other]: epoch up to which stream has waited for other
};

}  // namespace vramlab
