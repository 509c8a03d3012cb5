#include "traces/tensors/tensor_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "engine/core/error.h"
#include "traces/tensors/npy.h"
#include "traces/tensors/safetensors.h"

namespace vramlab {
namespace {

constexpr std::string_view index_name = "model.safetensors.index.json";

/// "w.npy.xz" too.
bool is_tensor_name(std::string_view name) {
  for (const std::string_view packed : {".xz", ".zst", ".gz"})
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  return name.ends_with(".npy") || name.ends_with(".safetensors");
}

TensorFolder of_index(const std::filesystem::path& folder) {
  const std::string path = (folder / index_name).string();
  TensorFolder found{shards_of_index(InputFile::open(path).bytes(), path), {std::string(index_name)}};
  for (const std::string& shard : found.tensor_files)
    if (!std::filesystem::is_regular_file(folder / shard))
      throw TraceError(fmt::format("names the shard {}, which is not there", shard), Where{path, {}, {}, {}},
                       "fetch the model again");
  return found;
}

}  // namespace

TensorFile TensorFile::open(const std::string& path) {
  InputFile file = InputFile::open(path);
  const std::optional<TensorFormat> format = tensor_format_of(file.bytes());
  if (!format)
    throw TraceError("is neither .npy nor .safetensors", Where{path, {}, {}, {}}, "save it with NumPy or safetensors");
  TensorLayout layout =
      *format == TensorFormat::npy ? read_npy_layout(file.bytes(), path) : read_safetensors_layout(file.bytes(), path);
  return {std::move(file), std::move(layout)};
}

TensorFolder tensor_folder(const std::string& path) {
  const std::filesystem::path folder(path);
  if (std::filesystem::exists(folder / index_name)) return of_index(folder);
  TensorFolder found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && is_tensor_name(entry.path().filename().string()))
      found.tensor_files.push_back(entry.path().filename().string());
  std::sort(found.tensor_files.begin(), found.tensor_files.end());
  if (found.tensor_files.empty())
    throw TraceError("holds no .safetensors and no .npy", Where{path, {}, {}, {}}, "name a folder of tensors");
  return found;
}

}  // namespace vramlab
