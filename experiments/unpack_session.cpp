#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/output_file.h"
#include "experiments/pack_session.h"
#include "experiments/progress.h"
#include "traces/reader.h"
#include "traces/tensors/npy.h"
#include "traces/tensors/packed_file.h"

namespace vramlab {
namespace {

/// What the codec says ends in brackets with what would mend it already.
[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw TraceError(what, Where{path, {}, {}, {}}, what.ends_with(')') ? "" : "copy the file again, or pack it again");
}

/// Unpacks; what the codec says is wrong gets the name of the file, and of the tensor in it.
void unpack_values(std::span<const std::byte> stream, std::span<std::byte> values, unsigned threads,
                   const std::string& in, const std::string& tensor) {
  try {
    padic::decompress(stream, values, threads);
  } catch (const TraceError& error) {
    refuse(in, tensor.empty() ? error.what() : fmt::format("tensor '{}': {}", tensor, error.what()));
  }
}

padic::StreamInfo info_of(std::span<const std::byte> stream, const std::string& in) {
  try {
    return padic::read_stream_info(stream);
  } catch (const TraceError& error) {
    refuse(in, error.what());
  }
}

/// Files that take their places together, once all are written.
class PendingFiles {
 public:
  /// `folder`: made where it is not there, and gone again without commit().
  explicit PendingFiles(std::optional<std::string> folder) : folder_(std::move(folder)) {
    if (!folder_ || std::filesystem::is_directory(*folder_)) return;
    std::error_code failed;
    made_ = std::filesystem::create_directory(*folder_, failed);
    if (!made_)
      throw ConfigError(
          fmt::format("{}: the folder cannot be made: {}", *folder_, failed ? failed.message() : "a file"), {},
          "name a folder, since a folder was packed");
  }
  ~PendingFiles() {
    files_.clear();
    std::error_code kept;  // a folder that others wrote into meanwhile stays
    if (made_) std::filesystem::remove(*folder_, kept);
  }
  PendingFiles(const PendingFiles&) = delete;
  PendingFiles& operator=(const PendingFiles&) = delete;

  OutputFile& add(const std::string& path) { return *files_.emplace_back(std::make_unique<OutputFile>(path)); }
  void commit() {
    made_ = false;
    for (const auto& file : files_) file->commit();
  }

 private:
  std::optional<std::string> folder_;
  bool made_ = false;
  std::vector<std::unique_ptr<OutputFile>> files_;
};

void write_values(std::span<const std::byte> stream, const PackedTensor& tensor, const std::string& in,
                  unsigned threads, OutputFile& file) {
  if (tensor.raw_bytes == 0) return;
  const padic::StreamInfo info = info_of(stream, in);
  if (info.raw_bytes != tensor.raw_bytes || info.dtype != padic_dtype(tensor.type))
    refuse(in, fmt::format("tensor '{}': the directory and the stream disagree", tensor.name));
  std::vector<std::byte> values(tensor.raw_bytes);
  unpack_values(stream, values, threads, in, tensor.name);
  if (values_checksum(values) != tensor.checksum)
    refuse(in, fmt::format("tensor '{}': the checksum of its values is wrong", tensor.name));
  file.write(values.data(), values.size());
}

UnpackedFile unpack_entry(std::span<const std::byte> bytes, const PackedEntry& entry, const std::string& in,
                          const std::string& path, unsigned threads, OutputFile& file) {
  ProgressBar bar(fmt::format("unpacking {}", entry.name));
  const std::span<const std::byte> header = part_of(bytes, entry.header);
  file.write(header.data(), header.size());
  UnpackedFile done{path, entry.tensors.size(), header.size()};
  std::size_t tensors = 0;
  for (const PackedTensor& tensor : entry.tensors) {
    write_values(part_of(bytes, tensor.stream), tensor, in, threads, file);
    done.bytes += tensor.raw_bytes;
    bar.update(static_cast<double>(++tensors) / static_cast<double>(entry.tensors.size()));
  }
  return done;
}

std::vector<UnpackedFile> unpack_directory(std::span<const std::byte> bytes, const std::string& in,
                                           const std::string& out, unsigned threads) {
  const PackedDirectory directory = read_packed_directory(bytes, in);
  PendingFiles pending(directory.folder ? std::optional(out) : std::nullopt);
  std::vector<UnpackedFile> done;
  for (const PackedEntry& entry : directory.files) {
    const std::string path = directory.folder ? (std::filesystem::path(out) / entry.name).string() : out;
    done.push_back(unpack_entry(bytes, entry, in, path, threads, pending.add(path)));
  }
  pending.commit();
  return done;
}

ElementType type_of(padic::DType dtype) {
  for (const ElementInfo& info : element_types())
    if (info.type != ElementType::boolean && padic_dtype(info.type) == dtype) return info.type;
  throw InvariantError("a stream of a type without a name");
}

UnpackedFile unpack_stream(std::span<const std::byte> stream, const std::string& in, const std::string& out,
                           unsigned threads) {
  const padic::StreamInfo info = info_of(stream, in);
  const std::vector<std::uint64_t> flat{info.values};
  const std::string header = npy_header(type_of(info.dtype), info.shape.empty() ? flat : info.shape);
  std::vector<std::byte> values(info.raw_bytes);
  OutputFile file(out);
  unpack_values(stream, values, threads, in, "");
  file.write(header);
  file.write(values.data(), values.size());
  file.commit();
  return {out, 1, header.size() + values.size()};
}

}  // namespace

std::vector<UnpackedFile> unpack_files(const std::string& in, const std::string& out, unsigned threads) {
  const InputFile file = InputFile::open(in);
  if (is_packed_file(file.bytes())) return unpack_directory(file.bytes(), in, out, threads);
  return {unpack_stream(file.bytes(), in, out, threads)};
}

}  // namespace vramlab
