#include "engine/swap/bound_shapes.h"

#include <algorithm>
#include <bit>

#include "engine/swap/swap_time.h"

namespace vramlab {
namespace {

// Sizes are told apart by this many of their leading bits: the latency counts by the size that a class has at most.
constexpr int class_bits = 5;

std::uint64_t class_of(Bytes bytes) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(bytes.value)) - class_bits);
  return (((bytes.value - 1) >> shift) + 1) << shift;
}

double ns(Nanoseconds time) { return static_cast<double>(time.value); }

}  // namespace

BoundShapes::BoundShapes(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
                         const std::vector<std::uint32_t>& moments)
    : program_(program),
      machine_(machine),
      request_(request),
      moments_(moments),
      end_(static_cast<std::uint32_t>(moments.size())) {
  sum_pauses();
  gather();
}

// At the begin of an iteration the host waits for the device: what is late then stays late.
void BoundShapes::sum_pauses() {
  Nanoseconds sum{};
  pauses_.push_back(sum);
  for (std::uint32_t slot = 1; slot < program_.slots(); ++slot) {
    const Nanoseconds pause = program_.begin[slot] - program_.end[slot - 1] - request_.launch_gap;
    const bool waited_for = std::ranges::binary_search(program_.iterations, slot);
    if (request_.pauses_absorb && !waited_for) sum += std::max(pause, Nanoseconds(0));
    pauses_.push_back(sum);
  }
  pauses_.push_back(sum);
}

void BoundShapes::gather() {
  for (std::uint32_t object = 0; object < program_.objects.size(); ++object) {
    const Bytes bytes = program_.objects[object].bytes;
    if (bytes < request_.min_swap || bytes == Bytes(0)) continue;
    const Shape shape = shape_of(object);
    if (shape.empty()) continue;
    std::vector<Lack> lacks;
    for (const Version& version : shape)
      for (const MomentGap& gap : version.gaps) lacks.push_back(lack_of(version, gap, bytes));
    Group& group = groups_[{shape, class_of(bytes)}];
    group.bytes += bytes;
    group.members.push_back(object);
    if (group.lacks.empty()) group.lacks = lacks;
    const auto least = [](std::vector<double>& of, const std::vector<double>& with) {
      std::ranges::transform(of, with, of.begin(), [](double a, double b) { return std::min(a, b); });
    };
    for (std::size_t gap = 0; gap < lacks.size(); ++gap) {
      least(group.lacks[gap].out, lacks[gap].out);
      least(group.lacks[gap].in, lacks[gap].in);
    }
  }
}

std::uint64_t BoundShapes::smallest() const {
  Bytes least = *std::ranges::max_element(program_.load);
  for (const ProgramObject& object : program_.objects)
    if (object.bytes >= std::max(request_.min_swap, Bytes(1))) least = std::min(least, object.bytes);
  return class_of(std::max(least, Bytes(1)));
}

// --- Shapes --------------------------------------------------------------------------------------------------------

// First moment at or after `slot`.
std::uint32_t BoundShapes::moment_from(std::uint32_t slot) const {
  return static_cast<std::uint32_t>(std::lower_bound(moments_.begin(), moments_.end(), slot) - moments_.begin());
}

// The gaps of a persistent object before its first write belong to its last version, next time.
BoundShapes::Shape BoundShapes::shape_of(std::uint32_t number) const {
  const ProgramObject& object = program_.objects[number];
  const bool wraps = object.persistent() && !object.accesses.empty();
  const bool written = std::ranges::any_of(object.accesses, [](Access a) { return a.writes; });
  Shape shape;
  std::vector<MomentGap> next_time;
  for (const SwapGap& gap : gaps_of(program_, number)) {
    MomentGap found{.first = moment_from(gap.from),
                    .last = moment_from(gap.to),
                    .returns = gap.returns,
                    .written = writer_end(gap.copied),
                    .returned = gap.to < program_.slots() ? program_.begin[gap.to] : program_.duration,
                    .writer = gap.copied,
                    .from = gap.from,
                    .to = gap.to};
    if (wraps && (gap.from == 0 || (written && gap.copied == 0))) {
      found.first += end_ + 1;
      found.last += end_ + 1;
      found.returns = true;
      found.returned += program_.duration;
      found.from += program_.slots();
      found.to += program_.slots();
      next_time.push_back(found);
    } else {
      note(shape, object.persistent() && !written ? kept : moment_from(gap.copied), found);
    }
  }
  if (wraps) append_next_time(shape, object, written, next_time);
  tidy(shape);
  return shape;
}

void BoundShapes::note(Shape& shape, std::uint32_t copied, const MomentGap& gap) {
  if (shape.empty() || shape.back().copied != copied) shape.push_back({.copied = copied, .gaps = {}});
  shape.back().gaps.push_back(gap);
}

