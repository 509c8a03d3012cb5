#pragma once
// The ordered inputs of a run besides its trace: completions, failures, measurements, pressure, ticks. Two runs with
// the same trace and the same log decide the same, on any device.
//
// File format (text, one record a line): "vramlab-inputs 1", then KIND,POSITION,SUBJECT,VALUE.
// POSITION = number of trace events begun before the input arrived.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

enum class InputKind : std::uint8_t {
  completed,  ///< subject = token
  failed,     ///< subject = number of the command, counted from 0 over all commands that may fail
  measured,   ///< subject = token, value = nanoseconds
  pressure,   ///< value = used per mille of capacity
  tick,       ///< no fields
};

struct Input {
  InputKind kind{};
  std::uint64_t position = 0;
  std::uint64_t subject = 0;
  std::int64_t value = 0;
  friend bool operator==(const Input&, const Input&) = default;
};

struct InputLog {
  std::vector<Input> inputs;  ///< in order of arrival; positions never fall
};

/// Throws TraceError with file and line. Strict: fields that a kind does not have are 0, every line ends, positions
/// never fall, failed commands rise.
InputLog read_input_log(const std::string& path);
InputLog parse_input_log(std::string_view text, const std::string& name);
/// An OutputFile: complete, or not there. Throws as that does.
void write_input_log(const InputLog& log, const std::string& path);

}  // namespace vramlab
