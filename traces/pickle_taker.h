#pragma once
// Consuming a long list of dictionaries while it is read, so that its millions of items need no memory.

#include <span>

#include "traces/pickle_value.h"

namespace vramlab::pickle {

/// Is offered the dictionaries of a list as they are appended.
class Taker {
 public:
  virtual ~Taker() = default;
  /// `items` (at least one, all dictionaries that nothing else holds) come next on `list`. True = they were used and
  /// are not kept: list.taken counts them. Not called for a list again once it holds items that were not taken.
  virtual bool take(List& list, std::span<const Value> items) = 0;
};

/// Thrown when the pickle uses a dictionary again that was taken: it has to be read without a Taker.
struct TakenTooEarly {};

}  // namespace vramlab::pickle
