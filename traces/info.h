#pragma once
// What a trace is: counts, peak, sizes, lifetimes, streams, iterations.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace vramlab {

struct TraceInfo {
  std::uint64_t events = 0;  ///< alloc + free_requested + free_completed + op
  std::uint64_t allocs = 0, frees_requested = 0, frees_completed = 0, ops = 0, segment_events = 0, ooms = 0;
  std::uint64_t live_at_end = 0;  ///< objects
  Bytes peak_requested{};         ///< max over events of the sum of requested live sizes
  std::uint64_t peak_event = 0;   ///< the first event of that peak
  Bytes max_load{};               ///< the same with sizes rounded up to 512
  std::uint64_t peak_live_objects = 0;
  Bytes recorded_peak_reserved{};  ///< from the segment events; 0 where not recorded
  std::int64_t duration_us = 0;    ///< 0 where not recorded

  struct SizeBin {  ///< sizes in (2^(i-1), 2^i]
    std::uint64_t count = 0;
    Bytes bytes{};
  };
  std::array<SizeBin, 49> sizes{};
  std::array<std::uint64_t, 33> lifetimes{};  ///< objects by log2 of their lifetime in events; the last: never freed

  struct Stream {
    std::uint64_t recorded = 0;
    std::uint64_t objects = 0;
    Bytes bytes{};
  };
  std::vector<Stream> streams;

  /// Iterations: marked ones where the trace has them, else the full repetitions of the request sequence (a warm-up
  /// step that allocates otherwise is not among them); see traces/iterations.h.
  std::uint64_t iterations = 0;
  bool iterations_marked = false;
  std::uint64_t iteration_allocs = 0;  ///< allocations of the period found (0 when marked or none found)
  std::uint64_t iterations_begin = 0;  ///< event at which the first found repetition begins
};

/// Linear in the trace. REQUIRES: validate(trace) would pass.
TraceInfo trace_info(const Trace& trace);

}  // namespace vramlab
