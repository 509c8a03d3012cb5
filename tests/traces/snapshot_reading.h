#pragma once
// Reads snapshots in both ways; they must agree.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "files.h"
#include "pickle_writer.h"
#include "trace_values.h"
#include "traces/pickle_taker.h"
#include "traces/snapshot.h"
#include "traces/snapshot_reader.h"

namespace vramlab::test {

/// What read_snapshot gives, after a check that reading the whole first gives the same.
inline std::vector<Trace> read_both_ways(const std::string& bytes) {
  const std::vector<Trace> traces = read_snapshot(bytes_of(bytes), "x.pickle");
  const std::vector<Trace> whole = snapshot::read(bytes_of(bytes), "x.pickle", snapshot::Way::whole);
  EXPECT_EQ(traces.size(), whole.size());
  for (std::size_t i = 0; i < std::min(traces.size(), whole.size()); ++i) expect_same(traces[i], whole[i]);
  for (const Trace& trace : traces) validate(trace);
  return traces;
}

inline std::vector<Trace> read_both_ways(const Py& snapshot) { return read_both_ways(pickled(snapshot)); }

/// The trace of a snapshot with one device.
inline Trace read_one(const Py& snapshot) {
  std::vector<Trace> traces = read_both_ways(snapshot);
  EXPECT_EQ(traces.size(), 1u);
  return traces.empty() ? Trace() : traces[0];
}

/// The message of the TraceError that a snapshot gives.
inline std::string snapshot_error(const std::string& bytes) {
  return error_of([&] { read_snapshot(bytes_of(bytes), "x.pickle"); });
}
inline std::string snapshot_error(const Py& snapshot) { return snapshot_error(pickled(snapshot)); }

/// True where entries were used while they were read.
inline bool can_be_streamed(const Py& snapshot) {
  try {
    snapshot::read(bytes_of(pickled(snapshot)), "x.pickle", snapshot::Way::streamed);
    return true;
  } catch (const pickle::TakenTooEarly&) {
    return false;
  }
}

}  // namespace vramlab::test
