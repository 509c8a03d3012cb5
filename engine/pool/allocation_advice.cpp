#include "engine/pool/allocation_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

namespace vramlab {
namespace {

constexpr std::size_t most_warmup_sizes = 16;
constexpr Bytes largest_warmup = 1_MiB;  // larger ones are few, and would hold much memory ready
constexpr std::uint64_t often = 10;      // allocations

// What options and people read: the largest binary unit that divides the size.
std::string exact_text(Bytes bytes) {
  for (const auto& [unit, name] : {std::pair{1_MiB, "MiB"}, std::pair{1_KiB, "KiB"}})
    if (bytes % unit == Bytes(0)) return fmt::format("{}{}", bytes / unit, name);
  return fmt::format("{}", bytes.value);
}

class Patterns {
 public:
  void add(const AllocationEvent& event) {
    if (event.kind == AllocationEventKind::free_requested) return;
    if (event.kind == AllocationEventKind::alloc) {
      const Bytes bytes = round_up(event.bytes, 512_B);
      live_at_[event.address] = bytes;
      SizePattern& pattern = sizes_[bytes];
      pattern.bytes = bytes;
      ++pattern.allocations;
      pattern.peak_live = std::max(pattern.peak_live, ++live_[bytes]);
      live_bytes_ += bytes;
      peak_ = std::max(peak_, live_bytes_);
      return;
    }
    const auto block = live_at_.find(event.address);
    if (block == live_at_.end()) return;
    --live_[block->second];
    live_bytes_ -= block->second;
    live_at_.erase(block);
  }

  std::vector<SizePattern> by_frequency() const {
    std::vector<SizePattern> patterns;
    for (const auto& [bytes, pattern] : sizes_) patterns.push_back(pattern);
    std::sort(patterns.begin(), patterns.end(), [](const SizePattern& a, const SizePattern& b) {
      return a.allocations != b.allocations ? a.allocations > b.allocations : a.bytes < b.bytes;
    });
    return patterns;
  }
  Bytes peak() const { return peak_; }

 private:
  std::map<Address, Bytes> live_at_;
  std::map<Bytes, SizePattern> sizes_;
  std::map<Bytes, std::uint64_t> live_;
  Bytes live_bytes_{}, peak_{};
};

std::string warmup_text(const std::vector<SizePattern>& patterns) {
  std::string text;
  std::size_t sizes = 0;
  for (const SizePattern& p : patterns) {
    if (p.allocations < often || p.bytes > largest_warmup) continue;
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", exact_text(p.bytes), p.peak_live);
    if (++sizes == most_warmup_sizes) break;
  }
  return text;
}

Bytes segment_size(const AllocationAdvice& advice) {
  Bytes wanted = advice.peak_live / 8;
  for (const SizePattern& p : advice.patterns)
    if (p.allocations >= often) wanted = std::max(wanted, p.bytes);
  return Bytes(std::bit_ceil(std::clamp(wanted, 2_MiB, 1_GiB).value));
}

void remark(AllocationAdvice& advice) {
  std::uint64_t once = 0, all = 0;
  for (const SizePattern& p : advice.patterns) {
    all += p.allocations;
    if (p.allocations == 1) ++once;
  }
  if (all > 0 && once * 2 > all)
    advice.remarks.push_back(
        fmt::format("{} of {} allocations have a size that never comes again: coarser classes of sizes would let "
                    "caches serve them",
                    once, all));
}

}  // namespace

AllocationAdvice advise(std::span<const AllocationEvent> events) {
  Patterns patterns;
  for (const AllocationEvent& event : events) patterns.add(event);
  AllocationAdvice advice;
  advice.patterns = patterns.by_frequency();
  advice.peak_live = patterns.peak();
  advice.warmup = warmup_text(advice.patterns);
  advice.segment_size = segment_size(advice);
  remark(advice);
  return advice;
}

}  // namespace vramlab
