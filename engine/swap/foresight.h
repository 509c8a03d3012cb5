#pragma once
// What the AutoSwap policy foretells from the iterations seen so far: when what is away must begin to come back, and
// how much memory will be missing.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "engine/swap/iteration_history.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

class Foresight {
 public:
  explicit Foresight(const IterationHistory& history) : history_(history) {}

  /// These are away now, and no others.
  void update(const std::set<ObjectId>& away);
  /// A new iteration began, or the present one departed from what was foretold: all is foretold anew.
  void renew();

  /// The objects that are away, with the number of the operator that uses them next (all operators of the run
  /// counted), in that order; those of which nothing is foretold are left out.
  const std::set<std::pair<std::uint64_t, ObjectId>>& returning() const { return returning_; }
  /// How many of the first of these must begin to come back now, so that all are back in time when one transfer
  /// follows the other: packed backwards from their uses, with `more` time to spare. `time(object)` is what one
  /// transfer takes. The next chance to begin is behind the operator to come, so that is too late for those, too.
  std::size_t due(const std::function<Nanoseconds(ObjectId)>& time, Nanoseconds more = {}) const;
  /// The largest load on the device in the next `operators`, all that is used then having come back. `away` = bytes
  /// that are away now, `bytes(object)` their sizes. nullopt: nothing is foretold.
  std::optional<Bytes> peak(std::uint32_t operators, Bytes away, const std::function<Bytes(ObjectId)>& bytes) const;

  /// One operator more ran.
  void advance() { ++now_; }

 private:
  void foretell(ObjectId object);

  const IterationHistory& history_;
  std::uint64_t now_ = 0;  ///< operators that ran
  std::set<std::pair<std::uint64_t, ObjectId>> returning_;
  std::set<ObjectId> away_;
};

}  // namespace vramlab
