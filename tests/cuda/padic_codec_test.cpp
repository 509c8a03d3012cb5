// The GPU codec against the CPU's: the same bytes, either way, and damaged streams refused.
//
// VRAMLAB_PADIC_ROUNDS sets how many tensors are drawn, VRAMLAB_PADIC_SECONDS when to stop, VRAMLAB_PADIC_SEED where to
// begin.

#include <cuda_runtime_api.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "engine/core/error.h"
#include "engine/cuda/padic_codec.h"
#include "engine/padic/errors.h"
#include "engine/padic/tensor_codec.h"
#include "gpu.h"
#include "padic_draws.h"

namespace vramlab::padic {
namespace {

using vramlab::testing::Drawn;
using vramlab::testing::drawn_tensor;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Device memory of one size, filled with a pattern that is no result.
class Room {
 public:
  explicit Room(std::uint64_t bytes) : bytes_(bytes) { EXPECT_EQ(cudaMalloc(&at_, bytes), cudaSuccess); }
  ~Room() { EXPECT_EQ(cudaFree(at_), cudaSuccess); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  void* at() const { return at_; }
  std::uint64_t bytes() const { return bytes_; }
  GpuRoom room() const { return {at_, bytes_}; }
  void poison() const { EXPECT_EQ(cudaMemset(at_, 0xA5, bytes_), cudaSuccess); }
  void put(const void* from, std::uint64_t bytes) const {
    EXPECT_EQ(cudaMemcpy(at_, from, bytes, cudaMemcpyHostToDevice), cudaSuccess);
  }
  std::vector<std::byte> get(std::uint64_t bytes) const {
    std::vector<std::byte> got(bytes);
    EXPECT_EQ(cudaMemcpy(got.data(), at_, bytes, cudaMemcpyDeviceToHost), cudaSuccess);
    return got;
  }

 private:
  void* at_ = nullptr;
  std::uint64_t bytes_;
};

/// Everything a call needs, for tensors of up to so many bytes.
class Bench {
 public:
  explicit Bench(std::uint64_t most_values)
      : values_(4 * most_values + 64),
        stream_(max_stream_bytes(most_values, DType::float32)),
        work_(GpuTensorCodec(DType::float32, Mode::lossless, 0, Preset::dense).workspace_bytes(most_values)),
        numbers_(64) {}

  std::vector<std::byte> pack(const GpuTensorCodec& codec, const Drawn& drawn) const {
    values_.put(drawn.raw.data(), drawn.raw.size());
    stream_.poison();
    work_.poison();
    codec.compress(values_.at(), drawn.values, stream_.room(), work_.room(), nullptr,
                   static_cast<std::uint64_t*>(numbers_.at()));
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, numbers_.get(8).data(), 8);
    EXPECT_LE(bytes, stream_.bytes());
    return stream_.get(std::min(bytes, stream_.bytes()));
  }
  /// Returns the status.
  std::uint32_t unpack(const GpuTensorCodec& codec, std::span<const std::byte> stream, std::uint64_t values) const {
    stream_.put(stream.data(), stream.size());
    values_.poison();
    work_.poison();
    codec.decompress(stream_.at(), stream.size(), values_.at(), values, work_.room(), nullptr,
                     static_cast<std::uint32_t*>(numbers_.at()));
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    std::uint32_t status = 0;
    std::memcpy(&status, numbers_.get(4).data(), 4);
    return status;
  }
  std::vector<std::byte> values(std::uint64_t bytes) const { return values_.get(bytes); }

 private:
  Room values_, stream_, work_, numbers_;
};

class PadicCodec : public ::testing::Test {
 protected:
  void SetUp() override {
    if (vramlab::testing::gpu_count() == 0) GTEST_SKIP() << "no CUDA device here";
  }

  static constexpr std::uint64_t most_values = 300'000;

