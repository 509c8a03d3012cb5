// The codec's kernels run on the CPU, thread by thread, against the CPU codec: the same bytes both ways, in whatever
// order the threads take their turns. Needs no GPU.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "engine/cuda/padic_dense_pack.cuh"
#include "engine/cuda/padic_dense_unpack.cuh"
#include "engine/cuda/padic_fast_pack.cuh"
#include "engine/cuda/padic_fast_unpack.cuh"
#include "engine/cuda/padic_plan.h"
#include "engine/padic/tensor_codec.h"
#include "lanes_on_host.h"
#include "padic_draws.h"
#include "padic_signing.h"

namespace vramlab::padic::gpu {
namespace {

using testing::Drawn;
using testing::drawn_tensor;

template <class F>
void with_words_of(const CodecPlan& plan, const F& f) {
  switch (static_cast<u32>(plan.way) << 4 | plan.bytes()) {
#define WORDS(size, name)                       \
  case static_cast<u32>(Way::name) << 4 | size: \
    return f(Words<size, Way::name>());
    WORDS(4, parts)
    WORDS(2, parts)
    WORDS(1, parts)
    WORDS(4, rounded)
    WORDS(2, rounded)
    WORDS(1, rounded)
    WORDS(4, shifted)
    WORDS(2, shifted)
    WORDS(1, shifted)
    WORDS(4, plain)
    WORDS(2, plain)
    WORDS(1, plain)
    WORDS(4, quantised)
    WORDS(2, levels)
    WORDS(1, levels)
#undef WORDS
    default:
      FAIL() << "no such words";
  }
}

/// Memory as a GPU's: aligned, poisoned, of exactly this length. What is behind it must stay as it is.
class Room {
 public:
  explicit Room(std::uint64_t bytes, int fill = 0xA5)
      : bytes_(bytes), at_(std::aligned_alloc(64, rounded_up(bytes + fence, 64))) {
    std::memset(at_, fill, bytes);
    std::memset(at(bytes), 0x5A, fence);
  }
  ~Room() {
    for (std::uint64_t i = 0; i < fence; ++i) EXPECT_EQ(*at(bytes_ + i), std::byte{0x5A}) << "written beyond the end";
    std::free(at_);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  template <class T = std::byte>
  T* at(std::uint64_t offset = 0) const {
    return reinterpret_cast<T*>(static_cast<std::byte*>(at_) + offset);
  }

 private:
  static constexpr std::uint64_t fence = 64;
  std::uint64_t bytes_;
  void* at_;
};

/// How the threads take their turns.
struct Turns {
  u32 seed = 0, together = 1, grid = 2;
  u64 most_slots = ~u64{0};  ///< bytes of the workspace that slots may take

