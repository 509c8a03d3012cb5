#include "engine/replay/validator_moves.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/replay/validator_memory.h"

namespace vramlab::validation {
namespace {

bool contains(const std::vector<std::uint16_t>& streams, std::uint16_t stream) {
  return std::find(streams.begin(), streams.end(), stream) != streams.end();
}

}  // namespace

void MoveAccount::wait(std::uint16_t stream, std::uint32_t token) {
  if (copy_ && copy_->token == token) copy_->waits.push_back(stream);
}

void MoveAccount::copy(const Decision& from, const Decision& to, std::span<const std::uint32_t> after) {
  copy_ = Copy{.token = from.object,
               .from = {from.segment, from.offset, from.bytes},
               .to = {to.segment, to.offset, to.bytes},
               .on_device = from.tier == Tier::device && to.tier == Tier::device,
               .after = {},
               .waits = {}};
  for (const auto& [token, stream] : records_)
    if (std::find(after.begin(), after.end(), token) != after.end()) copy_->after.push_back(stream);
}

bool MoveAccount::copied(const Place& place) const {
  return copy_ && copy_->on_device && copy_->from.segment == place.segment && copy_->from.offset == place.offset &&
         copy_->from.bytes >= place.bytes;
}

void MoveAccount::leave(std::uint32_t object, const Place& place, std::uint16_t stream) {
  if (!copied(place)) throw Complaint(fmt::format("object {} is released, but its program still uses it", object));
  if (!contains(copy_->after, stream))
    throw Complaint(fmt::format("object {} is copied without waiting for the work of its stream {}", object, stream));
  if (!contains(copy_->waits, stream))
    throw Complaint(fmt::format("object {} moves, but its stream {} does not wait for the copy", object, stream));
  moving_ = object;
  stream_ = stream;
}

std::uint32_t MoveAccount::arrive(const Decision& d) {
  if (d.kind != DecisionKind::place || d.object != *moving_)
    throw Complaint(fmt::format("object {} has left its place and is not placed again", *moving_));
  if (d.segment != copy_->to.segment || d.offset != copy_->to.offset || d.bytes > copy_->to.bytes)
    throw Complaint(fmt::format("object {} moves to where it was not copied", d.object));
  if (d.stream != stream_) throw Complaint(fmt::format("object {} moves to another stream", d.object));
  const std::uint32_t token = copy_->token;
  moving_.reset();
  copy_.reset();
  return token;
}

}  // namespace vramlab::validation
