#pragma once
// Placement problems for tests: written by hand, and random ones by RapidCheck.

#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/coloring/solver.h"
#include "engine/core/instance.h"
#include "engine/core/registry.h"

namespace vramlab::testing {

inline Instance make_instance(std::vector<Buffer> buffers) {
  Instance instance;
  instance.name = "test";
  instance.buffers = std::move(buffers);
  return instance;
}

inline bool overlap_in_time(const Buffer& a, const Buffer& b) { return a.lower < b.upper && b.lower < a.upper; }

using ChangedOptions = std::vector<std::pair<std::string, std::string>>;

/// Asks a solver of the registry, with its default options, some of them changed.
inline SolveRequest request_to(std::string_view solver, const ChangedOptions& options = {}, std::uint64_t seed = 1,
                               unsigned threads = 1) {
  SolveRequest request = default_request(find_row(solvers(), "solver", solver), seed);
  for (const auto& [name, text] : options) request.options.set(name, text, "test");
  request.threads = threads;
  return request;
}

inline SolveResult answer_of(std::string_view solver, const Instance& instance, const SolveRequest& request) {
  return solve_instance(find_row(solvers(), "solver", solver), instance, request);
}

inline SolveResult solve_by(std::string_view solver, const Instance& instance, const ChangedOptions& options = {},
                            std::uint64_t seed = 1) {
  return answer_of(solver, instance, request_to(solver, options, seed));
}

/// What random_instance() makes.
struct RandomShape {
  int least_buffers = 1;
  int most_buffers = 60;
  std::uint64_t last_start = 60;
  std::uint64_t longest = 30;
  std::uint64_t largest = 100;
  bool alignments = true;
  bool gaps = true;
  bool pins = true;
};

/// A few buffers of `instance`, at the offsets of a valid plan (all stacked), so that the pins do not contradict.
inline std::vector<Pin> random_pins(const Instance& instance) {
  std::vector<Pin> pins;
  Bytes top{};
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    if (*rc::gen::inRange(0, 8) != 0) continue;
    const Bytes offset = round_up(top, instance.buffers[i].alignment);
    pins.push_back({i, offset});
    top = offset + instance.buffers[i].size;
  }
  return pins;
}

/// Up to two gaps each in some of the buffers.
inline std::vector<Gap> random_gaps(const Instance& instance) {
  std::vector<Gap> gaps;
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    const Buffer& b = instance.buffers[i];
    std::uint64_t from = b.lower + 1;
    for (int k = *rc::gen::inRange(0, 3); k > 0 && from + 1 < b.upper; --k) {
      const auto lower = *rc::gen::inRange(from, b.upper - 1);
      const auto upper = *rc::gen::inRange(lower + 1, b.upper);
      gaps.push_back({i, lower, upper});
      from = upper + 1;
    }
  }
  return gaps;
}

/// To be called inside a RapidCheck property.
inline Instance random_instance(const RandomShape& shape = {}) {
  const int n = *rc::gen::inRange(shape.least_buffers, shape.most_buffers + 1);
  Instance instance = make_instance({});
  for (int i = 0; i < n; ++i) {
    const auto lower = *rc::gen::inRange<std::uint64_t>(0, shape.last_start);
    const auto length = *rc::gen::inRange<std::uint64_t>(1, shape.longest + 1);
    const auto size = *rc::gen::inRange<std::uint64_t>(1, shape.largest + 1);
    const std::uint64_t alignment = shape.alignments ? *rc::gen::element<std::uint64_t>(1, 1, 4, 64) : 1;
    instance.buffers.push_back({lower, lower + length, Bytes(size), Bytes(alignment)});
  }
  if (shape.gaps) instance.gaps = random_gaps(instance);
  if (shape.pins) instance.pins = random_pins(instance);
  return instance;
}

}  // namespace vramlab::testing
