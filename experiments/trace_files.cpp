#include "experiments/trace_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

constexpr Bytes smallest_scaled{512};

bool parse_number(std::string_view text, std::uint64_t& number) {
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && stop == text.data() + text.size();
}

/// nullopt for all.
std::optional<std::uint64_t> wanted_gpu(std::string_view gpu) {
  std::uint64_t number = 0;
  if (gpu == "all") return std::nullopt;
  if (!parse_number(gpu, number)) throw ConfigError(fmt::format("gpu '{}' is neither a number nor all", gpu));
  return number;
}

Bytes scaled(Bytes size, double factor) {
  const double product = static_cast<double>(size.value) * factor;
  if (!(product < static_cast<double>(max_object_bytes.value)))
    throw ConfigError(fmt::format("--scale {} makes {} bytes more than 2^48", factor, size.value));
  return std::max(std::min(size, smallest_scaled), Bytes(static_cast<std::uint64_t>(product)));
}

bool is_recorded_memory(EventKind kind) { return kind == EventKind::segment || kind == EventKind::oom; }

/// Events that tell of the recorded allocator's own memory.
void drop_recorded_memory(Trace& trace) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < trace.kinds.size(); ++i) {
    if (is_recorded_memory(trace.kinds[i])) continue;
    trace.kinds[kept] = trace.kinds[i];
    trace.subjects[kept] = trace.subjects[i];
    if (!trace.times_us.empty()) trace.times_us[kept] = trace.times_us[i];
    ++kept;
  }
  trace.kinds.resize(kept);
  trace.subjects.resize(kept);
  if (!trace.times_us.empty()) trace.times_us.resize(kept);
  trace.addresses.clear();
  trace.segment_events.clear();
  trace.ooms.clear();
}

}  // namespace

void check_readable(const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    if (!std::filesystem::is_directory(path) && !std::ifstream(path))
      throw TraceError("cannot be opened", Where{path, {}, {}, {}}, "check the name and its permissions");
}

std::uint64_t device_number(const Trace& trace) {
  const std::size_t hash = trace.name.rfind('#');
  std::uint64_t number = 0;
  if (hash == std::string::npos || !parse_number(std::string_view(trace.name).substr(hash + 1), number)) return 0;
  return number;
}

std::vector<Trace> read_chosen_traces(const std::string& path, std::string_view gpu) {
  static_cast<void>(wanted_gpu(gpu));  // a bad one is known before the reading
  return chosen_traces(read_traces(path), path, gpu);
}

std::vector<Trace> chosen_traces(std::vector<Trace> traces, const std::string& path, std::string_view gpu) {
  const std::optional<std::uint64_t> wanted = wanted_gpu(gpu);
  if (!wanted) return traces;
  std::vector<std::uint64_t> there;
  there.reserve(traces.size());
  for (const Trace& trace : traces) there.push_back(device_number(trace));
  std::erase_if(traces, [wanted](const Trace& trace) { return device_number(trace) != *wanted; });
  if (traces.empty())
    throw ConfigError(fmt::format("{} has no events of gpu {}", path, *wanted), {},
                      fmt::format("it has {}", fmt::join(there, ", ")));
  return traces;
}

void scale_sizes(Trace& trace, double factor) {
  if (factor == 1.0) return;
  for (Bytes& size : trace.sizes) size = scaled(size, factor);
  drop_recorded_memory(trace);
}

void scale_compute(Trace& trace, double factor) {
  if (factor == 1.0) return;
  for (Nanoseconds& time : trace.operators.gpu_time)
    time = Nanoseconds(std::llround(static_cast<double>(time.value) * factor));
}

void check_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw ConfigError(fmt::format("{}: there is no folder '{}'", path, folder.string()), {}, "make it first");
}

void check_vlt_name(const std::string& path) {
  if (std::filesystem::path(path).extension() != ".vlt")
    throw ConfigError(fmt::format("'{}' does not end in .vlt", path), {},
                      "that is the one format traces are written in");
  check_folder_of(path);
}

std::string with_suffix(const std::string& path, const std::string& suffix) {
  const std::filesystem::path whole(path);
  const std::string name = fmt::format("{}{}{}", whole.stem().string(), suffix, whole.extension().string());
  return (whole.parent_path() / name).string();
}

std::string file_stem(std::string_view trace_name) {
  std::string stem(trace_name.substr(0, trace_name.rfind('.')));
  const std::size_t hash = trace_name.rfind('#');
  if (hash != std::string_view::npos && hash >= stem.size()) stem += fmt::format("-gpu{}", trace_name.substr(hash + 1));
  const auto usual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  std::replace_if(stem.begin(), stem.end(), [usual](char c) { return !usual(c); }, '-');
  return stem;
}

}  // namespace vramlab
