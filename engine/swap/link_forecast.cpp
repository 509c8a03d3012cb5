#include "engine/swap/link_forecast.h"

#include <algorithm>
#include <cmath>

namespace vramlab {

LinkForecast::LinkForecast(const SwapLink& link) {
  const double out = static_cast<double>(link.out.bytes_per_second) / 1e9;
  const double in = static_cast<double>(link.in.bytes_per_second) / 1e9;
  const double both = static_cast<double>(link.duplex_bytes_per_second) / 1e9;
  const double share = both > 0 ? std::min(1.0, both / (out + in)) : 1.0;
  lanes_[0].latency = static_cast<double>(link.out.latency.value);
  lanes_[1].latency = static_cast<double>(link.in.latency.value);
  lanes_[0].alone = out;
  lanes_[1].alone = in;
  for (Lane& lane : lanes_) lane.shared = lane.alone * share;
}

std::uint32_t LinkForecast::queue(SwapDirection direction, Bytes bytes, Nanoseconds ready) {
  const auto copy = static_cast<std::uint32_t>(copies_.size());
  copies_.push_back({.bytes = static_cast<double>(bytes.value), .ready = static_cast<double>(ready.value)});
  Lane& lane = lanes_[static_cast<std::size_t>(direction)];
  lane.queue.push_back(copy);
  if (lane.next + 1 == lane.queue.size()) start(lane);
  return copy;
}

// The copy at hand waits for its turn, then for the latency.
void LinkForecast::start(Lane& lane) {
  lane.moving_from = never;
  if (lane.next == lane.queue.size()) return;
  Copy& copy = copies_[lane.queue[lane.next]];
  const double free = lane.next == 0 ? 0 : copies_[lane.queue[lane.next - 1]].end;
  copy.begin = std::max(copy.ready, free);
  lane.moving_from = copy.begin + lane.latency;
  lane.left = copy.bytes;
}

// To the next change: a copy begins to move, or ends.
void LinkForecast::step() {
  const bool both = moving(lanes_[0]) && moving(lanes_[1]);
  const auto rate = [&](const Lane& lane) { return both ? lane.shared : lane.alone; };
  double next = never;
  for (const Lane& lane : lanes_)
    next = std::min(next, moving(lane) ? now_ + lane.left / rate(lane) : lane.moving_from);
  for (Lane& lane : lanes_)
    if (moving(lane)) lane.left -= (next - now_) * rate(lane);
  const std::array was{moving(lanes_[0]), moving(lanes_[1])};
  now_ = next;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    if (!was[i] || lane.left > 1e-3) continue;
    copies_[lane.queue[lane.next++]].end = now_;
    start(lane);
  }
}

Nanoseconds LinkForecast::completion(std::uint32_t copy) {
  while (copies_[copy].end < 0) step();
  return Nanoseconds(static_cast<std::int64_t>(std::ceil(copies_[copy].end)));
}

Nanoseconds LinkForecast::all_done() {
  Nanoseconds done{};
  for (std::uint32_t copy = 0; copy < copies_.size(); ++copy) done = std::max(done, completion(copy));
  return done;
}

}  // namespace vramlab
