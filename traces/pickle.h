#pragma once
// A reader of Python pickles that only builds data: dictionaries, lists, texts and numbers of protocols 2 to 5. It
// never imports, calls or looks up anything; every opcode that is not plain data is refused by name.
//
// Made for files with millions of small dictionaries that share their keys: a dictionary keeps only the pairs whose
// key is in the caller's vocabulary, in one short array, and texts stay in the input.

#include <memory>

#include "traces/pickle_taker.h"
#include "traces/pickle_value.h"
#include "traces/pickle_words.h"

namespace vramlab::pickle {

/// What one pickle holds. Values stay valid as long as it does.
class Pickle {
 public:
  /// Reads the whole of `input`. Throws TraceError with the byte offset: truncated, an opcode that is not plain data,
  /// a length beyond the end, an integer of more than 64 bits, a misused stack or memo, bytes after the end.
  /// `taker`: see Taker; with one, TakenTooEarly may be thrown. REQUIRES: input.bytes outlive the Pickle.
  /// Time is linear in the input's length, memory at most about 64 times it (measured: 47 times for
  /// nothing but empty dictionaries; 1.6 times for a snapshot, 0.25 times with a taker).
  Pickle(const Input& input, const Vocabulary& vocabulary, Taker* taker = nullptr);

  Value root() const { return root_; }

 private:
  std::unique_ptr<Arena> arena_;
  Value root_;
};

}  // namespace vramlab::pickle
