#include "engine/replay/validator_swaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace vramlab::validation {

// --- Order -----------------------------------------------------------------------------------------------------------

TransferOrder::Node& TransferOrder::add(std::uint32_t token) {
  if (token >= nodes_.size()) nodes_.resize(std::size_t{token} + 1);
  return nodes_[token];
}

std::span<const std::uint32_t> TransferOrder::waits_of(std::uint16_t stream) const {
  return stream < waits_.size() ? std::span<const std::uint32_t>(waits_[stream]) : std::span<const std::uint32_t>();
}

void TransferOrder::record(std::uint32_t token, std::uint16_t stream) {
  Node& node = add(token);
  node.stream = stream;
  node.waits = waits_of(stream).size();
}

void TransferOrder::transfer(std::uint32_t token, std::span<const std::uint32_t> after) {
  add(token).after.assign(after.begin(), after.end());
}

void TransferOrder::wait(std::uint16_t stream, std::uint32_t token) {
  if (stream >= waits_.size()) waits_.resize(std::size_t{stream} + 1);
  waits_[stream].push_back(token);
}

// Tokens are numbered as they are issued: what is older than `earlier` cannot follow it.
void TransferOrder::expand(std::uint32_t token, std::uint32_t earlier, std::vector<std::uint32_t>& open) const {
  if (token >= nodes_.size()) return;
  const Node& node = nodes_[token];
  const auto push = [&](std::span<const std::uint32_t> tokens) {
    for (const std::uint32_t next : tokens)
      if (next >= earlier) open.push_back(next);
  };
  push(node.after);
  push(waits_of(node.stream).first(node.waits));
}

bool TransferOrder::reaches(std::vector<std::uint32_t> open, std::uint32_t earlier) const {
  if (std::find(open.begin(), open.end(), earlier) != open.end()) return true;
  std::unordered_set<std::uint32_t> seen;
  while (!open.empty()) {
    const std::uint32_t token = open.back();
    open.pop_back();
    if (token == earlier) return true;
    if (token > earlier && seen.insert(token).second) expand(token, earlier, open);
  }
  return false;
}

bool TransferOrder::follows(std::uint32_t token, std::uint32_t earlier) const { return reaches({token}, earlier); }

bool TransferOrder::awaited(std::uint16_t stream, std::uint32_t earlier) const {
  const std::span<const std::uint32_t> waits = waits_of(stream);
  if (std::find(waits.rbegin(), waits.rend(), earlier) != waits.rend()) return true;
  std::vector<std::uint32_t> open;
  for (const std::uint32_t token : waits)
    if (token >= earlier) open.push_back(token);
  return reaches(std::move(open), earlier);
}

// --- Memory of other tiers -------------------------------------------------------------------------------------------

// Whoever writes there comes after those who used it last.
void SwapAccount::overwrite(std::uint32_t token, Piece piece) {
  drop_copies_in(piece);
  auto use = uses_.upper_bound(piece.begin);
  if (use != uses_.begin() && std::prev(use)->second.end > piece.begin) --use;
  while (use != uses_.end() && use->first < piece.end) {
    for (const std::uint32_t earlier : use->second.tokens)
      if (!order_.follows(token, earlier))
        throw Complaint(fmt::format("transfer {} overwrites bytes that transfer {} still uses", token, earlier));
    const Piece rest{piece.end, use->second.end};
    const std::uint64_t before = use->first;
    TierUse left = use->second;
    use = uses_.erase(use);
    if (rest.begin < rest.end) uses_[rest.begin] = {rest.end, left.tokens};
    if (before < piece.begin) uses_[before] = {piece.begin, std::move(left.tokens)};
  }
  uses_[piece.begin] = {piece.end, {token}};
}

void SwapAccount::forget(Piece piece) {
  drop_copies_in(piece);
  uses_.erase(uses_.lower_bound(piece.begin), uses_.lower_bound(piece.end));
}

void SwapAccount::drop_copies_in(Piece piece) {
  for (auto& [object, state] : objects_) {
    const auto touched = [&](const Copy& copy) { return copy.piece.begin < piece.end && piece.begin < copy.piece.end; };
    if (std::erase_if(state.copies, touched) == 0 || !state.copies.empty()) continue;
    if (state.state == State::away || state.state == State::placed)
      throw Complaint(fmt::format("the only copy of object {}, which is away, is lost", object));
  }
}

