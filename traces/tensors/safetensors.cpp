#include "traces/tensors/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "traces/tensors/file_name.h"
#include "traces/tensors/json_fields.h"

namespace vramlab {
namespace {

using Json = JsonFields::Json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t most_header_bytes = 100'000'000;  // as the format's own library has it
constexpr int deepest = 4;                                // levels of JSON; a header has three
constexpr std::size_t alignment = 8;
constexpr std::string_view metadata_key = "__metadata__";

std::uint64_t length_of(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

std::string named(std::string_view tensor) { return fmt::format("tensor '{}'", one_printable_line(tensor)); }

ElementType type_called(const std::string& dtype, std::string_view owner, const JsonFields& fields) {
  for (const ElementInfo& info : element_types())
    if (info.safetensors == dtype) return info.type;
  fields.fail(fmt::format("{} has the unknown dtype '{}'", owner, one_printable_line(dtype)));
}

/// `room` = bytes of all values. The offset stays relative to them.
StoredTensor tensor_of(const std::string& key, const Json& entry, std::uint64_t room, const JsonFields& fields) {
  const std::string owner = named(key);
  StoredTensor tensor;
  tensor.name = key;
  tensor.stored_as = fields.text(entry, "dtype", owner);
  tensor.type = type_called(tensor.stored_as, owner, fields);
  tensor.shape = fields.numbers(entry, "shape", owner);
  const std::vector<std::uint64_t> offsets = fields.numbers(entry, "data_offsets", owner);
  if (offsets.size() != 2) fields.fail(fmt::format("{} has no two data_offsets", owner));
  const std::uint64_t begin = offsets[0], end = offsets[1];
  if (begin > end || end > room)
    fields.fail(fmt::format("{} lies at [{}, {}), the file has {} bytes of values", owner, begin, end, room));
  const std::optional<std::uint64_t> values = count_of(tensor.shape, element_info(tensor.type).bytes);
  if (!values || *values * element_info(tensor.type).bytes != end - begin)
    fields.fail(fmt::format("the shape of {} does not fit its {} bytes", owner, end - begin));
  tensor.offset = begin;
  tensor.values = *values;
  return tensor;
}

void check_metadata(const Json& metadata, const JsonFields& fields) {
  const bool texts = metadata.is_object() &&
                     std::all_of(metadata.begin(), metadata.end(), [](const Json& value) { return value.is_string(); });
  if (!texts) fields.fail("__metadata__ is no map of texts");
}

/// Sorts by place and checks that the values fill the file.
void order_and_check(TensorLayout& layout, std::uint64_t room, const JsonFields& fields) {
  std::sort(layout.tensors.begin(), layout.tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::tuple(a.offset, a.bytes(), std::string_view(a.name)) <
           std::tuple(b.offset, b.bytes(), std::string_view(b.name));
  });
  std::uint64_t end = 0;
  for (StoredTensor& tensor : layout.tensors) {
    if (tensor.offset != end)
      fields.fail(fmt::format("{} begins at {}, where {} is expected: a gap or an overlap", named(tensor.name),
                              tensor.offset, end));
    end += tensor.bytes();
    tensor.offset += layout.header_bytes;
  }
  if (end != room) fields.fail(fmt::format("{} bytes follow the last tensor", room - end));
}

}  // namespace

bool is_safetensors(std::span<const std::byte> head) {
  return head.size() > length_bytes && head[length_bytes] == std::byte{'{'} && length_of(head) <= most_header_bytes;
}

TensorLayout read_safetensors_layout(std::span<const std::byte> file, const std::string& name) {
  const JsonFields fields(name);
  if (!is_safetensors(file)) fields.fail("is no .safetensors: the length and '{' are missing");
  const std::uint64_t length = length_of(file);
  if (length > file.size() - length_bytes) fields.fail(fmt::format("a header of {} bytes leaves the file", length));
  const Json header = fields.parse(file.subspan(length_bytes, length), deepest);
  TensorLayout layout{TensorFormat::safetensors, length_bytes + length, {}};
  const std::uint64_t room = file.size() - layout.header_bytes;
  for (const auto& [key, entry] : header.items()) {
    if (key == metadata_key) {
      check_metadata(entry, fields);
    } else {
      layout.tensors.push_back(tensor_of(key, entry, room, fields));
    }
  }
  order_and_check(layout, room, fields);
  return layout;
}

std::string safetensors_header(std::span<const StoredTensor> tensors,
                               const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::uint64_t end = 0;
  for (const StoredTensor& tensor : tensors) {
    const std::uint64_t begin = end;
    end += tensor.bytes();
    header[tensor.name] = {
        {"dtype", element_info(tensor.type).safetensors}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.append((alignment - text.size() % alignment) % alignment, ' ');
  const std::uint64_t length = text.size();
  std::string out(length_bytes, '\0');
  std::memcpy(out.data(), &length, sizeof length);
  return out + text;
}

std::vector<std::string> shards_of_index(std::span<const std::byte> index, const std::string& name) {
  const JsonFields fields(name);
  const Json found = fields.parse(index, deepest);
  const Json& weights = fields.member(found, "weight_map", "the index");
  std::set<std::string> shards;
  for (const Json& shard : weights) {
    if (!shard.is_string() || !is_plain_file_name(shard.get<std::string>()))
      fields.fail("the weight_map names something that is no plain file name");
    shards.insert(shard.get<std::string>());
  }
  return {shards.begin(), shards.end()};
}

}  // namespace vramlab
