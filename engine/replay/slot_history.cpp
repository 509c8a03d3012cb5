#include "engine/replay/slot_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/core/option.h"
#include "engine/replay/program.h"

namespace vramlab {
namespace {

constexpr std::size_t most_shown = 5;

struct Use {
  std::uint64_t allocated = 0;  ///< event
  std::optional<std::uint64_t> freed;
  Bytes bytes{};
  StreamId stream{};
};

bool names_object(EventKind kind) {
  return kind == EventKind::alloc || kind == EventKind::free_requested || kind == EventKind::free_completed;
}

/// The events before `event`, slot by slot.
class Walk {
 public:
  Walk(const Trace& trace, std::uint64_t event) {
    Program program(trace);
    std::uint64_t position = 0;
    for (std::span<const Step> steps = program.next(); !steps.empty(); steps = program.next())
      for (const Step& step : steps) {
        if (position == event) {
          failed_ = step;
          return;
        }
        note(step, position++);
      }
  }

  const Step& failed() const { return failed_; }
  const std::optional<Use>& last_use(BlockId slot) const {
    static const std::optional<Use> none;
    return slot.value < uses_.size() ? uses_[slot.value] : none;
  }
  std::vector<Use> largest_live() const {
    std::vector<Use> live;
    for (const std::optional<Use>& use : uses_)
      if (use && !use->freed) live.push_back(*use);
    std::sort(live.begin(), live.end(), [](const Use& a, const Use& b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.allocated < b.allocated;
    });
    if (live.size() > most_shown) live.resize(most_shown);
    return live;
  }

 private:
  void note(const Step& step, std::uint64_t position) {
    if (step.kind == EventKind::alloc) {
      const std::size_t slot = step.block().value;
      if (slot >= uses_.size()) uses_.resize(slot + 1);
      uses_[slot] = Use{position, {}, step.bytes(), step.stream()};
    } else if (step.kind == EventKind::free_completed) {
      uses_[step.block().value]->freed = position;
    }
  }

  Step failed_;
  std::vector<std::optional<Use>> uses_;  // by slot
};

}  // namespace

std::string slot_history(const Trace& trace, std::uint64_t event) {
  if (!names_object(trace.kinds[event])) return "";
  const Walk walk(trace, event);
  const BlockId slot = walk.failed().block();
  std::string text = fmt::format("; slot {}", slot.value);
  if (const std::optional<Use>& use = walk.last_use(slot)) {
    text += fmt::format(" last allocated at event {} ({}, stream {})", use->allocated, format_bytes(use->bytes),
                        use->stream.value);
    text += use->freed ? fmt::format(", freed at event {}", *use->freed) : ", live since";
  } else {
    text += " never used before";
  }
  const std::vector<Use> largest = walk.largest_live();
  if (largest.empty()) return text + "; nothing live";
  text += "; largest live:";
  for (const Use& use : largest) text += fmt::format(" {} since event {},", format_bytes(use.bytes), use.allocated);
  text.pop_back();
  return text;
}

}  // namespace vramlab
