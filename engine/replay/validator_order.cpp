#include "engine/replay/validator_order.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>

namespace vramlab::validation {
namespace {

std::uint64_t time_in(const std::vector<std::uint64_t>& clock, std::uint16_t stream) {
  return stream < clock.size() ? clock[stream] : 0;
}

void join(std::vector<std::uint64_t>& into, const std::vector<std::uint64_t>& other) {
  if (into.size() < other.size()) into.resize(other.size());
  for (std::size_t i = 0; i < other.size(); ++i) into[i] = std::max(into[i], other[i]);
}

}  // namespace

OrderAccount::Clock& OrderAccount::clock_of(std::uint16_t stream) {
  while (streams_.size() <= stream) streams_.push_back(everyone_);
  Clock& clock = streams_[stream];
  if (clock.size() <= stream) clock.resize(std::size_t{stream} + 1);
  return clock;
}

void OrderAccount::add_token(std::uint32_t token, Clock clock) {
  if (token != tokens_.size())
    throw Complaint(fmt::format("token {} is new, but the next number is {}", token, tokens_.size()));
  tokens_.push_back(std::move(clock));
}

const OrderAccount::Clock& OrderAccount::clock_of_token(std::uint32_t token) const {
  if (token >= tokens_.size()) throw Complaint(fmt::format("token {} was never issued", token));
  return tokens_[token];
}

void OrderAccount::record(std::uint32_t token, std::uint16_t stream) { add_token(token, clock_of(stream)); }

void OrderAccount::transfer(std::uint32_t token, std::span<const std::uint32_t> after) {
  Clock clock;
  for (const std::uint32_t earlier : after) join(clock, clock_of_token(earlier));
  add_token(token, std::move(clock));
}

void OrderAccount::wait(std::uint16_t stream, std::uint32_t token) { join(clock_of(stream), clock_of_token(token)); }

void OrderAccount::synchronize() {
  for (const Clock& clock : streams_) join(everyone_, clock);
  for (Clock& clock : streams_) clock = everyone_;
}

void OrderAccount::use(Piece piece, std::uint16_t stream) {
  forget(piece);
  const std::uint64_t now = advance(stream);
  uses_[piece.begin] = {.end = piece.end, .stream = stream, .time = now};
}

bool OrderAccount::comes_after(std::uint32_t token, std::uint16_t stream, std::uint64_t time) const {
  return time_in(clock_of_token(token), stream) >= time;
}

void OrderAccount::forget(Piece piece) {
  cut_at(piece.begin);
  cut_at(piece.end);
  uses_.erase(uses_.lower_bound(piece.begin), uses_.lower_bound(piece.end));
}

std::optional<std::uint16_t> OrderAccount::user_beyond(const Clock& clock, Piece piece,
                                                       std::optional<std::uint16_t> own) {
  for (auto at = first_touching(piece); at != uses_.end() && at->first < piece.end; ++at)
    if (at->second.stream != own && time_in(clock, at->second.stream) < at->second.time) return at->second.stream;
  return std::nullopt;
}

std::optional<std::uint16_t> OrderAccount::unordered_user(Piece piece, std::uint16_t stream) {
  return user_beyond(clock_of(stream), piece, stream);
}

std::optional<std::uint16_t> OrderAccount::unordered_before(Piece piece, std::uint32_t token) {
  return user_beyond(clock_of_token(token), piece, std::nullopt);
}

OrderAccount::Uses::iterator OrderAccount::first_touching(Piece piece) {
  auto at = uses_.upper_bound(piece.begin);
  if (at != uses_.begin() && std::prev(at)->second.end > piece.begin) --at;
  return at;
}

// Makes `byte` a border between uses.
void OrderAccount::cut_at(std::uint64_t byte) {
  const auto at = first_touching({byte, byte + 1});
  if (at == uses_.end() || at->first >= byte || at->second.end <= byte) return;
  Use tail = at->second;
  at->second.end = byte;
  uses_[byte] = tail;
}

}  // namespace vramlab::validation
