#include "engine/swap/stream_order.h"

#include <algorithm>

namespace vramlab {
namespace {

// A transfer's own wait costs a tenth of a microsecond on a GPU, a record in the stream three: with more waits than
// this one is taken anew.
constexpr std::size_t most_waits = 16;

void append_once(std::vector<TokenId>& tokens, TokenId token) {
  if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
}

}  // namespace

StreamOrder::StreamOrder(Port& port, DecisionLog& log) : port_(port), log_(&log) { log.add_sink(*this); }

StreamOrder::Stream& StreamOrder::at(std::uint32_t stream) {
  if (stream >= streams_.size()) streams_.resize(std::size_t{stream} + 1);
  return streams_[stream];
}

// What is still buffered came before it.
void StreamOrder::launched() {
  if (log_ == nullptr) return;
  log_->flush();
  forget();
}

void StreamOrder::forget() {
  for (Stream& stream : streams_) stream.record = TokenId::none();
}

void StreamOrder::on_decisions(std::span<const Decision> batch) {
  for (const Decision& decision : batch) {
    switch (decision.kind) {
      case DecisionKind::record:
        at(decision.stream) = {.record = TokenId(decision.object), .waits = {}};
        break;
      case DecisionKind::wait:
        note_wait(at(decision.stream), TokenId(decision.object));
        break;
      case DecisionKind::release:
        forget();
        break;
      case DecisionKind::clear:
        at(decision.stream).record = TokenId::none();
        break;
      default:
        break;
    }
  }
}

void StreamOrder::note_wait(Stream& stream, TokenId token) {
  if (!stream.record.valid()) return;
  append_once(stream.waits, token);
  if (stream.waits.size() > most_waits) stream.record = TokenId::none();
}

void StreamOrder::follow(StreamId stream, std::vector<TokenId>& after) {
  if (log_ != nullptr) log_->flush();
  Stream& known = at(stream.value);
  if (log_ == nullptr || !known.record.valid()) known = {.record = port_.record(stream), .waits = {}};
  append_once(after, known.record);
  for (const TokenId token : known.waits) append_once(after, token);
}

}  // namespace vramlab