// The gap at the end and the one at the next beginning are one.
void BoundShapes::append_next_time(Shape& shape, const ProgramObject& object, bool written,
                                   std::vector<MomentGap> gaps) const {
  std::uint32_t last_write = 0;
  for (const Access access : object.accesses)
    if (access.writes) last_write = access.slot + 1;
  const bool tail = object.accesses.back().slot + 1 < program_.slots();
  if (tail && !shape.empty()) {
    MomentGap& last = shape.back().gaps.back();
    last.returns = true;
    last.last = end_ + 1;
    const std::uint32_t user = object.accesses.front().slot;
    last.to = program_.slots() + user;
    last.returned = program_.duration + program_.begin[user];
    if (!gaps.empty() && gaps.front().first == end_ + 1) {
      // A use before the first moment is not seen: the gap behind it is the same one.
      last.last = gaps.front().last;
      last.to = gaps.front().to;
      last.returned = gaps.front().returned;
      gaps.erase(gaps.begin());
    }
  }
  for (MomentGap& gap : gaps) {
    gap.writer = last_write;
    gap.written = writer_end(last_write);
    note(shape, written ? moment_from(last_write) : kept, gap);
  }
}

// `last` has been one beyond so far. Gaps without a moment go.
void BoundShapes::tidy(Shape& shape) const {
  for (Version& version : shape) {
    std::erase_if(version.gaps, [&](const MomentGap& gap) {
      const bool end_alone = gap.first == end_ && gap.last == end_ + 1;
      return gap.first >= gap.last || end_alone;
    });
    for (MomentGap& gap : version.gaps) --gap.last;
  }
  std::erase_if(shape, [](const Version& version) { return version.gaps.empty(); });
}

// --- Windows -------------------------------------------------------------------------------------------------------

Nanoseconds BoundShapes::begin_of(std::uint32_t moment) const {
  if (moment == end_) return program_.duration;
  return moment < end_ ? program_.begin[moments_[moment]]
                       : program_.duration + program_.begin[moments_[moment - end_ - 1]];
}

Nanoseconds BoundShapes::end_of(std::uint32_t moment) const {
  if (moment == end_) return program_.duration;
  return moment < end_ ? program_.end[moments_[moment]] : program_.duration + program_.end[moments_[moment - end_ - 1]];
}

// From the moment before `moment`, the first at or after `slot`, to the operator before the slot.
double BoundShapes::pauses_since(std::uint32_t moment, std::uint32_t slot) const {
  if (slot == 0) return 0;
  return ns(pauses_[slot - 1] - (moment == 0 ? Nanoseconds(0) : pauses_[moments_[moment - 1]]));
}

// From `slot` to `moment`, the first at or after it.
double BoundShapes::pauses_until(std::uint32_t slot, std::uint32_t moment) const {
  if (moment > end_) moment -= end_ + 1;
  const std::uint32_t last = moment >= end_ ? program_.slots() : moments_[moment];
  return ns(pauses_[last] - pauses_[slot]);
}

// Before what the host puts there with a call that takes `call`.
double BoundShapes::handover(Nanoseconds call) const {
  return ns(request_.pauses_absorb ? std::min(machine_.handover, call) : machine_.handover);
}

// From the end of the writer to the end of the copy, alone on the link.
double BoundShapes::out_need(Bytes bytes) const {
  const LinkSpeed& link = machine_.link(request_.tier).out;
  const Nanoseconds packing = machine_.codec.packs() ? machine_.codec.compress_time(bytes) : Nanoseconds(0);
  return ns(machine_.record_gap + packing + link.latency) + handover(request_.transfer) +
         bound_link_ns(machine_, link, static_cast<double>(bytes.value));
}

// From the end of an operator to the end of the copy, alone on the link, and from there to the begin of the user.
double BoundShapes::in_need(Bytes bytes) const {
  const LinkSpeed& link = machine_.link(request_.tier).in;
  return ns(machine_.record_gap + link.latency) + handover(request_.transfer) +
         bound_link_ns(machine_, link, static_cast<double>(bytes.value));
}

double BoundShapes::use_need(Bytes bytes) const {
  return handover(request_.launch) +
         ns(machine_.codec.packs() ? machine_.codec.decompress_time(bytes) : Nanoseconds(0));
}

BoundShapes::Lack BoundShapes::lack_of(const Version& version, const MomentGap& gap, Bytes bytes) const {
  Lack lack;
  const double out = out_need(bytes);
  for (std::uint32_t m = gap.first; m <= gap.last; ++m) {
    // What comes back before the stretch ends, to be used in the next one, no operator of this one waits for.
    const bool home = m < end_ && gap.to >= program_.slots();
    const double in = in_need(bytes) + (home ? 0 : use_need(bytes));
    // Behind the end nobody waits for a copy any more: the stretch lasts until all are done.
    const double settled = m >= end_ ? 0 : handover(request_.launch);
    const double before = ns(begin_of(m) - gap.written), after = ns(gap.returned - end_of(m));
    lack.out.push_back(version.copied == kept ? no_lack
                                              : out + settled - before - pauses_since(version.copied, gap.writer));
    lack.in.push_back(gap.returns && m != end_ ? in - after - pauses_until(gap.to % program_.slots(), gap.last + 1)
                                               : no_lack);
  }
  return lack;
}

}  // namespace vramlab
