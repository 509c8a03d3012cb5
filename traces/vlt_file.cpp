#include "traces/vlt_file.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "engine/core/error.h"

namespace vramlab::vlt {

namespace {

std::uint64_t checksum(const ChunkHeader& header, std::span<const std::byte> stored, std::uint64_t index) {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  if (!state) throw Error("out of memory for a checksum");
  XXH3_64bits_reset_withSeed(state.get(), index);
  XXH3_64bits_update(state.get(), &header, checked_header_bytes);
  XXH3_64bits_update(state.get(), stored.data(), stored.size());
  return XXH3_64bits_digest(state.get());
}

}  // namespace

ChunkWriter::ChunkWriter(const std::string& path, int zstd_level)
    : file_(path), context_(ZSTD_createCCtx(), ZSTD_freeCCtx), level_(zstd_level) {
  if (!context_) throw Error("cannot start the zstd encoder: out of memory");
  const FileHeader header{magic, version, 0};
  file_.write(&header, sizeof header);
}

void ChunkWriter::data(std::span<const std::uint8_t> plain) {
  if (plain.size() > most_plain_bytes)
    throw Error(fmt::format("one text or list of this trace makes a chunk of {} bytes, .vlt holds at most {}",
                            plain.size(), most_plain_bytes));
  stored_.resize(ZSTD_compressBound(plain.size()));
  const std::size_t size =
      ZSTD_compressCCtx(context_.get(), stored_.data(), stored_.size(), plain.data(), plain.size(), level_);
  if (ZSTD_isError(size)) throw Error(fmt::format("zstd: {}", ZSTD_getErrorName(size)));
  chunk(ChunkKind::data, std::span(stored_).first(size), plain.size());
}

void ChunkWriter::end(Totals totals) {
  totals.chunks = chunks_;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&totals);
  chunk(ChunkKind::end, {bytes, sizeof totals}, sizeof totals);
  file_.commit();
}

void ChunkWriter::chunk(ChunkKind kind, std::span<const std::uint8_t> stored, std::uint64_t plain_bytes) {
  ChunkHeader header{kind, 0, stored.size(), plain_bytes, 0};
  header.checksum = checksum(header, std::as_bytes(stored), chunks_++);
  file_.write(&header, sizeof header);
  file_.write(stored.data(), stored.size());
}

ChunkReader::ChunkReader(std::span<const std::byte> bytes, const std::string& name)
    : bytes_(bytes), name_(name), context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
  if (!context_) throw Error("cannot start the zstd decoder: out of memory");
  FileHeader header;
  if (bytes.size() < sizeof header) corrupt("it ends within its header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != magic) corrupt("not a .vlt file");
  if (header.version != version || header.zero != 0)
    throw TraceError(fmt::format(".vlt of version {}, but this program reads version {}", header.version, version),
                     Where::at_byte(name, sizeof header.magic), "use the program that wrote it, or a newer one");
}

void ChunkReader::corrupt(const std::string& what) const {
  throw TraceError("corrupt .vlt: " + what, Where::at_byte(name_, chunk_begin_), "copy the file again, or record anew");
}

ChunkHeader ChunkReader::header() {
  chunk_begin_ = next_begin_;
  ChunkHeader header;
  const std::uint64_t left = bytes_.size() - chunk_begin_;
  if (left < sizeof header) corrupt("the file ends without its end mark");
  std::memcpy(&header, bytes_.data() + chunk_begin_, sizeof header);
  if (header.zero != 0 || (header.kind != ChunkKind::data && header.kind != ChunkKind::end))
    corrupt("no chunk begins here");
  if (header.plain_bytes > most_plain_bytes) corrupt(fmt::format("a chunk of {} bytes", header.plain_bytes));
  if (header.stored_bytes > left - sizeof header)
    corrupt(fmt::format("a chunk of {} bytes, but the file ends before", header.stored_bytes));
  next_begin_ = chunk_begin_ + sizeof header + header.stored_bytes;
  return header;
}

bool ChunkReader::next(std::span<const std::uint8_t>& plain) {
  const ChunkHeader chunk = header();
  const auto stored = bytes_.subspan(chunk_begin_ + sizeof chunk, chunk.stored_bytes);
  if (checksum(chunk, stored, chunks_) != chunk.checksum) corrupt("the checksum is wrong");
  if (chunk.kind == ChunkKind::end) {
    end(stored);
    return false;
  }
  ++chunks_;
  unpack(stored, chunk.plain_bytes);
  plain = plain_;
  return true;
}

void ChunkReader::end(std::span<const std::byte> stored) {
  if (stored.size() != sizeof totals_) corrupt("the end mark has the wrong size");
  std::memcpy(&totals_, stored.data(), sizeof totals_);
  if (totals_.chunks != chunks_) corrupt(fmt::format("{} chunks, the end mark says {}", chunks_, totals_.chunks));
  if (next_begin_ != bytes_.size()) corrupt("bytes follow the end mark");
}

Totals ChunkReader::foretold_totals() const {
  constexpr std::size_t size = sizeof(ChunkHeader) + sizeof(Totals);
  if (bytes_.size() < sizeof(FileHeader) + size) return {};
  ChunkHeader header;
  Totals totals;
  std::memcpy(&header, bytes_.data() + bytes_.size() - size, sizeof header);
  std::memcpy(&totals, bytes_.data() + bytes_.size() - sizeof totals, sizeof totals);
  return checksum(header, bytes_.last(sizeof totals), totals.chunks) == header.checksum ? totals : Totals{};
}

void ChunkReader::unpack(std::span<const std::byte> stored, std::uint64_t plain_bytes) {
  plain_.resize(plain_bytes);
  const std::size_t size =
      ZSTD_decompressDCtx(context_.get(), plain_.data(), plain_.size(), stored.data(), stored.size());
  if (ZSTD_isError(size)) corrupt(fmt::format("zstd: {}", ZSTD_getErrorName(size)));
  if (size != plain_bytes) corrupt(fmt::format("a chunk of {} bytes has {}", plain_bytes, size));
}

}  // namespace vramlab::vlt
