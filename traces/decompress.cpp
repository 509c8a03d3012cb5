#include "traces/decompress.h"

#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "engine/core/error.h"

namespace vramlab {

namespace {

// Window of the largest dictionary accepted; `xz -9` needs 65 MiB, `zstd --ultra -22` 128 MiB.
constexpr std::uint64_t xz_memory_limit = std::uint64_t{256} << 20;
constexpr std::uint64_t first_reservation = 64 << 10;

/// One run of a decoder over compressed bytes: where it is, where its output goes, how it fails.
class Decoding {
 public:
  Decoding(std::span<const std::byte> input, const std::string& name, std::uint64_t limit)
      : input_(input), name_(name), limit_(limit), output_(limit) {}

  std::span<const std::byte> rest() const { return input_.subspan(offset_); }
  void consumed(std::size_t count) { offset_ += count; }

  std::span<std::byte> room() { return output_.room(); }
  void produced(std::size_t count) {
    output_.filled(count);
    if (output_.over_limit())
      fail(fmt::format("more than {} bytes after decompression", limit_), "is this the right file?");
  }

  GrowingBytes take() {
    output_.shrink();
    return std::move(output_);
  }

  [[noreturn]] void fail(const std::string& what, const std::string& mend) const {
    throw TraceError(what, Where::at_byte(name_, offset_), mend);
  }
  [[noreturn]] void corrupt(std::string_view format, std::string_view detail) const {
    fail(fmt::format("corrupt {} data: {}", format, detail), "copy or download the file again");
  }
  [[noreturn]] void truncated(std::string_view format) const {
    fail(fmt::format("{} data ends too early", format), "copy or download the file again");
  }

 private:
  std::span<const std::byte> input_;
  std::size_t offset_ = 0;
  const std::string& name_;
  std::uint64_t limit_;
  GrowingBytes output_;
};

constexpr std::size_t zlib_most = std::size_t{1} << 30;  // its counters have 32 bits

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

class GzipDecoder {
 public:
  explicit GzipDecoder(Decoding& run) : run_(run) {
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw Error("cannot start the gzip decoder: out of memory");
  }
  ~GzipDecoder() { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  void run() {
    do {
      while (!step()) {
      }
      inflateReset(&stream_);
    } while (!run_.rest().empty() && !all_zero(run_.rest()));  // tape-style zero padding may follow the last member
  }

 private:
  /// True at the end of a member.
  bool step() {
    const auto in = run_.rest().first(std::min(run_.rest().size(), zlib_most));
    const auto out = run_.room();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    const auto space = static_cast<uInt>(std::min(out.size(), zlib_most));
    stream_.avail_out = space;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    run_.consumed(in.size() - stream_.avail_in);
    run_.produced(space - stream_.avail_out);
    if (code == Z_STREAM_END) return true;
    if (code == Z_BUF_ERROR && in.empty()) run_.truncated("gzip");
    if (code == Z_MEM_ERROR) throw Error("the gzip decoder is out of memory");
    if (code != Z_OK && code != Z_BUF_ERROR) run_.corrupt("gzip", stream_.msg ? stream_.msg : "bad stream");
    return false;
  }

  Decoding& run_;
  z_stream stream_{};
};

class XzDecoder {
 public:
  explicit XzDecoder(Decoding& run) : run_(run) {
    if (lzma_stream_decoder(&stream_, xz_memory_limit, LZMA_CONCATENATED) != LZMA_OK)
      throw Error("cannot start the xz decoder: out of memory");
  }
  ~XzDecoder() { lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  void run() {
    while (!step()) {
    }
  }

 private:
  /// True at the end of the last stream.
  bool step() {
    const auto in = run_.rest();
    const auto out = run_.room();
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_FINISH);
    run_.consumed(in.size() - stream_.avail_in);
    run_.produced(out.size() - stream_.avail_out);
    if (code == LZMA_STREAM_END) return true;
    if (code != LZMA_OK) refuse(code);
    return false;
  }

