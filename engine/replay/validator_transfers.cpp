// What the validator makes of transfers, and of objects that leave the device and come back.

#include <fmt/format.h>

#include "engine/replay/live_operators.h"
#include "engine/replay/validator_watcher.h"

namespace vramlab::validation {

void Validator::transfer_from(const Decision& d) {
  if (transfer_source_) throw Complaint(fmt::format("transfer {} has no destination", transfer_source_->object));
  static_cast<void>(memory_.pieces(d.segment, d.offset, d.bytes));
  order_.transfer(d.object, after_);
  swaps_.transfer(d.object, after_);
  transfer_source_ = d;
}

void Validator::transfer_to(const Decision& d) {
  if (!transfer_source_ || transfer_source_->object != d.object || transfer_source_->bytes != d.bytes)
    throw Complaint(fmt::format("the destination of transfer {} does not follow its source", d.object));
  static_cast<void>(memory_.pieces(d.segment, d.offset, d.bytes));
  moves_.copy(*transfer_source_, d, after_);
  cross_tiers(*transfer_source_, d);
  after_.clear();
  transfer_source_.reset();
}

// The object that begins where a transfer does.
std::optional<std::uint32_t> Validator::object_at(const Decision& end) const {
  const std::vector<Piece> pieces = memory_.pieces(end.segment, end.offset, end.bytes);
  const auto owner = pieces.empty() ? owners_.end() : owners_.find(pieces.front().begin);
  if (owner == owners_.end()) return std::nullopt;
  const Placed& placed = live_.at(owner->second.second);
  const bool begins = placed.segment == end.segment && placed.offset == end.offset;
  return begins ? std::optional(owner->second.second) : std::nullopt;
}

void Validator::cross_tiers(const Decision& from, const Decision& to) {
  const std::uint32_t token = from.object;
  if (to.tier != Tier::device) {
    const Piece piece = memory_.pieces(to.segment, to.offset, to.bytes).front();
    swaps_.overwrite(token, piece);
    if (from.tier != Tier::device) return;
    const std::optional<std::uint32_t> object = object_at(from);
    if (!object) return;
    const std::uint64_t used = *object < used_.size() ? used_[*object] : 0;
    swaps_.copy_out(*object, token, piece, from.bytes >= trace_->sizes[*object].value,
                    order_.comes_after(token, operator_stream.value, used));
  } else if (from.tier != Tier::device) {
    const std::optional<std::uint32_t> object = object_at(to);
    if (!object) return;
    swaps_.copy_in(*object, token, memory_.pieces(from.segment, from.offset, from.bytes).front(),
                   to.bytes >= trace_->sizes[*object].value);
    for (const Piece piece : live_.at(*object).pieces)
      if (const auto other = order_.unordered_before(piece, token))
        throw Complaint(
            fmt::format("object {} comes back over what stream {} used last, without a wait for it", *object, *other));
  }
}

void Validator::on_launch(const Trace& trace, std::uint64_t position) {
  const std::uint32_t op = trace.subjects[position];
  const std::uint64_t now = order_.advance(operator_stream.value);
  used_.resize(trace.object_count());
  const auto use = [&](const Lists& lists, bool writes) {
    for (std::uint64_t i = lists.begin_of(op); i < lists.ends[op]; ++i) {
      judge([&] { swaps_.use(lists.values[i], operator_stream.value, writes); });
      used_[lists.values[i]] = now;
    }
  };
  use(trace.operators.reads, false);
  use(trace.operators.writes, true);
}

void Validator::come_back(const Decision& d) {
  check_size(d);
  if (d.stream != trace_->streams[d.object].value)
    throw Complaint(fmt::format("object {} comes back to another stream", d.object));
  settle(d);
  swaps_.arrive(d.object);
}

void Validator::depart(std::uint32_t object, const Placed& placed) {
  const Place place{placed.segment, placed.offset, placed.bytes};
  if (moves_.copied(place) || !swaps_.has_copies(object)) return moves_.leave(object, place, placed.stream);
  check_order(object);  // perhaps in the very event that placed it
  swaps_.leave(object, placed.stream);
}

}  // namespace vramlab::validation
