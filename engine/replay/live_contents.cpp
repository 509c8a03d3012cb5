#include "engine/replay/live_contents.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

// Asking makes the host wait for the device: seldom enough to cost little, often enough that a failure is told early.
constexpr std::size_t comparisons_between_polls = 16 << 10;

}  // namespace

LiveContents::LiveContents(const Trace& trace, PlacementTable& places, Contents& contents)
    : trace_(trace),
      places_(places),
      contents_(contents),
      version_(trace.object_count()),
      given_up_(trace.object_count()) {}

void LiveContents::before(std::uint64_t position) {
  const std::uint32_t subject = trace_.subjects[position];
  switch (trace_.kinds[position]) {
    case EventKind::free_requested:
    case EventKind::free_completed:
      return give_up(subject, position);
    case EventKind::op: {
      const Lists& reads = trace_.operators.reads;
      for (std::uint64_t i = reads.begin_of(subject); i < reads.ends[subject]; ++i)
        compare(reads.values[i], position, Occasion::read);
      return;
    }
    case EventKind::iteration:
      return poll();
    case EventKind::alloc:
    case EventKind::segment:
    case EventKind::oom:
    case EventKind::snapshot:
      return;
  }
}

void LiveContents::after(std::uint64_t position) {
  const std::uint32_t subject = trace_.subjects[position];
  if (trace_.kinds[position] == EventKind::alloc) write(subject);
  if (trace_.kinds[position] != EventKind::op) return;
  const Lists& writes = trace_.operators.writes;
  for (std::uint64_t i = writes.begin_of(subject); i < writes.ends[subject]; ++i) write(writes.values[i]);
}

void LiveContents::follow_moves(std::uint64_t position) {
  for (const ObjectId object : places_.moved())
    if (places_.live(object) && readable(object.value)) compare(object.value, position, Occasion::move);
  places_.forget_moves();
}

void LiveContents::finish() {
  for (std::uint32_t object = 0; object < trace_.object_count(); ++object)
    if (places_.live(ObjectId(object)) && readable(object) && !given_up_[object])
      compare(object, trace_.event_count(), Occasion::end);
  poll();
}

void LiveContents::come_home(ObjectId object) {
  if (!given_up_[object.value]) compare(object.value, trace_.event_count(), Occasion::home);
}

// No two writes of a run leave the same pattern.
std::uint64_t LiveContents::pattern_of(std::uint32_t object) const {
  return std::uint64_t{object} << 32 | version_[object];
}

void LiveContents::write(std::uint32_t object) {
  ++version_[object];
  contents_.fill(trace_.streams[object], places_.extent_of(ObjectId(object), trace_.sizes[object]), pattern_of(object));
}

// Between request and completion other streams still use the object, so what its own stream leaves there is compared
// when that stream is done with it.
void LiveContents::give_up(std::uint32_t object, std::uint64_t position) {
  if (!given_up_[object] && readable(object)) compare(object, position, Occasion::free);
  given_up_[object] = true;
}

void LiveContents::compare(std::uint32_t object, std::uint64_t position, Occasion occasion) {
  const std::uint64_t tag = asked_.size();
  contents_.check(trace_.streams[object], places_.extent_of(ObjectId(object), trace_.sizes[object]), pattern_of(object),
                  tag);
  asked_.push_back({position, object, occasion});
  if (asked_.size() >= comparisons_between_polls) poll();
}

void LiveContents::poll() {
  if (const auto mismatch = contents_.first_mismatch()) fail(asked_.at(mismatch->tag), *mismatch);
  asked_.clear();
}

std::string LiveContents::occasion_text(const Asked& asked) const {
  switch (asked.occasion) {
    case Occasion::read: {
      const std::uint32_t op = trace_.subjects[asked.position];
      return fmt::format("read by operator {} ({})", op, trace_.operators.names[trace_.operators.name[op]]);
    }
    case Occasion::move:
      return "after it was moved";
    case Occasion::free:
      return "before its free";
    case Occasion::end:
      return "at the end";
    case Occasion::home:
      return "back on the device after the end";
  }
  return "";
}

void LiveContents::fail(const Asked& asked, const Mismatch& mismatch) const {
  throw InvariantError(
      fmt::format("contents: event {}: object {} ({}, stream {}), {}: byte {} is 0x{:02x} where 0x{:02x} was written; "
                  "{} bytes are wrong",
                  asked.position, asked.object, format_bytes(trace_.sizes[asked.object]),
                  trace_.streams[asked.object].value, occasion_text(asked), mismatch.offset.value, mismatch.found,
                  mismatch.expected, mismatch.bytes),
      {trace_.name, {}, {}, {}}, "the pool placed or ordered something wrongly, or the device lost it");
}

}  // namespace vramlab
