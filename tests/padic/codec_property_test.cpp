// Any bits, any length, any bound: what the codec promises holds.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <algorithm>

#include "codec_tensors.h"
#include "engine/core/error.h"
#include "properties.h"

namespace vramlab::testing {
namespace {

using padic::compress;

DType pick_dtype() { return every_dtype()[pick<std::size_t>(0, every_dtype().size())]; }

/// Runs of any contents, so that groups of all kinds stand side by side.
Raw pick_tensor(DType dtype) {
  const std::size_t bytes = padic::format_of(dtype).bytes;
  Raw raw;
  for (int runs = pick(1, 8); runs > 0; --runs) {
    const std::string content = every_content()[pick<std::size_t>(0, every_content().size())];
    const Raw run = make_tensor(dtype, content, pick<std::size_t>(0, 4000), pick<std::uint64_t>(0, 1U << 30));
    raw.insert(raw.end(), run.begin(), run.end());
  }
  raw.resize(raw.size() / bytes * bytes);
  return raw;
}

CodecOptions pick_options(DType dtype) {
  CodecOptions options;
  options.preset = pick_bool() ? Preset::fast : Preset::dense;
  const padic::NumberFormat format = padic::format_of(dtype);
  if (!format.floating || format.words != 1 || pick(0, 3) == 0) return options;
  options.mode = pick_bool() ? Mode::absolute : Mode::relative;
  options.bound = std::ldexp(1.0 + pick(0, 1000) / 1000.0, pick(-40, 20));
  return options;
}

TEST(CodecProperty, KeepsItsPromiseForAnyTensor) {
  EXPECT_TRUE(holds_for(400, [] {
    const DType dtype = pick_dtype();
    const CodecOptions options = pick_options(dtype);
    const Raw raw = pick_tensor(dtype);
    const auto stream = compress(view_of(raw, dtype), options);
    RC_ASSERT(stream.size() <= padic::max_stream_bytes(raw.size() / padic::format_of(dtype).bytes, dtype));
    RC_ASSERT(broken_promise(raw, unpacked(stream), dtype, options) == std::string());
  }));
}

TEST(CodecProperty, PackingWhatWasUnpackedChangesNothingMore) {
  EXPECT_TRUE(holds_for(100, [] {
    const Raw raw = pick_tensor(DType::float32);
    const CodecOptions options{Mode::absolute, 0.001, pick_bool() ? Preset::fast : Preset::dense};
    const Raw once = unpacked(compress(view_of(raw, DType::float32), options));
    RC_ASSERT(unpacked(compress(view_of(once, DType::float32), options)) == once);
  }));
}

double worst_error(const Raw& raw, const Raw& back, DType dtype) {
  double worst = 0;
  for (std::size_t i = 0; i < raw.size() / padic::format_of(dtype).bytes; ++i) {
    const double x = number(bits_at(raw, i, dtype), dtype), y = number(bits_at(back, i, dtype), dtype);
    if (std::isfinite(x)) worst = std::max(worst, std::isfinite(y) ? std::fabs(x - y) : HUGE_VAL);
  }
  return worst;
}

DType pick_small_float() {
  const std::vector<DType> floats = {DType::float32, DType::float16, DType::bfloat16, DType::float8_e4m3,
                                     DType::float8_e5m2};
  return floats[pick<std::size_t>(0, floats.size())];
}

TEST(CodecProperty, ProgressiveReadingErrsByNoMoreThanItSays) {
  EXPECT_TRUE(holds_for(150, [] {
    const DType dtype = pick_small_float();
    CodecOptions options = pick_options(dtype);
    if (options.mode == Mode::relative) options.mode = Mode::absolute;
    const Raw raw = pick_tensor(dtype);
    const auto stream = compress(view_of(raw, dtype), options);
    const std::uint32_t planes = pick(0U, padic::read_stream_info(stream).planes + 1);
    Raw out(raw.size());
    const double stated = padic::decompress_planes(stream, planes, out, pick(1U, 4U));
    RC_ASSERT(worst_error(raw, out, dtype) <= stated);
  }));
}

void check_shrinking(DType dtype, const CodecOptions& options) {
  const Raw raw = make_tensor(dtype, "normal", 30000);
  const auto stream = compress(view_of(raw, dtype), options);
  const std::uint32_t planes = padic::read_stream_info(stream).planes;
  Raw out(raw.size());
  const double first = padic::decompress_planes(stream, 0, out);
  double before = first;
  for (std::uint32_t k = 1; k <= planes; ++k) {
    const double stated = padic::decompress_planes(stream, k, out);
    EXPECT_LE(stated, before);
    before = stated;
  }
  EXPECT_LT(before, first / 2);
  EXPECT_EQ(before, options.bound);
  EXPECT_TRUE(out == unpacked(stream));
}

TEST(CodecProgressive, EachPlaneShrinksTheErrorDownToTheBound) {
  for (const Preset preset : {Preset::fast, Preset::dense}) {
    check_shrinking(DType::float32, {Mode::lossless, 0, preset});
    check_shrinking(DType::float32, {Mode::absolute, 1e-5, preset});
    check_shrinking(DType::bfloat16, {Mode::lossless, 0, preset});
    check_shrinking(DType::float16, {Mode::absolute, 1e-3, preset});
  }
}

TEST(CodecProgressive, IsRefusedWhereNoBoundIsKnown) {
  const Raw wide = make_tensor(DType::int64, "normal", 100), single = make_tensor(DType::float32, "normal", 100);
  Raw out(wide.size()), small(single.size());
  EXPECT_THROW(padic::decompress_planes(compress(view_of(wide, DType::int64), {}), 1, out), ConfigError);
  EXPECT_THROW(padic::decompress_planes(compress(view_of(single, DType::float32), {Mode::relative, 0.1}), 1, small),
               ConfigError);
}

}  // namespace
}  // namespace vramlab::testing
