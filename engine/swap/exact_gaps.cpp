#include "engine/swap/exact_gaps.h"

#include <algorithm>

namespace vramlab {
namespace {

constexpr std::uint32_t none = ExactGap::no_gap;

class GapMaker {
 public:
  GapMaker(const AccessProgram& program, const SwapMachine& machine, const SwapLink& link)
      : program_(program), machine_(machine), link_(link) {}

  void add(std::uint32_t number) {
    const ProgramObject& object = program_.objects[number];
    object_ = number;
    first_version_ = found_.versions.size();
    const bool used = !object.accesses.empty();
    kept_ = object.persistent() && std::ranges::none_of(object.accesses, [](Access a) { return a.writes; });
    const bool closes = object.persistent() && used;
    const std::uint32_t first = used ? object.accesses.front().slot : 0;
    const std::uint32_t after = used ? object.accesses.back().slot + 1 : 0;
    const bool around = closes && (first > 0 || after < program_.slots());
    if (around) head_ = add_gap({.from = 0, .to = first, .copied = 0, .returns = true});
    for (const SwapGap& gap : gaps_of(program_, number))
      if (!closes || (gap.from != 0 && gap.to != program_.slots())) add_gap(gap);
    if (!around) return;
    const std::uint32_t tail =
        add_gap({.from = after, .to = program_.slots(), .copied = kept_ ? 0 : last_write(object), .returns = false});
    found_.gaps[tail].closing = head_;
    found_.gaps[head_].closing = tail;
  }

  ExactGaps take() { return std::move(found_); }

 private:
  static std::uint32_t last_write(const ProgramObject& object) {
    std::uint32_t slot = 0;
    for (const Access access : object.accesses)
      if (access.writes) slot = access.slot + 1;
    return slot;
  }

  std::uint32_t add_gap(const SwapGap& gap) {
    const Bytes bytes = program_.objects[object_].bytes;
    const std::uint32_t version = version_of(gap.copied);
    ++found_.versions[version].gaps;
    found_.gaps.push_back({.object = object_,
                           .version = version,
                           .from = gap.from,
                           .to = gap.to,
                           .returns = gap.returns,
                           .in_ns = link_time(link_.in, bytes),
                           .decompress = machine_.codec.decompress_time(bytes)});
    return static_cast<std::uint32_t>(found_.gaps.size() - 1);
  }

  std::uint32_t version_of(std::uint32_t copied) {
    for (std::size_t v = first_version_; v < found_.versions.size(); ++v)
      if (kept_ || found_.versions[v].copied == copied) return static_cast<std::uint32_t>(v);
    const Bytes bytes = program_.objects[object_].bytes;
    found_.versions.push_back({.object = object_,
                               .copied = copied,
                               .kept = kept_,
                               .out_ns = link_time(link_.out, bytes),
                               .compress = machine_.codec.compress_time(bytes)});
    return static_cast<std::uint32_t>(found_.versions.size() - 1);
  }

  // As LinkForecast has it.
  double link_time(const LinkSpeed& speed, Bytes bytes) const {
    return static_cast<double>(speed.latency.value) + static_cast<double>(machine_.codec.packed(bytes).value) /
                                                          (static_cast<double>(speed.bytes_per_second) / 1e9);
  }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const SwapLink& link_;
  ExactGaps found_;
  std::uint32_t object_ = 0, head_ = none;
  std::size_t first_version_ = 0;
  bool kept_ = false;
};

}  // namespace

ExactGaps exact_gaps(const AccessProgram& program, const SwapMachine& machine, Tier tier, Bytes min_swap) {
  GapMaker maker(program, machine, machine.link(tier));
  for (std::uint32_t object = 0; object < program.objects.size(); ++object)
    if (program.objects[object].bytes >= min_swap) maker.add(object);
  return maker.take();
}

}  // namespace vramlab
