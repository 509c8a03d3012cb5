#include "experiments/codec_baselines.h"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "engine/core/error.h"
#include "experiments/codec_regroup.h"
#include "experiments/tensor_packer.h"

namespace vramlab {
namespace {

constexpr std::size_t most_part = std::size_t{1} << 30;  // LZ4 counts in 31 bits

using Bytes = std::vector<std::byte>;

/// A compressor of one part.
struct Library {
  std::string_view name, regrouped, left_regrouped;
  std::size_t (*most)(std::size_t raw) = nullptr;
  std::size_t (*compress)(std::span<const std::byte> raw, std::span<std::byte> packed) = nullptr;  ///< 0: it failed
  bool (*decompress)(std::span<const std::byte> packed, std::span<std::byte> raw) = nullptr;
};

std::size_t zstd_compress(std::span<const std::byte> raw, std::span<std::byte> packed) {
  static const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  const std::size_t size = ZSTD_compressCCtx(context.get(), packed.data(), packed.size(), raw.data(), raw.size(), 1);
  return ZSTD_isError(size) ? 0 : size;
}

bool zstd_decompress(std::span<const std::byte> packed, std::span<std::byte> raw) {
  static const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  return ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), packed.data(), packed.size()) == raw.size();
}

std::size_t lz4_most(std::size_t raw) { return static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(raw))); }

std::size_t lz4_compress(std::span<const std::byte> raw, std::span<std::byte> packed) {
  const int size =
      LZ4_compress_default(reinterpret_cast<const char*>(raw.data()), reinterpret_cast<char*>(packed.data()),
                           static_cast<int>(raw.size()), static_cast<int>(packed.size()));
  return static_cast<std::size_t>(std::max(size, 0));
}

bool lz4_decompress(std::span<const std::byte> packed, std::span<std::byte> raw) {
  const int size =
      LZ4_decompress_safe(reinterpret_cast<const char*>(packed.data()), reinterpret_cast<char*>(raw.data()),
                          static_cast<int>(packed.size()), static_cast<int>(raw.size()));
  return size >= 0 && static_cast<std::size_t>(size) == raw.size();
}

constexpr std::array<Library, 2> libraries{
    {{"zstd-1", "zstd-1 regrouped", "zstd-1 left regrouped", ZSTD_compressBound, zstd_compress, zstd_decompress},
     {"lz4", "lz4 regrouped", "lz4 left regrouped", lz4_most, lz4_compress, lz4_decompress}}};

/// One library on all parts of some values.
class Run {
 public:
  Run(const Library& library, std::span<const std::byte> raw) : library_(library), raw_(raw) {
    for (std::size_t at = 0; at < raw.size(); at += most_part)
      parts_.emplace_back(library.most(std::min(most_part, raw.size() - at)));
    sizes_.resize(parts_.size());
  }

  void compress(std::span<const std::byte> raw) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      sizes_[i] = library_.compress(part(raw, i), parts_[i]);
      if (sizes_[i] == 0) fail("compress");
    }
  }
  void decompress(std::span<std::byte> back) {
    for (std::size_t i = 0; i < parts_.size(); ++i)
      if (!library_.decompress(std::span(parts_[i]).first(sizes_[i]), part(back, i))) fail("decompress");
  }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const std::size_t size : sizes_) sum += size;
    return sum;
  }

 private:
  template <class Byte>
  static std::span<Byte> part(std::span<Byte> all, std::size_t i) {
    return all.subspan(i * most_part, std::min(most_part, all.size() - i * most_part));
  }
  [[noreturn]] void fail(std::string_view what) const {
    throw InvariantError(fmt::format("{} does not {} {} bytes", library_.name, what, raw_.size()));
  }

  const Library& library_;
  std::span<const std::byte> raw_;
  std::vector<Bytes> parts_;
  std::vector<std::size_t> sizes_;
};

void check_back(const Bytes& back, std::span<const std::byte> values, std::string_view name) {
  if (!std::equal(back.begin(), back.end(), values.begin(), values.end()))
    throw InvariantError(fmt::format("{} does not give its input back", name));
}

BaselineRun run_plain(const Library& library, std::span<const std::byte> values, int repeat) {
  Run run(library, values);
  Bytes back(values.size());
  BaselineRun found{library.name};
  found.compress_seconds = median_seconds(repeat, [&] { run.compress(values); });
  found.compressed_bytes = run.bytes();
  found.decompress_seconds = median_seconds(repeat, [&] { run.decompress(back); });
  check_back(back, values, found.name);
  return found;
}

/// With the bytes regrouped, and the same with the time that they take to go back to their places left out: what is
/// there then is no tensor yet.
std::array<BaselineRun, 2> run_regrouped(const Library& library, std::span<const std::byte> values,
                                         std::size_t bytes_each, int repeat) {
  Run run(library, values);
  Bytes grouped(values.size()), back(values.size());
  BaselineRun found{library.regrouped};
  found.compress_seconds = median_seconds(repeat, [&] {
    regroup(values, bytes_each, grouped);
    run.compress(grouped);
  });
  found.compressed_bytes = run.bytes();
  found.decompress_seconds = median_seconds(repeat, [&] {
    run.decompress(grouped);
    ungroup(grouped, bytes_each, back);
  });
  check_back(back, values, found.name);
  BaselineRun left = found;
  left.name = library.left_regrouped;
  left.decompress_seconds = median_seconds(repeat, [&] { run.decompress(grouped); });
  return {found, left};
}

}  // namespace

std::vector<BaselineRun> run_baselines(std::span<const std::byte> values, std::size_t bytes_each, int repeat) {
  std::vector<BaselineRun> found;
  for (const Library& library : libraries) {
    found.push_back(run_plain(library, values, repeat));
    if (bytes_each == 1) continue;
    for (const BaselineRun& run : run_regrouped(library, values, bytes_each, repeat)) found.push_back(run);
  }
  return found;
}

}  // namespace vramlab
