#pragma once
// The validator's own account of order: which use of memory happens before which.
//
// Each stream is a timeline of uses with a vector clock: how far along every other stream it has waited. A token
// carries the clock of its stream when it was recorded; a wait joins it into the waiting stream's.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/types.h"
#include "engine/replay/validator_memory.h"

namespace vramlab::validation {

class OrderAccount {
 public:
  /// `token` completes when what `stream` has used so far is done. Throws Complaint for a token that is not new.
  void record(std::uint32_t token, std::uint16_t stream);
  /// `token` completes after those of `after`.
  void transfer(std::uint32_t token, std::span<const std::uint32_t> after);
  void wait(std::uint16_t stream, std::uint32_t token);
  /// Everything so far happens before everything from now on.
  void synchronize();

  /// Something that later checks name happens in `stream` now. Returns its time there.
  std::uint64_t advance(std::uint16_t stream) { return ++clock_of(stream)[stream]; }
  /// Whether completion of `token` comes after that.
  bool comes_after(std::uint32_t token, std::uint16_t stream, std::uint64_t time) const;

  /// The last use of `piece` is `stream`'s, now.
  void use(Piece piece, std::uint16_t stream);
  /// The memory is gone: whoever gets it from the device again gets it clean.
  void forget(Piece piece);
  /// The stream that used a byte of `piece` last and which `stream` has not waited for.
  std::optional<std::uint16_t> unordered_user(Piece piece, std::uint16_t stream);
  /// The stream that used a byte of `piece` last and which completion of `token` does not wait for.
  std::optional<std::uint16_t> unordered_before(Piece piece, std::uint32_t token);

 private:
  using Clock = std::vector<std::uint64_t>;  ///< by stream; missing = 0
  struct Use {
    std::uint64_t end = 0;
    std::uint16_t stream = 0;
    std::uint64_t time = 0;
  };
  using Uses = std::map<std::uint64_t, Use>;  ///< by first byte; disjoint

  Clock& clock_of(std::uint16_t stream);
  std::optional<std::uint16_t> user_beyond(const Clock& clock, Piece piece, std::optional<std::uint16_t> own);
  void add_token(std::uint32_t token, Clock clock);
  const Clock& clock_of_token(std::uint32_t token) const;
  Uses::iterator first_touching(Piece piece);
  void cut_at(std::uint64_t byte);

  std::vector<Clock> streams_;
  std::vector<Clock> tokens_;
  Clock everyone_;  ///< what all streams have waited for
  Uses uses_;
};

}  // namespace vramlab::validation
