#pragma once
// Programs that repeat themselves, run through the pool smartpool.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/pool/smartpool.h"
#include "pool_harness.h"

namespace vramlab::testing {

inline constexpr std::uint64_t mib = std::uint64_t{1} << 20;
using Options = std::vector<std::pair<std::string, std::string>>;

/// A request of an iteration: freed before the request that comes `life` later; 0: never.
struct Want {
  std::uint64_t bytes = 0;
  std::uint64_t life = 1;
  std::uint16_t stream = 0;
};
using Shape = std::vector<Want>;

/// `count` layers: an activation each that lives until its gradient, some workspace, weights' gradients at the end.
inline Shape training(std::uint64_t count, std::uint64_t scale = 1) {
  Shape shape;
  for (std::uint64_t i = 0; i < count; ++i) {
    shape.push_back({(1 + i % 5) * mib * scale, 4 * (count - i)});
    shape.push_back({(i + 2) * mib / 2 * scale, 1});
  }
  for (std::uint64_t i = count; i-- > 0;) {
    shape.push_back({(i % 3 + 1) * 300'000 * scale, 2});
    shape.push_back({(i + 1) * mib / 4 * scale, i == 0 ? 1u : 2u});
  }
  return shape;
}

class Runner {
 public:
  explicit Runner(const Options& options = {}, Bytes capacity = unlimited_bytes)
      : h("smartpool", {}, capacity, options) {}

  std::uint32_t alloc(const Want& want) {
    for (const std::uint32_t object : due()) free(object);
    const std::uint32_t object = objects_++;  // the harness counts those that are not served, too
    h.run({.bytes = want.bytes, .stream = want.stream});
    if (want.life > 0) live_.push_back({object, now_ + want.life});
    ++now_;
    return object;
  }
  void free(std::uint32_t object) { h.run({.alloc = false, .object = object}); }
  void run(const Shape& shape, int times = 1) {
    for (int i = 0; i < times; ++i)
      for (const Want& want : shape) alloc(want);
    h.pool->validate();
    h.log.flush();
  }
  /// Everything that is not kept for ever ends now.
  void end_all() {
    for (const auto& [object, until] : std::exchange(live_, {})) free(object);
  }

  SmartPoolStatistics statistics() const { return smartpool_statistics(*h.pool); }
  /// Requests served from a plan while `shape` is run once.
  std::uint64_t hits(const Shape& shape) {
    const std::uint64_t before = statistics().plan_hits;
    run(shape);
    return statistics().plan_hits - before;
  }

  PoolHarness h;

 private:
  // The latest that is due first, so that frees do not come in the order of requests.
  std::vector<std::uint32_t> due() {
    std::vector<std::uint32_t> objects;
    for (const auto& [object, until] : live_)
      if (until <= now_) objects.insert(objects.begin(), object);
    std::erase_if(live_, [&](const auto& l) { return l.second <= now_; });
    return objects;
  }

  std::vector<std::pair<std::uint32_t, std::uint64_t>> live_;  // object, time of its end
  std::uint64_t now_ = 0;
  std::uint32_t objects_ = 0;
};

}  // namespace vramlab::testing