  [[noreturn]] void refuse(lzma_ret code) const {
    switch (code) {
      case LZMA_BUF_ERROR:
        run_.truncated("xz");
      case LZMA_MEM_ERROR:
        throw Error("the xz decoder is out of memory");
      case LZMA_MEMLIMIT_ERROR:
        run_.fail(
            fmt::format("xz data needs {} bytes to decompress, more than {}", lzma_memusage(&stream_), xz_memory_limit),
            "compress it again with a smaller dictionary, say xz -9");
      case LZMA_FORMAT_ERROR:
        run_.corrupt("xz", "garbage where a stream should begin");
      case LZMA_OPTIONS_ERROR:
        run_.corrupt("xz", "unknown filter or option");
      default:
        run_.corrupt("xz", "checksum or structure is wrong");
    }
  }

  Decoding& run_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

void run_zstd(Decoding& run) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) throw Error("cannot start the zstd decoder: out of memory");
  std::size_t state = 1;  // 0 = at the end of a frame
  while (state != 0 || !run.rest().empty()) {
    const auto rest = run.rest();
    const auto room = run.room();
    ZSTD_inBuffer in{rest.data(), rest.size(), 0};
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    state = ZSTD_decompressStream(context.get(), &out, &in);
    run.consumed(in.pos);
    if (ZSTD_isError(state)) run.corrupt("zstd", ZSTD_getErrorName(state));
    run.produced(out.pos);
    if (state != 0 && rest.empty() && out.pos < out.size) run.truncated("zstd");
  }
}

bool begins_with(std::span<const std::byte> head, std::span<const unsigned char> magic) {
  return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin(),
                                                   [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

}  // namespace

void GrowingBytes::reallocate(std::size_t capacity) {
  auto* grown = static_cast<std::byte*>(std::realloc(data_.get(), capacity));
  if (grown == nullptr) throw Error(fmt::format("not enough memory to hold {} bytes of input", capacity));
  static_cast<void>(data_.release());
  data_.reset(grown);
  capacity_ = capacity;
}

std::span<std::byte> GrowingBytes::room() {
  const std::uint64_t most = std::max(limit_, limit_ + 1);  // the largest number has no successor
  if (size_ == capacity_ && capacity_ < most) {
    const std::uint64_t wanted = capacity_ > most / 2 ? most : std::uint64_t{capacity_} * 2;
    reallocate(static_cast<std::size_t>(std::min(most, std::max(first_reservation, wanted))));
  }
  return {data_.get() + size_, capacity_ - size_};
}

void GrowingBytes::shrink() {
  if (size_ != 0 && size_ < capacity_) reallocate(size_);
}

Compression compression_of(std::span<const std::byte> head) {
  static constexpr std::array<unsigned char, 3> gzip{0x1f, 0x8b, 0x08};
  static constexpr std::array<unsigned char, 6> xz{0xfd, '7', 'z', 'X', 'Z', 0x00};
  static constexpr std::array<unsigned char, 4> zstd{0x28, 0xb5, 0x2f, 0xfd};
  static constexpr std::array<unsigned char, 3> skippable{0x2a, 0x4d, 0x18};  // after a byte 0x50 to 0x5f
  if (begins_with(head, gzip)) return Compression::gzip;
  if (begins_with(head, xz)) return Compression::xz;
  if (begins_with(head, zstd)) return Compression::zstd;
  if (!head.empty() && (head[0] & std::byte{0xf0}) == std::byte{0x50} && begins_with(head.subspan(1), skippable))
    return Compression::zstd;
  return Compression::none;
}

GrowingBytes decompress(std::span<const std::byte> compressed, Compression compression, const std::string& name,
                        std::uint64_t limit) {
  Decoding run(compressed, name, limit);
  switch (compression) {
    case Compression::gzip:
      GzipDecoder(run).run();
      break;
    case Compression::xz:
      XzDecoder(run).run();
      break;
    case Compression::zstd:
      run_zstd(run);
      break;
    case Compression::none:
      run.corrupt("compressed", "no known magic number");
  }
  return run.take();
}

}  // namespace vramlab
