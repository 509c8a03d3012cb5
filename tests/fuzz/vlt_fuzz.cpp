// .vlt files. A first byte of 0: the rest is a file. Any other: the rest is the plain bytes of two chunks, framed here
// with right checksums and counts, so that what stands behind them is reached.

#include <xxhash.h>
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "traces/generate.h"
#include "traces/vlt.h"
#include "traces/vlt_format.h"
#include "traces/vlt_slices.h"

namespace {

using namespace vramlab;

class File {
 public:
  File() { put(vlt::FileHeader{vlt::magic, vlt::version, 0}); }

  void data(std::span<const std::uint8_t> plain) {
    std::vector<std::uint8_t> stored(ZSTD_compressBound(plain.size()));
    stored.resize(ZSTD_compress(stored.data(), stored.size(), plain.data(), plain.size(), 1));
    chunk(vlt::ChunkKind::data, stored, plain.size());
  }
  std::span<const std::byte> end(vlt::Totals totals) {
    totals.chunks = chunks_;
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&totals);
    chunk(vlt::ChunkKind::end, {raw, sizeof totals}, sizeof totals);
    return std::as_bytes(std::span(bytes_));
  }

 private:
  template <class Pod>
  void put(const Pod& pod) {
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&pod);
    bytes_.insert(bytes_.end(), raw, raw + sizeof pod);
  }
  void chunk(vlt::ChunkKind kind, std::span<const std::uint8_t> stored, std::uint64_t plain_bytes) {
    vlt::ChunkHeader header{kind, 0, stored.size(), plain_bytes, 0};
    std::vector<std::uint8_t> checked(vlt::checked_header_bytes);
    std::memcpy(checked.data(), &header, checked.size());
    checked.insert(checked.end(), stored.begin(), stored.end());
    header.checksum = XXH3_64bits_withSeed(checked.data(), checked.size(), chunks_++);
    put(header);
    bytes_.insert(bytes_.end(), stored.begin(), stored.end());
  }

  std::vector<std::uint8_t> bytes_;
  std::uint64_t chunks_ = 0;
};

File framed(std::span<const std::uint8_t> plain, std::uint8_t cut) {
  File file;
  const std::size_t middle = plain.size() * cut / 256;
  file.data(plain.first(middle));
  file.data(plain.subspan(middle));
  return file;
}

/// Both ways of reading must agree; a file that reads well must validate or be refused.
void read_both_ways(std::span<const std::byte> bytes) {
  const std::vector<Trace> traces = read_vlt(bytes, "fuzz.vlt");
  Trace joined;
  stream_vlt(bytes, "fuzz.vlt", [&joined](Trace&& part) { append_part(joined, std::move(part)); });
  if (joined.subjects != traces.at(0).subjects || joined.sizes != traces.at(0).sizes) std::abort();
  validate(joined);
}

/// What the chunks hold: their parts are handed out before the end mark is compared with them.
vlt::Totals totals_in(std::span<const std::byte> bytes) {
  vlt::Totals totals;
  try {
    stream_vlt(bytes, "fuzz.vlt", [&totals](Trace&& part) { totals = totals + vlt::totals_of(part); });
  } catch (const TraceError&) {  // refused for the counts, or for what it is
  }
  return totals;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  try {
    if (data[0] == 0) {
      read_both_ways(std::as_bytes(rest));
    } else {
      File probe = framed(rest, data[0]);
      File file = framed(rest, data[0]);
      read_both_ways(file.end(totals_in(probe.end({}))));
    }
  } catch (const TraceError&) {  // refused, as it should be
  }
  return 0;
}
