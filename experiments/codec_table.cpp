#include "experiments/codec_table.h"

#include <fmt/format.h>

#include <cmath>

#include "experiments/text_table.h"

namespace vramlab {
namespace {

FieldValue or_null(const std::optional<double>& value) { return value ? FieldValue(*value) : FieldValue(nullptr); }

/// JSON has no infinity.
FieldValue finite_or_null(double value) { return std::isfinite(value) ? FieldValue(value) : FieldValue(nullptr); }

double gigabytes_per_second(std::uint64_t bytes, double seconds) { return static_cast<double>(bytes) / seconds / 1e9; }

FieldValue speed(const CodecOutcome& o, double seconds) {
  return seconds > 0 ? FieldValue(gigabytes_per_second(o.raw_bytes, seconds)) : FieldValue(nullptr);
}

FieldValue percent_of_entropy(const CodecOutcome& o) {
  return o.entropy_ratio ? FieldValue(100 * o.ratio() / *o.entropy_ratio) : FieldValue(nullptr);
}

std::string ratio_text(const std::optional<double>& ratio) { return ratio ? fmt::format("{:.3f}", *ratio) : "-"; }

std::string speed_text(const CodecOutcome& o, double seconds) {
  return seconds > 0 ? fmt::format("{:.2f}", gigabytes_per_second(o.raw_bytes, seconds)) : "-";
}

std::vector<Cell> line_of(const CodecOutcome& o) {
  const std::string name = o.tensor.empty() ? o.file : fmt::format("{}: {}", o.file, o.tensor);
  const bool has_share = o.entropy_ratio.has_value();
  return {{name},
          {std::string(element_info(o.type).name)},
          {o.bound > 0 ? fmt::format("{} {}", o.mode, error_text(o.bound)) : o.mode},
          {o.preset},
          {format_bytes(Bytes(o.raw_bytes))},
          {format_bytes(Bytes(o.compressed_bytes))},
          {fmt::format("{:.3f}", o.ratio()), Tone::strong},
          {ratio_text(o.entropy_ratio)},
          {has_share ? fmt::format("{:.1f}%", 100 * o.ratio() / *o.entropy_ratio) : "-"},
          {ratio_text(o.plain_ratio)},
          {error_text(o.difference.max_absolute)},
          {speed_text(o, o.compress_seconds)},
          {speed_text(o, o.decompress_seconds)}};
}

}  // namespace

std::string error_text(double error) { return error == 0 ? "0" : fmt::format("{:.2g}", error); }

Row codec_row(const CodecOutcome& o) {
  return {{"file", o.file},
          {"dtype", std::string(element_info(o.type).name)},
          {"values", o.values},
          {"raw_bytes", o.raw_bytes},
          {"compressed_bytes", o.compressed_bytes},
          {"ratio", o.ratio()},
          {"entropy_ratio", or_null(o.entropy_ratio)},
          {"max_abs_error", finite_or_null(o.difference.max_absolute)},
          {"bit_exact", o.difference.bit_exact()},
          {"compress_gbps", speed(o, o.compress_seconds)},
          {"decompress_gbps", speed(o, o.decompress_seconds)},
          {"device", o.device},
          {"tensor", o.tensor.empty() ? FieldValue(nullptr) : FieldValue(o.tensor)},
          {"mode", o.mode},
          {"preset", o.preset},
          {"error", o.bound > 0 ? FieldValue(o.bound) : FieldValue(nullptr)},
          {"max_rel_error", finite_or_null(o.difference.max_relative)},
          {"plain_ratio", or_null(o.plain_ratio)},
          {"percent_of_entropy", percent_of_entropy(o)},
          {"threads", o.device == "cpu" ? FieldValue(std::uint64_t{o.threads}) : FieldValue(nullptr)},
          {"tile_bytes", o.tile_bytes > 0 ? FieldValue(o.tile_bytes) : FieldValue(nullptr)}};
}

std::string codec_table(const std::vector<CodecOutcome>& outcomes, bool colour) {
  TextTable table({{"tensor"},
                   {"dtype"},
                   {"mode"},
                   {"preset"},
                   {"raw", Align::right},
                   {"packed", Align::right},
                   {"ratio", Align::right},
                   {"entropy", Align::right},
                   {"of it", Align::right},
                   {"bit packing", Align::right},
                   {"max error", Align::right},
                   {"GB/s in", Align::right},
                   {"GB/s out", Align::right}});
  for (const CodecOutcome& outcome : outcomes) table.add(line_of(outcome));
  return table.text(colour);
}

}  // namespace vramlab