  void compare(const Bench& bench, const Drawn& drawn, Preset preset) {
    SCOPED_TRACE(drawn.text + (preset == Preset::fast ? ", fast" : ", dense"));
    const std::vector<std::byte> expected =
        padic::compress({drawn.raw.data(), drawn.values, drawn.dtype}, {drawn.mode, drawn.bound, preset, 1});
    const GpuTensorCodec codec(drawn.dtype, drawn.mode, drawn.bound, preset);
    const std::vector<std::byte> got = bench.pack(codec, drawn);
    EXPECT_EQ(got.size(), expected.size());
    const auto [a, b] = std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
    EXPECT_TRUE(got == expected) << "first difference at " << a - got.begin();
    std::vector<std::byte> values(drawn.raw.size());
    padic::decompress(expected, values);
    EXPECT_EQ(bench.unpack(codec, expected, drawn.values), 0U);
    EXPECT_TRUE(bench.values(drawn.raw.size()) == values) << "other values";
  }
};

TEST_F(PadicCodec, StreamsAndValuesAreTheCpuCodecsBytes) {
  const auto begin = std::chrono::steady_clock::now();
  const auto limit = std::chrono::seconds(from_environment("VRAMLAB_PADIC_SECONDS", 60));
  const std::uint64_t rounds = from_environment("VRAMLAB_PADIC_ROUNDS", 300);
  const std::uint64_t first = from_environment("VRAMLAB_PADIC_SEED", 1);
  const Bench bench(most_values);
  std::uint64_t round = 0;
  for (; round < rounds && std::chrono::steady_clock::now() - begin < limit; ++round) {
    const Drawn drawn = drawn_tensor(first + round, round % 50 == 49 ? most_values : 70'000);
    compare(bench, drawn, round % 2 == 0 ? Preset::fast : Preset::dense);
    if (HasFailure() && round % 8 == 7) break;  // a few of them are enough
  }
  RecordProperty("tensors", std::to_string(round));
}

TEST_F(PadicCodec, TensorsWithoutValuesArePackedToo) {
  const Bench bench(1000);
  for (const Preset preset : {Preset::fast, Preset::dense})
    for (const std::uint64_t values : {0ULL, 1ULL}) {
      Drawn drawn;
      drawn.values = values;
      drawn.raw.resize(4 * values);
      compare(bench, drawn, preset);
    }
}

TEST_F(PadicCodec, ADamagedStreamSetsTheStatus) {
  const std::uint64_t rounds = from_environment("VRAMLAB_PADIC_ROUNDS", 300) / 10;
  const Bench bench(70'000);
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    const Drawn drawn = drawn_tensor(seed, 20'000);
    const Preset preset = seed % 2 == 0 ? Preset::fast : Preset::dense;
    const GpuTensorCodec codec(drawn.dtype, drawn.mode, drawn.bound, preset);
    std::vector<std::byte> stream =
        padic::compress({drawn.raw.data(), drawn.values, drawn.dtype}, {drawn.mode, drawn.bound, preset, 1});
    if (!vramlab::testing::damage(stream, seed)) continue;
    EXPECT_NE(bench.unpack(codec, stream, drawn.values), 0U) << drawn.text;
  }
}

TEST_F(PadicCodec, AStreamOfOtherSettingsIsNotTaken) {
  const Bench bench(1000);
  const std::vector<float> values(1000, 1.5F);
  const auto* raw = reinterpret_cast<const std::byte*>(values.data());
  const auto stream = padic::compress({raw, 1000, DType::float32}, {Mode::lossless, 0, Preset::fast, 1});
  const GpuTensorCodec fast(DType::float32, Mode::lossless, 0, Preset::fast);
  EXPECT_EQ(bench.unpack(fast, stream, 1000), 0U);
  EXPECT_EQ(bench.unpack(fast, stream, 999), 1U);
  EXPECT_EQ(bench.unpack(fast, std::span(stream).first(stream.size() - 8), 1000), 1U);
  EXPECT_EQ(bench.unpack(GpuTensorCodec(DType::int32, Mode::lossless, 0, Preset::fast), stream, 1000), 1U);
  EXPECT_EQ(bench.unpack(GpuTensorCodec(DType::float32, Mode::absolute, 1, Preset::fast), stream, 1000), 1U);
  EXPECT_EQ(bench.unpack(GpuTensorCodec(DType::float32, Mode::lossless, 0, Preset::dense), stream, 1000), 1U);
}

TEST_F(PadicCodec, WhatCannotBeIsRefusedBeforeItStarts) {
  EXPECT_THROW(GpuTensorCodec(DType::float64, Mode::lossless, 0, Preset::fast), ConfigError);
  EXPECT_THROW(GpuTensorCodec(DType::int32, Mode::absolute, 1, Preset::fast), ConfigError);
  const GpuTensorCodec codec(DType::float32, Mode::lossless, 0, Preset::fast);
  const Room room(1 << 20), work(codec.workspace_bytes(1000));
  std::vector<float> host(1000);
  auto* bytes = static_cast<std::uint64_t*>(work.at());
  auto* packed = static_cast<std::byte*>(room.at());
  const auto call = [&](const void* in, void* out, std::uint64_t capacity, std::uint64_t workspace) {
    codec.compress(in, 1000, {out, capacity}, {work.at(), workspace}, nullptr, bytes);
  };
  const std::uint64_t most = codec.max_stream_bytes(1000);
  EXPECT_THROW(call(host.data(), packed, most, work.bytes()), PadicError);
  EXPECT_THROW(call(packed + 4, packed, most, work.bytes()), PadicError);
  EXPECT_THROW(call(packed, packed + 8, most, work.bytes()), PadicError);
  EXPECT_THROW(call(packed, packed, most - 1, work.bytes()), PadicError);
  EXPECT_THROW(call(packed, packed, most, work.bytes() - 1), PadicError);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

}  // namespace
}  // namespace vramlab::padic
