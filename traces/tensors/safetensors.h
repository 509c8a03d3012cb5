#pragma once
// .safetensors: the length of a header, the header in JSON, the values.
// Source: https://github.com/huggingface/safetensors, "Format".

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "traces/tensors/tensor.h"

namespace vramlab {

bool is_safetensors(std::span<const std::byte> head);

/// The tensors in the order of their values, which must fill the file without gaps or overlaps.
/// Throws TraceError naming `name` and what is wrong: a header beyond the file or 100 MB, JSON that is none, names that
/// stand twice, unknown types, shapes and offsets that do not fit each other or the file.
TensorLayout read_safetensors_layout(std::span<const std::byte> file, const std::string& name);

/// The length and the JSON of a file that holds these tensors in this order; offsets are set from their sizes. Padded
/// with spaces, so that values begin at a multiple of 8.
std::string safetensors_header(std::span<const StoredTensor> tensors,
                               const std::map<std::string, std::string>& metadata = {});

/// The files that a "model.safetensors.index.json" names, each once, sorted. Throws TraceError: no weight_map, or names
/// that are no plain file names.
std::vector<std::string> shards_of_index(std::span<const std::byte> index, const std::string& name);

}  // namespace vramlab
