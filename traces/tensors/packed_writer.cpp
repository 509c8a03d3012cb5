#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <nlohmann/json.hpp>

#include "engine/core/check.h"
#include "traces/tensors/packed_file.h"
#include "traces/tensors/packed_format.h"

namespace vramlab {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const PackedTensor& tensor) {
  return {{"name", tensor.name},
          {"dtype", element_info(tensor.type).name},
          {"stored_as", tensor.stored_as},
          {"shape", tensor.shape},
          {"raw_bytes", tensor.raw_bytes},
          {"checksum", fmt::format("{:016x}", tensor.checksum)},
          {"offset", tensor.stream.offset},
          {"bytes", tensor.stream.bytes}};
}

Json json_of(const PackedEntry& entry) {
  Json tensors = Json::array();
  for (const PackedTensor& tensor : entry.tensors) tensors.push_back(json_of(tensor));
  return {{"name", entry.name},
          {"header", {{"offset", entry.header.offset}, {"bytes", entry.header.bytes}}},
          {"tensors", std::move(tensors)}};
}

}  // namespace

std::uint64_t values_checksum(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

PackedWriter::PackedWriter(const std::string& path, bool folder) : file_(path) {
  directory_.folder = folder;
  const packed::FileHeader header;
  put(std::as_bytes(std::span(&header, 1)));
}

PackedPart PackedWriter::put(std::span<const std::byte> bytes) {
  static constexpr std::array<std::byte, packed::alignment> zeros{};
  const PackedPart part{at_, bytes.size()};
  const std::size_t padding = (packed::alignment - bytes.size() % packed::alignment) % packed::alignment;
  file_.write(bytes.data(), bytes.size());
  file_.write(zeros.data(), padding);
  at_ += bytes.size() + padding;
  return part;
}

void PackedWriter::begin_file(const std::string& name, std::span<const std::byte> header) {
  directory_.files.push_back({name, put(header), {}});
}

void PackedWriter::add(PackedTensor tensor, std::span<const std::byte> stream) {
  VRAMLAB_CHECK(!directory_.files.empty(), "a tensor belongs to a file");
  tensor.stream = put(stream);
  directory_.files.back().tensors.push_back(std::move(tensor));
}

void PackedWriter::commit() {
  Json files = Json::array();
  for (const PackedEntry& entry : directory_.files) files.push_back(json_of(entry));
  const std::string text = Json{{"folder", directory_.folder}, {"files", std::move(files)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
  packed::EndRecord end;
  end.directory_bytes = text.size();
  end.directory_offset = put(std::as_bytes(std::span(text))).offset;
  end.checksum = XXH3_64bits(text.data(), text.size());
  put(std::as_bytes(std::span(&end, 1)));
  file_.commit();
}

}  // namespace vramlab
