#pragma once
// The validator's own account of live objects that leave the device and come back; the rule stands in validator.h.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/replay/validator_memory.h"

namespace vramlab::validation {

/// Which transfers a token or a stream has waited for, however indirectly.
class TransferOrder {
 public:
  void record(std::uint32_t token, std::uint16_t stream);
  void transfer(std::uint32_t token, std::span<const std::uint32_t> after);
  void wait(std::uint16_t stream, std::uint32_t token);

  /// Whether `token` completes after `earlier`, or is it.
  bool follows(std::uint32_t token, std::uint32_t earlier) const;
  /// Whether what `stream` does from now on comes after `earlier`.
  bool awaited(std::uint16_t stream, std::uint32_t earlier) const;

 private:
  struct Node {
    std::vector<std::uint32_t> after;  ///< of a transfer
    std::uint16_t stream = 0;          ///< of a record
    std::size_t waits = 0;             ///< of that stream, so far
  };
  Node& add(std::uint32_t token);
  void expand(std::uint32_t token, std::uint32_t earlier, std::vector<std::uint32_t>& open) const;
  bool reaches(std::vector<std::uint32_t> open, std::uint32_t earlier) const;
  std::span<const std::uint32_t> waits_of(std::uint16_t stream) const;

  std::vector<Node> nodes_;                        ///< by token
  std::vector<std::vector<std::uint32_t>> waits_;  ///< by stream
};

/// Every check throws Complaint.
class SwapAccount {
 public:
  void record(std::uint32_t token, std::uint16_t stream) { order_.record(token, stream); }
  void wait(std::uint16_t stream, std::uint32_t token) { order_.wait(stream, token); }
  /// Before what it moves is told.
  void transfer(std::uint32_t token, std::span<const std::uint32_t> after) { order_.transfer(token, after); }

  /// `token` copies `object` to memory of another tier. `follows_work`: it comes after all uses of the object.
  void copy_out(std::uint32_t object, std::uint32_t token, Piece to, bool complete, bool follows_work);
  /// `token` fills the place of `object` from memory of another tier.
  void copy_in(std::uint32_t object, std::uint32_t token, Piece from, bool complete);
  /// `token` writes memory of another tier.
  void overwrite(std::uint32_t token, Piece piece);
  /// The memory of another tier is given back.
  void forget(Piece piece);

  bool has_copies(std::uint32_t object) const;
  bool away(std::uint32_t object) const;
  /// A live object of `stream` gives up its place and is away from now on.
  void leave(std::uint32_t object, std::uint16_t stream);
  /// It has a place again, not yet its bytes.
  void arrive(std::uint32_t object);
  /// An operator in `stream` uses it.
  void use(std::uint32_t object, std::uint16_t stream, bool writes);
  /// An object of `stream` is freed, away or not: no transfer may still use its place.
  void free(std::uint32_t object, std::uint16_t stream);

 private:
  struct Copy {
    std::uint32_t token = 0;
    Piece piece;
    bool complete = false;
    bool follows_work = false;
  };
  enum class State : std::uint8_t { here, away, placed, arriving };
  struct Object {
    State state = State::here;
    std::uint32_t arrival = 0;            ///< arriving
    std::vector<Copy> copies;             ///< of its bytes as they are
    std::vector<std::uint32_t> touching;  ///< transfers from or to its place, since it has it
  };
  struct TierUse {
    std::uint64_t end = 0;
    std::vector<std::uint32_t> tokens;  ///< the last transfer that wrote it, and those that read it since
  };

  void settle_transfers(std::uint32_t object, const Object& state, std::uint16_t stream, const char* verb) const;
  void drop_copies_in(Piece piece);

  TransferOrder order_;
  std::unordered_map<std::uint32_t, Object> objects_;  ///< those that were ever copied
  std::map<std::uint64_t, TierUse> uses_;              ///< by first byte; as transfers cut them
};

}  // namespace vramlab::validation
