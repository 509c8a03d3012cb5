#pragma once
// The traces that a command line names.

#include <string>
#include <string_view>
#include <vector>

#include "traces/trace.h"

namespace vramlab {

/// Throws TraceError when one of `paths` is not there or cannot be read, before
/// long work begins.
void check_readable(const std::vector<std::string>& paths);

/// The device that a trace was recorded on: N of a name ending in "#N", else 0.
std::uint64_t device_number(const Trace& trace);

/// The traces of `path`: of every device, or of the one that `gpu` ("all" or a
/// number) chooses. Throws TraceError, and ConfigError when the file holds no
/// such device.
std::vector<Trace> read_chosen_traces(const std::string& path, std::string_view gpu);

/// Likewise of traces that were read from `path` already.
std::vector<Trace> chosen_traces(std::vector<Trace> traces, const std::string& path, std::string_view gpu);

/// Multiplies every size by `factor`, rounded down; a size never falls below
/// 512 bytes, and one that is below already never shrinks. What was recorded of
/// addresses and segments no longer holds and is dropped. Throws ConfigError
/// when a size would reach 2^48 bytes.
void scale_sizes(Trace& trace, double factor);

/// Multiplies the GPU time of every operator, rounded to whole nanoseconds.
void scale_compute(Trace& trace, double factor);

/// Throws ConfigError when the folder that `path` is to be written to is not there.
void check_folder_of(const std::string& path);

/// Throws ConfigError when `path` does not end in .vlt, or names a folder that
/// is not there.
void check_vlt_name(const std::string& path);

/// "map.svg" with "-alexnet-pytorch" inserted before the ending.
std::string with_suffix(const std::string& path, const std::string& suffix);

/// A trace's name as part of a file name: without its ending, and with '-' for
/// what a file name should not hold.
std::string file_stem(std::string_view trace_name);

}  // namespace vramlab
