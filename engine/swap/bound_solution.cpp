// What a solution of the bound's linear program says: what it leaves between the moments, where it does what more of
// them would forbid, and what the time before each is worth.

#include <algorithm>
#include <cmath>

#include "engine/swap/bound_program.h"
#include "engine/swap/bound_shapes.h"

namespace vramlab {
namespace {

double ns(Nanoseconds time) { return static_cast<double>(time.value); }

}  // namespace

// --- Of the program --------------------------------------------------------------------------------------------------

std::vector<BoundShapes::Absent> BoundProgram::absences(const std::vector<double>& values) const {
  std::vector<BoundShapes::Absent> absences;
  auto columns = absent_.begin();
  for (const auto& [key, group] : shapes_.groups()) {
    const double size = units(group.bytes);
    absences.emplace_back();
    for (std::size_t gap = 0; gap < group.lacks.size(); ++gap, ++columns) {
      std::vector<double>& parts = absences.back().emplace_back();
      for (const int column : *columns)
        parts.push_back(column < 0 ? 0 : values[static_cast<std::size_t>(column)] / size);
    }
  }
  return absences;
}

std::vector<BoundShapes::Hurried> BoundProgram::hurried(const std::vector<double>& values) const {
  std::vector<BoundShapes::Hurried> found;
  auto out = first_outs_.begin(), in = last_ins_.begin();
  for (const auto& [key, group] : shapes_.groups()) {
    const auto part = [&, size = units(group.bytes)](int column) {
      return column < 0 ? 0 : values[static_cast<std::size_t>(column)] / size;
    };
    found.emplace_back();
    for (const Version& version : key.first) {
      found.back().out.push_back(part(*out++));
      for (std::size_t gap = 0; gap < version.gaps.size(); ++gap) found.back().in.push_back(part(*in++));
    }
  }
  return found;
}

std::vector<double> BoundProgram::worth(const std::vector<double>& prices) const {
  const auto price = [&](int row) { return row < 0 ? 0 : std::abs(prices[static_cast<std::size_t>(row)]); };
  std::vector<double> found;
  for (std::uint32_t phase = 0; phase < links_.size(); phase += 2) {
    const LinkRows& rows = links_[phase];
    found.push_back((price(rows.out) + price(rows.in) + price(rows.out_shared) + price(rows.in_shared)) *
                    time_of(phase));
  }
  return found;
}

// --- Of the objects --------------------------------------------------------------------------------------------------

std::vector<double> BoundShapes::left(const std::vector<Absent>& absent) const {
  std::vector<double> left;
  for (const Bytes load : program_.load) left.push_back(static_cast<double>(load.value));
  auto parts = absent.begin();
  for (const auto& [key, group] : groups_) {
    for (const std::uint32_t object : group.members) take_off(left, object, *parts);
    ++parts;
  }
  return left;
}

void BoundShapes::take_off(std::vector<double>& left, std::uint32_t object, const Absent& absent) const {
  const Bytes bytes = program_.objects[object].bytes;
  auto parts = absent.begin();
  for (const Version& version : shape_of(object))
    for (const MomentGap& gap : version.gaps) {
      if (std::ranges::any_of(*parts, [](double part) { return part > 0; })) take_off(left, gap, bytes, *parts);
      ++parts;
    }
}

std::uint32_t BoundShapes::slot_of(std::uint32_t moment) const {
  if (moment == end_) return program_.slots();
  return moment < end_ ? moments_[moment] : program_.slots() + moments_[moment - end_ - 1];
}

void BoundShapes::take_off(std::vector<double>& left, const MomentGap& gap, Bytes bytes,
                           const std::vector<double>& parts) const {
  const std::uint32_t slots = program_.slots();
  const auto time = [&](std::uint32_t slot) {
    return ns(slot >= 2 * slots ? program_.duration * 2
                                : program_.begin[slot % slots] + program_.duration * (slot / slots));
  };
  double from = time(gap.from), part = gap.written == Nanoseconds(0) && gap.from == 0 ? parts.front() : 0;
  std::uint32_t slot = gap.from;
  for (std::uint32_t m = gap.first; m <= gap.last + 1; ++m) {
    const bool last = m == gap.last + 1;
    const std::uint32_t until = last ? gap.to : slot_of(m);
    const double to = time(until), then = last ? (gap.returns ? 0 : parts.back()) : parts[m - gap.first];
    for (; slot < until; ++slot)
      left[slot % slots] -=
          static_cast<double>(bytes.value) * (part + (then - part) * (time(slot) - from) / std::max(1.0, to - from));
    from = to;
    part = then;
  }
}

std::vector<BoundShapes::Excess> BoundShapes::excesses(const std::vector<Hurried>& hurried) const {
  std::vector<std::vector<std::pair<std::uint32_t, double>>> outs(end_ + 1), ins(end_ + 1);
  auto parts = hurried.begin();
  for (const auto& [key, group] : groups_) {
    for (const std::uint32_t object : group.members) hurry(outs, ins, object, *parts);
    ++parts;
  }
  std::vector<Excess> found;
  const auto tell = [&](double missing, std::uint32_t slot, Excess& best) {
    if (missing > best.ns) best = {slot, missing};
  };
  for (std::uint32_t phase = 0; phase <= end_; ++phase) {
    Excess out, in;
    const double begin = phase == 0 ? 0 : ns(end_of(phase - 1)), end = ns(begin_of(phase));
    std::ranges::sort(outs[phase], std::greater<>());
    double sum = 0;
    for (const auto& [slot, time] : outs[phase]) tell((sum += time) - (end - ns(writer_end(slot))), slot, out);
    std::ranges::sort(ins[phase]);
    sum = 0;
    for (const auto& [slot, time] : ins[phase]) tell((sum += time) - (ns(program_.begin[slot]) - begin), slot, in);
    if (out.ns > 0) found.push_back(out);
    if (in.ns > 0) found.push_back(in);
  }
  return found;
}

void BoundShapes::hurry(std::vector<std::vector<std::pair<std::uint32_t, double>>>& outs,
                        std::vector<std::vector<std::pair<std::uint32_t, double>>>& ins, std::uint32_t object,
                        const Hurried& parts) const {
  const Bytes bytes = program_.objects[object].bytes;
  auto out = parts.out.begin(), in = parts.in.begin();
  for (const Version& version : shape_of(object)) {
    if (*out > 0 && version.copied <= end_ && version.gaps.front().writer < program_.slots())
      outs[version.copied].emplace_back(version.gaps.front().writer, *out * out_need(bytes));
    ++out;
    for (const MomentGap& gap : version.gaps) {
      const std::uint32_t moment = gap.last + 1 > end_ ? gap.last - end_ : gap.last + 1;
      if (*in > 0 && moment <= end_) ins[moment].emplace_back(gap.to % program_.slots(), *in * in_need(bytes));
      ++in;
    }
  }
}

}  // namespace vramlab
