#pragma once
// A file of tensors, open: memory-mapped where it is not compressed. Also what a folder of shards consists of.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "traces/reader.h"
#include "traces/tensors/tensor.h"

namespace vramlab {

class TensorFile {
 public:
  /// .npy or .safetensors, told by content, also through .gz, .xz and .zst. Throws TraceError.
  static TensorFile open(const std::string& path);

  /// Without folders and without .gz, .xz, .zst.
  const std::string& name() const { return file_.name(); }
  TensorFormat format() const { return layout_.format; }
  std::span<const StoredTensor> tensors() const { return layout_.tensors; }
  std::span<const std::byte> header() const { return file_.bytes().first(layout_.header_bytes); }
  std::span<const std::byte> values(const StoredTensor& tensor) const {
    return file_.bytes().subspan(tensor.offset, tensor.bytes());
  }

 private:
  TensorFile(InputFile file, TensorLayout layout) : file_(std::move(file)), layout_(std::move(layout)) {}

  InputFile file_;
  TensorLayout layout_;
};

/// Files of a folder that belong to a model, by name: the shards that model.safetensors.index.json names, or, without
/// one, every .safetensors and .npy there.
struct TensorFolder {
  std::vector<std::string> tensor_files;
  std::vector<std::string> other_files;  ///< the index
};
/// Throws TraceError: no such file, or the index names one that is not there.
TensorFolder tensor_folder(const std::string& path);

}  // namespace vramlab