  template <class Shared, class F>
  void run(u32 threads, u32 blocks, const F& kernel) const {
    const auto shared = std::make_unique<Shared[]>(together);
    testing::Lanes::run(threads, blocks, together, seed, [&](u32 slot) { kernel(shared[slot]); });
  }
};

template <class Task>
Task task_for(const CodecPlan& plan, const void* from, void* to, std::uint64_t values) {
  Task task;
  task.from = from;
  task.to = to;
  task.values = values;
  task.header = header_of(plan, values, {});
  task.rule = plan.rule;
  return task;
}

std::vector<std::byte> pack_fast_on_host(const CodecPlan& plan, const Drawn& drawn, const Turns& turns) {
  const Room in(drawn.raw.size()), out(max_stream_bytes(drawn.values, drawn.dtype));
  const Room work(FastWorkspace::bytes(fast_blocks(drawn.values)), 0);
  std::memcpy(in.at(), drawn.raw.data(), drawn.raw.size());
  auto task = task_for<FastTask>(plan, in.at(), out.at(), drawn.values);
  std::uint64_t bytes = 0;
  task.shape = shape_of(drawn.values, {});
  task.blocks = task.header.blocks;
  task.progress = work.at<Progress>();
  task.states = work.at<u64>(FastWorkspace::states);
  task.packed_bytes = &bytes;
  with_words_of(plan, [&]<class W>(W) {
    turns.run<FastPackShared>(fast_pack_threads, std::max(1U, task.blocks),
                              [&](FastPackShared& s) { pack_fast<W>(task, s); });
  });
  return {out.at(), out.at() + bytes};
}

std::vector<std::byte> pack_dense_on_host(const CodecPlan& plan, const Drawn& drawn, const Turns& turns) {
  const auto layout = DenseWorkspace::packing(drawn.values, plan.bytes(), turns.grid);
  const Room in(drawn.raw.size()), out(max_stream_bytes(drawn.values, drawn.dtype)), work(layout.bytes, 0);
  std::memcpy(in.at(), drawn.raw.data(), drawn.raw.size());
  auto task = task_for<DenseTask>(plan, in.at(), out.at(), drawn.values);
  std::uint64_t bytes = 0;
  task.shape = shape_of(drawn.values, {});
  task.splitter = plan.splitter;
  task.progress = work.at<Progress>();
  task.survey = work.at<DenseSurvey>(DenseWorkspace::survey);
  task.states = work.at<u64>(layout.states);
  task.slots = work.at<u8>(layout.slots);
  task.slot_bytes = std::min(layout.slot_bytes, turns.most_slots);
  task.room_bytes = max_stream_bytes(drawn.values, drawn.dtype);
  task.packed_bytes = &bytes;
  with_words_of(plan, [&]<class W>(W) {
    turns.run<CountShared<W>>(dense_threads, turns.grid, [&](CountShared<W>& s) { count_heads<W>(task, s); });
    turns.run<TableShared>(dense_threads, 1, [&](TableShared& s) { make_heads(task, s); });
    turns.run<DigitShared<W>>(dense_threads, turns.grid, [&](DigitShared<W>& s) { count_digits<W, true>(task, s); });
    turns.run<TableShared>(dense_threads, 1, [&](TableShared& s) { choose_planes(task, s); });
    turns.run<DigitShared<W>>(dense_threads, turns.grid, [&](DigitShared<W>& s) { count_digits<W, false>(task, s); });
    turns.run<TableShared>(dense_threads, 1, [&](TableShared& s) { make_planes(task, s); });
    turns.run<DensePackShared<W>>(dense_threads, turns.grid, [&](DensePackShared<W>& s) { pack_dense<W>(task, s); });
  });
  return {out.at(), out.at() + bytes};
}

/// Values, and the status.
std::pair<std::vector<std::byte>, u32> unpack_on_host(const CodecPlan& plan, const std::vector<std::byte>& stream,
                                                      std::uint64_t values, const Turns& turns) {
  const auto layout = DenseWorkspace::unpacking();
  const Room in(stream.size()), out(values * plan.bytes()), work(layout.bytes, 0);
  std::memcpy(in.at(), stream.data(), stream.size());
  u32 status = 0;
  const auto fill = [&](auto& task) {
    task.stream_bytes = stream.size();
    task.progress = work.at<Progress>();
    task.status = &status;
  };
  auto fast = task_for<FastTask>(plan, in.at(), out.at(), values);
  auto dense = task_for<DenseTask>(plan, in.at(), out.at(), values);
  fill(fast);
  fill(dense);
  fast.blocks = fast.header.blocks;
  dense.splitter = plan.splitter;
  dense.highest_code = plan.highest_code;
  dense.slots = work.at<u8>(layout.slots);
  dense.slot_bytes = layout.slot_bytes;
  with_words_of(plan, [&]<class W>(W) {
    if (plan.preset == Preset::fast)
      turns.run<FastUnpackShared>(fast_unpack_threads, turns.grid,
                                  [&](FastUnpackShared& s) { unpack_fast<W>(fast, s); });
    else
      turns.run<DenseUnpackShared>(unpacking_threads, turns.grid,
                                   [&](DenseUnpackShared& s) { unpack_dense<W>(dense, s); });
  });
  return {{out.at(), out.at() + values * plan.bytes()}, status};
}

void compare(const Drawn& drawn, Preset preset, const Turns& turns) {
  SCOPED_TRACE(drawn.text);
  const auto expected =
      padic::compress({drawn.raw.data(), drawn.values, drawn.dtype}, {drawn.mode, drawn.bound, preset, 1});
  const CodecPlan plan = plan_codec(drawn.dtype, drawn.mode, drawn.bound, preset);
  EXPECT_TRUE((preset == Preset::fast ? pack_fast_on_host(plan, drawn, turns)
                                      : pack_dense_on_host(plan, drawn, turns)) == expected);
  std::vector<std::byte> values(drawn.raw.size());
  padic::decompress(expected, values);
  const auto [got, status] = unpack_on_host(plan, expected, drawn.values, turns);
  EXPECT_EQ(status, 0U);
  EXPECT_TRUE(got == values);
  auto damaged = expected;
  if (!testing::damage(damaged, drawn.values)) return;
  EXPECT_NE(unpack_on_host(plan, damaged, drawn.values, turns).second, 0U);
}

TEST(PadicLanes, FastStreamsAreTheCpuCodecsBytes) {
  for (u32 seed = 1; seed <= 150; ++seed)
    compare(drawn_tensor(seed), Preset::fast, {seed % 4, 1 + seed % 2, 1 + seed % 3});
}

TEST(PadicLanes, DenseStreamsAreTheCpuCodecsBytes) {
  for (u32 seed = 1; seed <= 60; ++seed)
    compare(drawn_tensor(seed, seed % 20 == 0 ? 200'000 : 70'000), Preset::dense,
            {seed % 4, 1 + seed % 2, 1 + seed % 3});
}

/// As the CPU has it: refused, or the same values.
void read_alike(const CodecPlan& plan, const std::vector<std::byte>& stream, std::uint64_t values) {
  const auto [got, status] = unpack_on_host(plan, stream, values, {});
  std::vector<std::byte> expected(values * plan.bytes());
  try {
    padic::decompress(stream, expected);
  } catch (const TraceError& refusal) {
    EXPECT_NE(status, 0U) << refusal.what();
    return;
  }
  EXPECT_EQ(status, 0U);
  EXPECT_TRUE(got == expected);
}

TEST(PadicLanes, DamagedStreamsWithTrueChecksumsAreReadWithinTheirBoundsAndAsTheCpuDoes) {
  for (u32 seed = 1; seed <= 120; ++seed) {
    const Drawn drawn = drawn_tensor(seed, 3000);
    SCOPED_TRACE(drawn.text);
    const Preset preset = seed % 4 == 0 ? Preset::fast : Preset::dense;
    const CodecPlan plan = plan_codec(drawn.dtype, drawn.mode, drawn.bound, preset);
    auto stream = padic::compress({drawn.raw.data(), drawn.values, drawn.dtype}, {drawn.mode, drawn.bound, preset, 1});
    const std::uint64_t tables = 64 + 8, blocks = testing::front_of(stream);
    if (!testing::damage(stream, seed, seed % 3 == 0 ? tables : blocks)) continue;
    testing::sign(stream);
    read_alike(plan, stream, drawn.values);
  }
}

TEST(PadicLanes, PlanarBitsOfZerosAreTakenAsTheCpuTakesThem) {
  Drawn drawn;
  drawn.values = 2048;
  drawn.raw.resize(4 * drawn.values);
  std::mt19937 random(1);
  for (u32 i = 0; i < drawn.values; ++i) {
    const float value = i % 100 == 0 ? 0.0F : std::ldexp(1.0F + static_cast<float>(random() >> 9) * 0x1p-23F, -3);
    std::memcpy(drawn.raw.data() + 4 * i, &value, 4);
  }
  const CodecPlan plan = plan_codec(drawn.dtype, drawn.mode, drawn.bound, Preset::dense);
  auto stream = padic::compress({drawn.raw.data(), drawn.values, drawn.dtype}, {Mode::lossless, 0, Preset::dense, 1});
  const std::uint64_t block = testing::front_of(stream);
  ASSERT_EQ(stream[block + 1], std::byte{0x3F});  // three planar planes
  u32 coder_words = 0;
  std::memcpy(&coder_words, stream.data() + block + 4, 4);
  const std::uint64_t planes = block + 8 + 4 * lanes + rounded_up(2 * coder_words, 4);
  for (u32 p = 0; p < 23; p += 3) stream[planes + p * drawn.values / 8] ^= std::byte{1};  // of the value 0
  testing::sign(stream);
  read_alike(plan, stream, drawn.values);
}

TEST(PadicLanes, BlocksThatAreLongerThanTheirSlotsAreCodedInPlace) {
  for (u32 seed = 1; seed <= 40; ++seed)
    compare(drawn_tensor(seed, seed % 20 == 0 ? 200'000 : 70'000), Preset::dense,
            {seed % 4, 1 + seed % 2, 1 + seed % 3, 2048U << seed % 4});
}

TEST(PadicLanes, TensorsOfNoOrOneValueAreStreamsToo) {
  for (const Preset preset : {Preset::fast, Preset::dense})
    for (const std::uint64_t values : {0ULL, 1ULL}) {
      Drawn drawn;
      drawn.values = values;
      drawn.raw.resize(4 * values);
      const CodecPlan plan = plan_codec(drawn.dtype, drawn.mode, drawn.bound, preset);
      const auto stream = padic::compress({drawn.raw.data(), values, drawn.dtype}, {Mode::lossless, 0, preset, 1});
      EXPECT_TRUE((preset == Preset::fast ? pack_fast_on_host(plan, drawn, {}) : pack_dense_on_host(plan, drawn, {})) ==
                  stream);
      EXPECT_EQ(unpack_on_host(plan, stream, values, {}).second, 0U);
    }
}

TEST(PadicLanes, ATransposedSquareHasItsBitsTheOtherWayRound) {
  std::mt19937 random(1);
  u32 x[32], before[32];
  for (u32 i = 0; i < 32; ++i) x[i] = before[i] = static_cast<u32>(random());
  transpose(x);
  for (u32 i = 0; i < 32; ++i)
    for (u32 p = 0; p < 32; ++p) ASSERT_EQ(x[p] >> i & 1U, before[i] >> p & 1U) << i << ", " << p;
}

TEST(PadicLanes, CoderStepsDivideAsTheFormatDoes) {
  std::mt19937 random(1);
  for (u32 frequency = 1; frequency <= probability_scale; ++frequency) {
    const u32 start =
        frequency == probability_scale ? 0U : static_cast<u32>(random()) % (probability_scale - frequency);
    const CoderStep step = step_of(frequency, start);
    const u64 most = std::min<u64>(u64{frequency} << 19, u64{1} << 31);  // states that need no flush
    ASSERT_EQ(step.highest(), most - 1);
    for (u32 i = 0; i < 50; ++i) {
      const u32 x = static_cast<u32>(i == 0 ? most - 1 : lowest_state + random() % (most - lowest_state));
      const u32 expected = (x / frequency << probability_bits) + x % frequency + start;
      const u32 quotient = product_high(x, step.reciprocal) >> step.shift();
      ASSERT_EQ(x + step.bias() + quotient * step.rest(), expected) << x << ", frequency " << frequency;
    }
  }
}

}  // namespace
}  // namespace vramlab::padic::gpu
