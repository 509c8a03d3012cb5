#pragma once
// What is in the streams, as far as transfers follow it. A record takes the stream's own time on a device (some
// microseconds of a GPU's), so one serves all transfers until something that it does not cover is put into the stream.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/decision.h"
#include "engine/core/types.h"
#include "engine/device/port.h"

namespace vramlab {

/// Sees every record, wait, clear and release among the decisions, whoever issued them (until it is released an object
/// may be used); what the program launches is no decision and has to be told.
/// THREAD-SAFETY: none.
class StreamOrder final : public EventSink {
 public:
  /// Sees nothing: every call takes a record.
  explicit StreamOrder(Port& port) : port_(port) {}
  /// Adds itself to `log`, which is the Port's, before anything was appended; both must outlive it, and it the log's
  /// use.
  StreamOrder(Port& port, DecisionLog& log);

  /// The program has put something into a stream since the last call, or may put it there before the next one.
  void launched();
  /// Appends to `after`, each once, tokens that complete when everything now in `stream` is done: a record and what
  /// the stream waited for since.
  void follow(StreamId stream, std::vector<TokenId>& after);

  void on_decisions(std::span<const Decision> batch) override;

 private:
  /// `waits` came after the record.
  struct Stream {
    TokenId record{};  ///< none: a new one is needed
    std::vector<TokenId> waits{};
  };

  Stream& at(std::uint32_t stream);
  void forget();
  static void note_wait(Stream& stream, TokenId token);

  Port& port_;
  DecisionLog* log_ = nullptr;
  std::vector<Stream> streams_;  // by StreamId
};

}  // namespace vramlab
