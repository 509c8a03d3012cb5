#pragma once
// Delivers a run's inputs to its pool: completions and measurements of the device, or those of an input log.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "engine/device/device.h"
#include "engine/device/input_log.h"
#include "engine/device/port.h"
#include "engine/pool/pool.h"

namespace vramlab {

/// Positions count the trace events begun; the same inputs at the same positions give the same decisions.
/// INVARIANT: a token is delivered once, after it was issued.
class InputFeed {
 public:
  /// `log`: deliver its inputs instead of the device's own; `out`: gets what the device reports. Either may be null.
  InputFeed(Port& port, Pool& pool, DeviceRun& device, const InputLog* log, InputLog* out);

  /// Who is told of measurements too, after the pool.
  void tell_measured(std::function<void(TokenId, Nanoseconds)> learner) { learner_ = std::move(learner); }

  /// Whether anything may have to be delivered before the event at `position`. Costs two compares.
  bool due(std::uint64_t position) const {
    return port_.tokens_issued() > reported_ || position >= next_logged_position_;
  }
  /// Delivers what has arrived before the event at `position`. Throws TraceError for a log of another run.
  void deliver(std::uint64_t position);
  /// At the beginning of an iteration, all work being done: the measurements since the last one. Adaptive policies
  /// learn here only.
  void deliver_measured(std::uint64_t position);
  /// The time from one iteration's begin to the next is an input as well: it arrives, after those, as the measurement
  /// of `mark`, a token recorded when the iteration was over.
  void deliver_iteration(std::uint64_t position, TokenId mark, Nanoseconds duration);
  /// After the last event: the rest of the log. Throws TraceError where it goes beyond `position`.
  void finish(std::uint64_t position);

 private:
  void deliver_log(std::uint64_t position);
  void deliver_logged_measurements(std::uint64_t position);
  void measured(TokenId token, Nanoseconds duration);
  void forget_completed();
  void deliver_logged(const Input& input);
  TokenId issued_token(const Input& input) const;
  void await(TokenId token);
  void seek_next_logged();
  void note(const Input& input);

  Port& port_;
  Pool& pool_;
  DeviceRun& device_;
  const InputLog* log_;
  InputLog* out_;
  std::uint32_t reported_ = 0;  ///< tokens reported by the device; beyond all when a log takes its place
  std::size_t next_logged_ = 0;
  std::uint64_t next_logged_position_ = ~std::uint64_t{0};
  std::vector<std::pair<TokenId, Nanoseconds>> measured_;
  std::function<void(TokenId, Nanoseconds)> learner_;
  TokenId mark_{};  ///< the last one: what its record took says nothing
};

}  // namespace vramlab
