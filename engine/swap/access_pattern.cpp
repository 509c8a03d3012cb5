#include "engine/swap/access_pattern.h"

namespace vramlab {
namespace {

std::uint64_t end_of(const RecordedAccess& access) { return access.offset.value + access.length.value; }

bool overlap(const RecordedAccess& a, const RecordedAccess& b) {
  return a.offset.value < end_of(b) && b.offset.value < end_of(a);
}

/// Without a common byte, but close.
bool neighbours(const RecordedAccess& a, const RecordedAccess& b) {
  if (overlap(a, b)) return false;
  const bool a_first = a.offset <= b.offset;
  const RecordedAccess &first = a_first ? a : b, &second = a_first ? b : a;
  // An access of no bytes may lie inside the other range: nothing lies between them then.
  return second.offset.value <= end_of(first) || second.offset.value - end_of(first) <= AccessRecord::nearby.value;
}

/// Wraps around for steps backwards, alike for equal ones.
std::uint64_t step(const RecordedAccess& from, const RecordedAccess& to) { return to.offset.value - from.offset.value; }

std::uint32_t per_mille(std::uint32_t part, std::uint32_t whole) { return whole == 0 ? 0 : part * 1000 / whole; }

AccessPattern pattern_of(const AccessFigures& figures) {
  if (figures.sequential_per_mille >= AccessRecord::decisive) return AccessPattern::sequential;
  if (figures.strided_per_mille >= AccessRecord::decisive) return AccessPattern::strided;
  if (figures.temporal_per_mille >= AccessRecord::decisive) return AccessPattern::temporal;
  if (figures.spatial_per_mille >= AccessRecord::decisive) return AccessPattern::spatial;
  return AccessPattern::random;
}

}  // namespace

void AccessRecord::record(const RecordedAccess& access) { ring_[total_++ % window] = access; }

AccessFigures AccessRecord::figures() const {
  const std::uint32_t count = kept();
  if (count < 3) return {};
  std::uint32_t again = 0, near = 0, sequential = 0, strided = 0;
  for (std::uint32_t i = 1; i < count; ++i) {
    const RecordedAccess &before = at(i - 1), &access = at(i);
    near += neighbours(before, access);
    sequential += access.offset.value == end_of(before) && before.length.value > 0;
    const std::uint64_t moved = step(before, access);
    strided += i > 1 && moved != 0 && moved == step(at(i - 2), before);
    bool seen = false;
    for (std::uint32_t j = i; j-- > 0 && !seen;) seen = overlap(at(j), access);
    again += seen;
  }
  AccessFigures figures{.pattern = AccessPattern::random,
                        .temporal_per_mille = per_mille(again, count - 1),
                        .spatial_per_mille = per_mille(near, count - 1),
                        .sequential_per_mille = per_mille(sequential, count - 1),
                        .strided_per_mille = per_mille(strided, count - 2)};
  figures.pattern = pattern_of(figures);
  return figures;
}

std::uint64_t AccessRecord::usual_gap() const {
  return kept() < 2 ? 0 : (latest().position - at(0).position) / (kept() - 1);
}

}  // namespace vramlab