// --- Objects ---------------------------------------------------------------------------------------------------------

void SwapAccount::copy_out(std::uint32_t object, std::uint32_t token, Piece to, bool complete, bool follows_work) {
  Object& state = objects_[object];
  if (state.state == State::placed)
    throw Complaint(fmt::format("object {} is copied out before its bytes have come back", object));
  const bool arrived = state.state != State::arriving || order_.follows(token, state.arrival);
  state.copies.push_back({token, to, complete, follows_work && arrived});
  state.touching.push_back(token);
}

void SwapAccount::copy_in(std::uint32_t object, std::uint32_t token, Piece from, bool complete) {
  const auto found = objects_.find(object);
  if (found == objects_.end() || found->second.state != State::placed)
    throw Complaint(fmt::format("transfer {} overwrites object {}, which is not away", token, object));
  Object& state = found->second;
  const auto copy = std::find_if(state.copies.begin(), state.copies.end(), [&](const Copy& one) {
    return one.piece.begin == from.begin && one.complete && one.follows_work;
  });
  if (copy == state.copies.end() || !complete)
    throw Complaint(fmt::format("object {} is filled from bytes that are no copy of all it held", object));
  if (!order_.follows(token, copy->token))
    throw Complaint(fmt::format("object {} comes back without waiting for its copy out", object));
  state.state = State::arriving;
  state.arrival = token;
  state.touching.push_back(token);
  for (auto use = uses_.lower_bound(from.begin); use != uses_.end() && use->first < from.end; ++use)
    use->second.tokens.push_back(token);
}

bool SwapAccount::has_copies(std::uint32_t object) const {
  const auto found = objects_.find(object);
  return found != objects_.end() && !found->second.copies.empty();
}

bool SwapAccount::away(std::uint32_t object) const {
  const auto found = objects_.find(object);
  return found != objects_.end() && found->second.state == State::away;
}

void SwapAccount::leave(std::uint32_t object, std::uint16_t stream) {
  Object& state = objects_.at(object);
  std::erase_if(state.copies, [](const Copy& copy) { return !copy.complete; });
  if (state.copies.empty()) throw Complaint(fmt::format("object {} leaves, but not all of it was copied", object));
  std::erase_if(state.copies, [](const Copy& copy) { return !copy.follows_work; });
  if (state.copies.empty())
    throw Complaint(fmt::format("object {} is copied out without waiting for the work that uses it", object));
  settle_transfers(object, state, stream, "leaves");
  state.state = State::away;
  state.touching.clear();
}

void SwapAccount::arrive(std::uint32_t object) { objects_.at(object).state = State::placed; }

void SwapAccount::use(std::uint32_t object, std::uint16_t stream, bool writes) {
  const auto found = objects_.find(object);
  if (found == objects_.end()) return;
  Object& state = found->second;
  if (state.state == State::away) throw Complaint(fmt::format("object {} is used while it is away", object));
  if (state.state == State::placed)
    throw Complaint(fmt::format("object {} is used before its bytes have come back", object));
  if (state.state == State::arriving && !order_.awaited(stream, state.arrival))
    throw Complaint(fmt::format("object {} is used, but stream {} does not wait for its transfer {}", object, stream,
                                state.arrival));
  state.state = State::here;
  if (writes) state.copies.clear();
}

void SwapAccount::free(std::uint32_t object, std::uint16_t stream) {
  const auto found = objects_.find(object);
  if (found == objects_.end()) return;
  if (found->second.state != State::away) settle_transfers(object, found->second, stream, "is freed");
  objects_.erase(found);
}

void SwapAccount::settle_transfers(std::uint32_t object, const Object& state, std::uint16_t stream,
                                   const char* verb) const {
  for (const std::uint32_t token : state.touching)
    if (!order_.awaited(stream, token))
      throw Complaint(
          fmt::format("object {} {}, but its stream {} does not wait for transfer {}", object, verb, stream, token));
}

}  // namespace vramlab::validation
