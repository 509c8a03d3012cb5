#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/codec_table.h"
#include "experiments/pack_session.h"
#include "experiments/text_table.h"

namespace vramlab {
namespace {

std::string shape_text(const std::vector<std::uint64_t>& shape) { return fmt::format("{}", fmt::join(shape, "x")); }

FieldValue ratio_of(std::uint64_t raw, std::uint64_t packed) {
  return packed == 0 ? FieldValue(nullptr) : FieldValue(static_cast<double>(raw) / static_cast<double>(packed));
}

std::vector<Cell> line_of(const std::string& name, std::string_view dtype, const std::string& shape,
                          const std::string& mode, std::uint64_t raw, std::uint64_t packed, double error) {
  return {{name},
          {std::string(dtype)},
          {shape},
          {mode},
          {format_bytes(Bytes(raw))},
          {format_bytes(Bytes(packed))},
          {human_value("ratio", ratio_of(raw, packed)), Tone::strong},
          {error_text(error)}};
}

}  // namespace

Row packed_row(const PackedOutcome& o) {
  const double error = o.difference.max_absolute;
  return {{"file", o.file},
          {"tensor", o.tensor.empty() ? FieldValue(nullptr) : FieldValue(o.tensor)},
          {"dtype", std::string(element_info(o.type).name)},
          {"shape", shape_text(o.shape)},
          {"mode", o.mode},
          {"raw_bytes", o.raw_bytes},
          {"compressed_bytes", o.compressed_bytes},
          {"ratio", ratio_of(o.raw_bytes, o.compressed_bytes)},
          {"max_abs_error", std::isfinite(error) ? FieldValue(error) : FieldValue(nullptr)},
          {"bit_exact", o.difference.bit_exact()}};
}

Row unpacked_row(const UnpackedFile& file) {
  return {{"file", file.path}, {"tensors", file.tensors}, {"size_bytes", file.bytes}};
}

std::string packed_table(const PackingDone& done, bool colour) {
  TextTable table({{"tensor"},
                   {"dtype"},
                   {"shape"},
                   {"mode"},
                   {"raw", Align::right},
                   {"packed", Align::right},
                   {"ratio", Align::right},
                   {"max error", Align::right}});
  double error = 0;
  for (const PackedOutcome& o : done.tensors) {
    table.add(line_of(o.tensor.empty() ? o.file : o.tensor, element_info(o.type).name, shape_text(o.shape), o.mode,
                      o.raw_bytes, o.compressed_bytes, o.difference.max_absolute));
    error = std::max(error, o.difference.max_absolute);
  }
  table.add(line_of("all, as files", "", "", "", done.raw_bytes, done.compressed_bytes, error));
  return table.text(colour);
}

}  // namespace vramlab
