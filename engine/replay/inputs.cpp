#include "engine/replay/inputs.h"

#include <fmt/format.h>
#include <limits>

#include "engine/core/error.h"

namespace vramlab {
namespace {
TraceError foreign_log(const std::string& what) {
  return TraceError("input log: " + what, {}, "replay it with the trace, the pool and the options that wrote it");
}
}  // namespace

InputFeed::InputFeed(Port& port, Pool& pool, DeviceRun& device, const InputLog* log, InputLog* out)
    : port_(port), pool_(pool), device_(device), log_(log), out_(out) {
  if (log_ == nullptr) return;
  reported_ = std::numeric_limits<std::uint32_t>::max();
  seek_next_logged();
}

void InputFeed::deliver(std::uint64_t position) {
  if (log_ != nullptr) return deliver_log(position);
  TokenId token;
  Nanoseconds duration;
  // Tokens issued in answer wait for the next event: a policy that answers each completion must not run for ever here.
  const std::uint32_t issued = port_.tokens_issued();
  while (reported_ < issued && device_.next_completed(token, duration)) {
    ++reported_;
    note({InputKind::completed, position, token.value, 0});
    if (token != mark_) measured_.emplace_back(token, duration);
    pool_.completed(token);
  }
}

void InputFeed::deliver_measured(std::uint64_t position) {
  if (log_ != nullptr) {
    deliver_logged_measurements(position);
    return forget_completed();
  }
  for (const auto& [token, duration] : measured_) {
    note({InputKind::measured, position, token.value, duration.value});
    measured(token, duration);
  }
  measured_.clear();
}

void InputFeed::deliver_iteration(std::uint64_t position, TokenId mark, Nanoseconds duration) {
  if (log_ != nullptr) return;  // the log has it
  mark_ = mark;
  note({InputKind::measured, position, mark.value, duration.value});
  measured(mark, duration);
}

void InputFeed::measured(TokenId token, Nanoseconds duration) {
  pool_.measured(token, duration);
  if (learner_) learner_(token, duration);
}

// A device keeps a token until it was reported, also where nobody asks.
void InputFeed::forget_completed() {
  TokenId token;
  Nanoseconds duration;
  while (device_.next_completed(token, duration)) {
  }
}

void InputFeed::finish(std::uint64_t position) {
  if (log_ == nullptr) return;
  deliver_log(position);
  if (next_logged_ < log_->inputs.size())
    throw foreign_log(
        fmt::format("an input at position {}, but the trace has {} events", next_logged_position_, position));
  if (!port_.all_failures_replayed()) throw foreign_log("a command fails in it that this run never issued");
}

// Those that arrived inside an event, where an iteration begins: the policies decide in it what follows.
void InputFeed::deliver_logged_measurements(std::uint64_t position) {
  while (next_logged_position_ <= position && log_->inputs[next_logged_].kind == InputKind::measured) {
    const Input& input = log_->inputs[next_logged_++];
    seek_next_logged();
    deliver_logged(input);
  }
}

void InputFeed::deliver_log(std::uint64_t position) {
  while (next_logged_position_ <= position) {
    const Input& input = log_->inputs[next_logged_++];
    seek_next_logged();
    deliver_logged(input);
  }
}

void InputFeed::deliver_logged(const Input& input) {
  switch (input.kind) {
    case InputKind::completed:
      return await(issued_token(input));
    case InputKind::measured:
      return measured(issued_token(input), Nanoseconds(input.value));
    case InputKind::pressure:
      return pool_.pressure(static_cast<std::uint32_t>(input.value));
    case InputKind::tick:
      return pool_.tick();
    case InputKind::failed:
      return;  // the Port answers the command
  }
}

TokenId InputFeed::issued_token(const Input& input) const {
  if (input.subject < port_.tokens_issued()) return TokenId(static_cast<std::uint32_t>(input.subject));
  throw foreign_log(fmt::format("token {} at position {}, but only {} were issued by then", input.subject,
                                input.position, port_.tokens_issued()));
}

// The log says that the token is complete here: late on this device = the host waits, early = it was held back.
void InputFeed::await(TokenId token) {
  device_.synchronize(token);
  pool_.completed(token);
}

void InputFeed::seek_next_logged() {
  while (next_logged_ < log_->inputs.size() && log_->inputs[next_logged_].kind == InputKind::failed) ++next_logged_;
  next_logged_position_ = next_logged_ < log_->inputs.size() ? log_->inputs[next_logged_].position
                                                             : std::numeric_limits<std::uint64_t>::max();
}

void InputFeed::note(const Input& input) {
  if (out_ != nullptr) out_->inputs.push_back(input);
}

}  // namespace vramlab
