#include "engine/swap/foresight.h"

#include <algorithm>

namespace vramlab {

void Foresight::foretell(ObjectId object) {
  const std::optional<std::uint32_t> use = history_.next_use(object);
  if (use && *use != IterationHistory::never) returning_.emplace(now_ + *use, object);
}

void Foresight::update(const std::set<ObjectId>& away) {
  std::erase_if(returning_, [&](const auto& entry) { return !away.contains(entry.second); });
  for (const ObjectId object : away)
    if (!away_.contains(object)) foretell(object);
  away_ = away;
}

void Foresight::renew() {
  returning_.clear();
  for (const ObjectId object : away_) foretell(object);
}

// The first k must have begun by the use of the k-th less the time of all k: the first that is too late, or just in
// time, calls for all before it too.
std::size_t Foresight::due(const std::function<Nanoseconds(ObjectId)>& time, Nanoseconds more) const {
  std::size_t due = 0, count = 0;
  Nanoseconds together = more + history_.until(1);
  for (const auto& [use, object] : returning_) {
    ++count;
    together += time(object);
    const std::uint64_t operators = use > now_ ? use - now_ : 0;
    if (history_.until(static_cast<std::uint32_t>(operators)) <= together) due = count;
  }
  return due;
}

std::optional<Bytes> Foresight::peak(std::uint32_t operators, Bytes away,
                                     const std::function<Bytes(ObjectId)>& bytes) const {
  const IterationHistory::Iteration* const kept = history_.foretold();
  if (kept == nullptr) return std::nullopt;
  const std::uint32_t position = history_.position();
  const std::uint32_t end = std::min(kept->operators(), position + std::max(1u, operators));
  Bytes back{}, most{};
  auto next = returning_.begin();
  for (std::uint32_t p = position; p < end; ++p) {
    for (; next != returning_.end() && next->first <= now_ + (p - position); ++next) back += bytes(next->second);
    const Bytes load = kept->load[p] + back;
    most = std::max(most, load > away ? load - away : Bytes(0));
  }
  return most;
}

}  // namespace vramlab
