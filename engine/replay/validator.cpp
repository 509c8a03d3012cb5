#include "engine/replay/validator.h"

#include <fmt/format.h>
#include <iterator>

#include "engine/replay/validator_watcher.h"

namespace vramlab {
namespace validation {
namespace {

std::string_view event_name(EventKind kind) {
  switch (kind) {
    case EventKind::alloc:
      return "alloc of object";
    case EventKind::free_requested:
      return "free_requested of object";
    case EventKind::free_completed:
      return "free_completed of object";
    case EventKind::op:
      return "operator";
    case EventKind::iteration:
      return "iteration";
    case EventKind::segment:
      return "recorded segment event";
    case EventKind::oom:
      return "recorded out-of-memory";
    case EventKind::snapshot:
      return "snapshot";
  }
  return "unknown event";
}

}  // namespace

std::string Validator::event_text() const {
  if (trace_ == nullptr) return "before the first event";
  return fmt::format("event {} ({} {})", position_, event_name(trace_->kinds[position_]), trace_->subjects[position_]);
}

std::string Validator::place_text(std::uint32_t object, std::uint32_t segment, std::uint64_t offset,
                                  std::uint64_t bytes) const {
  return fmt::format("object {} (bytes {} to {} of segment {})", object, offset, offset + bytes, segment);
}

void Validator::on_event(const Trace& trace, std::uint64_t position) {
  judge([&] { finish_event(); });
  trace_ = &trace;
  position_ = position;
  done_ = false;
  moves_.next_event();
}

void Validator::on_end(const Trace&) {
  judge([&] { finish_event(); });
}

void Validator::on_decisions(std::span<const Decision> batch) {
  for (const Decision& d : batch) judge([&] { apply(d); });
}

void Validator::apply(const Decision& d) {
  if (!begun_ || d.kind == DecisionKind::version) return check_version(d);
  if (moves_.moving()) return arrive(d);
  switch (d.kind) {
    case DecisionKind::version:
      return;
    case DecisionKind::place:
      return place(d);
    case DecisionKind::release:
      return release(d);
    case DecisionKind::segment_take:
      return memory_.take_segment(d);
    case DecisionKind::segment_return:
      return return_segment(d);
    case DecisionKind::range_reserve:
      return memory_.reserve_range(d);
    case DecisionKind::range_release:
      return memory_.release_range(d);
    case DecisionKind::pages_create:
      return memory_.create_pages(d);
    case DecisionKind::pages_destroy:
      for (const Piece piece : memory_.destroy_pages(d)) order_.forget(piece);
      return;
    case DecisionKind::map:
    case DecisionKind::alias:
      return memory_.map(d);
    case DecisionKind::unmap:
      return memory_.unmap(d);
    case DecisionKind::transfer_from:
      return transfer_from(d);
    case DecisionKind::transfer_to:
      return transfer_to(d);
    case DecisionKind::after:
      return after_.push_back(d.object);
    case DecisionKind::record:
      moves_.record(d.object, d.stream);
      swaps_.record(d.object, d.stream);
      return order_.record(d.object, d.stream);
    case DecisionKind::wait:
      moves_.wait(d.stream, d.object);
      swaps_.wait(d.stream, d.object);
      return order_.wait(d.stream, d.object);
    case DecisionKind::clear:
      return memory_.clear(d);
  }
  throw Complaint(fmt::format("decision of unknown kind {}", static_cast<int>(d.kind)));
}

void Validator::check_version(const Decision& d) {
  if (begun_) throw Complaint("a second version record");
  if (d.kind != DecisionKind::version || d.bytes != decision_format_version)
    throw Complaint(fmt::format("decisions do not begin with version {}", decision_format_version));
  begun_ = true;
}

void Validator::place(const Decision& d) {
  if (swaps_.away(d.object)) return come_back(d);
  check_request(d);
  settle(d);
  done_ = true;
}

// What moved comes after the work of those who had the bytes before: the copy is the first to write them.
void Validator::arrive(const Decision& d) {
  const std::uint32_t token = moves_.arrive(d);
  check_size(d);
  settle(d);
  for (const Piece piece : live_.at(d.object).pieces)
    if (const auto other = order_.unordered_before(piece, token))
      throw Complaint(
          fmt::format("object {} is copied over what stream {} used last, without a wait for it", d.object, *other));
}

void Validator::settle(const Decision& d) {
  Placed placed{.segment = d.segment, .offset = d.offset, .bytes = d.bytes, .stream = d.stream, .pieces = {}};
  placed.pieces = memory_.pieces(d.segment, d.offset, d.bytes);
  for (const Piece piece : placed.pieces) claim(d, piece);
  memory_.occupy(d);
  live_.emplace(d.object, std::move(placed));
}

void Validator::check_request(const Decision& d) const {
  if (trace_ == nullptr || trace_->kinds[position_] != EventKind::alloc || trace_->subjects[position_] != d.object)
    throw Complaint(fmt::format("object {} is placed, which nobody asks for", d.object));
  if (done_) throw Complaint(fmt::format("object {} is placed twice", d.object));
  check_size(d);
  if (d.stream != trace_->streams[d.object].value)
    throw Complaint(fmt::format("object {} is placed for stream {} but requested on stream {}", d.object, d.stream,
                                trace_->streams[d.object].value));
}

void Validator::check_size(const Decision& d) const {
  const Bytes requested = trace_->sizes[d.object];
  if (d.bytes == 0) throw Complaint(fmt::format("object {} is placed without bytes", d.object));
  if (d.bytes < requested.value)
    throw Complaint(fmt::format("{} is smaller than the {} bytes requested",
                                place_text(d.object, d.segment, d.offset, d.bytes), requested.value));
}

void Validator::claim(const Decision& d, Piece piece) {
  auto above = owners_.lower_bound(piece.end);
  if (above != owners_.begin() && std::prev(above)->second.first > piece.begin) {
    const std::uint32_t other = std::prev(above)->second.second;
    const Placed& there = live_.at(other);
    throw Complaint(fmt::format("{} overlaps live {}", place_text(d.object, d.segment, d.offset, d.bytes),
                                place_text(other, there.segment, there.offset, there.bytes)));
  }
  owners_.emplace_hint(above, piece.begin, std::pair(piece.end, d.object));
}

void Validator::release(const Decision& d) {
  const auto found = live_.find(d.object);
  if (found == live_.end()) throw Complaint(fmt::format("object {} is released but not live", d.object));
  const Placed& placed = found->second;
  const bool freed = trace_->kinds[position_] == EventKind::free_completed && trace_->subjects[position_] == d.object;
  if (freed) {
    swaps_.free(d.object, placed.stream);
  } else {
    depart(d.object, placed);
  }
  for (const Piece piece : placed.pieces) {
    owners_.erase(piece.begin);
    order_.use(piece, placed.stream);
  }
  memory_.vacate(placed.segment, placed.offset);
  live_.erase(found);
  done_ = done_ || freed;
}

// Giving memory back to the device waits for everything that runs on it.
void Validator::return_segment(const Decision& d) {
  const Piece piece = memory_.return_segment(d);
  order_.forget(piece);
  if (d.tier != Tier::device) swaps_.forget(piece);
  if (d.tier == Tier::device) order_.synchronize();
}

// An event's order is judged at its end: the pool may wait after it has placed, for the program uses memory later.
void Validator::finish_event() {
  if (trace_ == nullptr) return;
  if (moves_.moving())
    throw Complaint(fmt::format("object {} has left its place and is not placed again", *moves_.moving()));
  const EventKind kind = trace_->kinds[position_];
  const std::uint32_t object = trace_->subjects[position_];
  if (kind == EventKind::alloc) {
    if (!done_) throw Complaint(fmt::format("object {} is not placed", object));
    if (live_.contains(object)) check_order(object);
  }
  if (kind == EventKind::free_completed && !done_ && swaps_.away(object)) {
    done_ = true;
    swaps_.free(object, 0);
  }
  if (kind == EventKind::free_completed && !done_) throw Complaint(fmt::format("object {} is not released", object));
}

void Validator::check_order(std::uint32_t object) {
  const Placed& placed = live_.at(object);
  for (const Piece piece : placed.pieces)
    if (const auto other = order_.unordered_user(piece, placed.stream))
      throw Complaint(fmt::format("{} uses on stream {} what stream {} used last, without a wait for it",
                                  place_text(object, placed.segment, placed.offset, placed.bytes), placed.stream,
                                  *other));
}

}  // namespace validation

std::unique_ptr<ReplayWatcher> make_validator() { return std::make_unique<validation::Validator>(); }

}  // namespace vramlab
