#pragma once
// The steady state of uniform and lognormal: a fixed number of live objects, of which some are freed and as many
// allocated at every step.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "traces/generate_support.h"

namespace vramlab {

inline constexpr std::array<OptionSpec, 4> steady_options{{
    {"live", OptionKind::integer, "10000", "objects live at once after the filling", {}, 1, 100'000'000},
    {"order", OptionKind::choice, "random", "which object a step frees", "random|oldest|youngest"},
    {"burst", OptionKind::integer, "1", "objects that a step frees before it allocates as many", {}, 1, 100'000'000},
    {"streams", OptionKind::integer, "1", "streams, one drawn for each object", {}, 1, 65'534},
}};

/// The live objects: a ring in order of allocation, as far as `random` leaves one.
class LiveRing {
 public:
  enum class Order : std::uint8_t { random, oldest, youngest };

  LiveRing(std::size_t capacity, std::string_view order)
      : objects_(capacity),
        order_(order == "random"   ? Order::random
               : order == "oldest" ? Order::oldest
                                   : Order::youngest) {}

  bool full() const { return count_ == objects_.size(); }
  /// REQUIRES: not full
  void put(std::uint32_t object) { objects_[index(count_++)] = object; }
  /// Removes an object by the order. REQUIRES: not empty
  std::uint32_t take(Prng& prng) {
    if (order_ == Order::oldest) return take_oldest();
    const std::size_t last = index(--count_);
    if (order_ == Order::random) std::swap(objects_[index(prng.below(count_ + 1))], objects_[last]);
    return objects_[last];
  }

 private:
  std::size_t index(std::size_t i) const {
    const std::size_t at = first_ + i;
    return at < objects_.size() ? at : at - objects_.size();
  }
  std::uint32_t take_oldest() {
    const std::uint32_t object = objects_[first_];
    first_ = index(1);
    --count_;
    return object;
  }

  std::vector<std::uint32_t> objects_;
  Order order_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

/// `draw_size(prng)` gives the bytes of each object.
template <class DrawSize>
void generate_steady(std::string_view generator, const GenerateRequest& request, const OptionValues& options,
                     const PartSink& each, const DrawSize& draw_size) {
  const std::uint64_t live = count_option(options, "live");
  const std::uint64_t burst = count_option(options, "burst");
  require_order("burst", burst, "live", live);
  const auto streams = static_cast<std::uint16_t>(options.integer("streams"));
  PartWriter out(generator, request, each, streams);
  Prng prng(request.seed);
  LiveRing ring(live, options.text("order"));
  const auto allocate = [&] {
    const auto stream = static_cast<std::uint16_t>(streams == 1 ? 0 : prng.below(streams));
    ring.put(out.alloc(draw_size(prng), StreamId(stream)));
  };
  while (!ring.full() && !out.enough()) allocate();
  while (!out.enough()) {
    for (std::uint64_t i = 0; i < burst; ++i) out.free(ring.take(prng));
    for (std::uint64_t i = 0; i < burst; ++i) allocate();
  }
  out.finish();
}

}  // namespace vramlab
