// vDNN's static rule (M. Rhu et al., "vDNN: Virtualized deep neural networks for scalable, memory-efficient neural
// network design", MICRO 2016), as vDNN-all: every feature map is offloaded after its last use of the forward pass, and
// prefetched one layer ahead of its first use in the backward pass.
//
// How that is found in an AccessProgram, iteration by iteration:
//   turning point  the slot that the most objects skip: of every object born in the iteration the longest gap between
//                  two of its accesses there is taken, and the slot (the first of several) that most of them span is
//                  where forward turns into backward
//   feature map    an object born and written before the turning point and used on both sides of it
//   layer          forward: the operators from one last use of a feature map to the next; backward: from one first use
//                  of a feature map to the next
// An offload begins after the map's last forward use and is waited for at the end of the layer that follows (vDNN waits
// at the end of the layer whose input it offloads, since it begins together with that layer). A prefetch begins with
// the backward layer before the one that uses the map; those of the first, at the turning point.

#include <algorithm>
#include <set>

#include "engine/swap/timetable.h"

namespace vramlab {
namespace {

struct FeatureMap {
  ObjectId object{};
  std::uint32_t last = 0;   ///< use of the forward pass
  std::uint32_t first = 0;  ///< use of the backward pass
};

/// Calls visit(object) for those born in [begin, end).
template <class Visit>
void for_born(const AccessProgram& program, std::uint32_t begin, std::uint32_t end, Visit&& visit) {
  for (const ProgramObject& object : program.objects)
    if (!object.before && object.birth >= begin && object.birth < end) visit(object);
}

std::uint32_t turning_point(const AccessProgram& program, std::uint32_t begin, std::uint32_t end) {
  std::vector<std::int64_t> change(end - begin + 1);
  for_born(program, begin, end, [&](const ProgramObject& object) {
    std::uint32_t from = 0, to = 0;
    for (std::size_t i = 1; i < object.accesses.size() && object.accesses[i].slot < end; ++i)
      if (object.accesses[i].slot - object.accesses[i - 1].slot > to - from)
        from = object.accesses[i - 1].slot, to = object.accesses[i].slot;
    if (to - from < 2) return;
    ++change[from + 1 - begin];
    --change[to - begin];
  });
  std::int64_t spans = 0, most = 0;
  std::uint32_t turn = end;
  for (std::uint32_t slot = begin; slot < end; ++slot) {
    spans += change[slot - begin];
    if (spans > most) most = spans, turn = slot;
  }
  return turn;
}

std::vector<FeatureMap> feature_maps(const AccessProgram& program, std::uint32_t begin, std::uint32_t turn,
                                     std::uint32_t end) {
  std::vector<FeatureMap> maps;
  for_born(program, begin, turn, [&](const ProgramObject& object) {
    const auto after = std::ranges::lower_bound(object.accesses, turn, {}, &Access::slot);
    if (after == object.accesses.begin() || after == object.accesses.end() || after->slot >= end) return;
    if (std::any_of(object.accesses.begin(), after, [](const Access& access) { return access.writes; }))
      maps.push_back({object.id, std::prev(after)->slot, after->slot});
  });
  return maps;
}

void add_iteration(const AccessProgram& program, std::uint32_t begin, std::uint32_t end,
                   std::vector<TimetableEntry>& entries) {
  const std::uint32_t turn = turning_point(program, begin, end);
  const std::vector<FeatureMap> maps = feature_maps(program, begin, turn, end);
  std::set<std::uint32_t> lasts, firsts;
  for (const FeatureMap& map : maps) lasts.insert(map.last), firsts.insert(map.first);
  for (const FeatureMap& map : maps) {
    const auto next = lasts.upper_bound(map.last);
    const auto use = firsts.find(map.first);
    const TimetableEntry entry{.object = map.object,
                               .out = map.last + 1,
                               .settle = next == lasts.end() ? turn : *next + 1,
                               .in = use == firsts.begin() ? turn : *std::prev(use)};
    if (entry.out < entry.settle && entry.settle <= entry.in) entries.push_back(entry);
  }
}

std::vector<TimetableEntry> vdnn_timetable(const AccessProgram& program) {
  std::vector<std::uint32_t> begins = program.iterations;
  if (begins.empty() || begins.front() != 0) begins.insert(begins.begin(), 0);
  begins.push_back(program.slots());
  std::vector<TimetableEntry> entries;
  for (std::size_t i = 1; i < begins.size(); ++i)
    if (begins[i - 1] < begins[i]) add_iteration(program, begins[i - 1], begins[i], entries);
  return entries;
}

constexpr OptionSpec options[] = {
    {.name = "on_demand",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "where offloading is not enough the least recently used go too; false: lack of memory, as published"}};

}  // namespace

SwapInfo vdnn_swap_row() {
  return {.name = "vdnn",
          .summary = "every feature map leaves after its last forward use and returns one layer ahead (vDNN-all)",
          .options = options,
          .needs_program = true,
          .make = [](const OptionValues& values, const SwapContext& context) -> std::unique_ptr<SwapPolicy> {
            return std::make_unique<TimetablePolicy>(context, vdnn_timetable(*context.program),
                                                     values.flag("on_demand"));
          }};
}

}  // namespace vramlab
