#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "traces/tensors/file_name.h"
#include "traces/tensors/json_fields.h"
#include "traces/tensors/packed_file.h"
#include "traces/tensors/packed_format.h"

namespace vramlab {
namespace {

using Json = JsonFields::Json;

constexpr int deepest = 6;  // levels of JSON

class DirectoryReader {
 public:
  DirectoryReader(std::span<const std::byte> file, const std::string& name) : file_(file), fields_(name) {}

  PackedDirectory read() {
    const Json found = fields_.parse(directory_text(), deepest);
    PackedDirectory directory;
    const Json& folder = fields_.member(found, "folder", "the directory");
    if (!folder.is_boolean()) fields_.fail("folder of the directory is neither true nor false");
    directory.folder = folder.get<bool>();
    std::set<std::string> names;
    for (const Json& file : fields_.list(found, "files", "the directory")) {
      directory.files.push_back(entry_of(file));
      if (!names.insert(directory.files.back().name).second) fields_.fail("two files have one name");
    }
    if (directory.files.empty() || (!directory.folder && directory.files.size() > 1))
      fields_.fail("the directory names no file, or several without a folder");
    return directory;
  }

 private:
  std::span<const std::byte> directory_text() {
    packed::FileHeader header;
    packed::EndRecord end;
    if (!is_packed_file(file_)) fields_.fail("is no .vlp: the magic number is missing");
    if (file_.size() < sizeof header + sizeof end) fields_.fail("ends too early");
    std::memcpy(&header, file_.data(), sizeof header);
    if (header.version != packed::version || header.zero != 0)
      fields_.fail(fmt::format("version {} of .vlp is unknown", header.version));
    std::memcpy(&end, file_.data() + (file_.size() - sizeof end), sizeof end);
    if (end.magic != packed::end_magic) fields_.fail("ends too early: the mark of the end is missing");
    const std::uint64_t before = file_.size() - sizeof end;
    if (end.directory_offset < sizeof header || end.directory_offset > before ||
        end.directory_bytes > before - end.directory_offset)
      fields_.fail("the directory leaves the file");
    parts_end_ = end.directory_offset;
    const auto text = file_.subspan(end.directory_offset, end.directory_bytes);
    if (XXH3_64bits(text.data(), text.size()) != end.checksum) fields_.fail("the checksum of the directory is wrong");
    return text;
  }

  PackedPart part_of(const Json& object, std::string_view owner) {
    const PackedPart part{fields_.number(object, "offset", owner), fields_.number(object, "bytes", owner)};
    if (part.offset < at_ || part.offset > parts_end_ || part.bytes > parts_end_ - part.offset ||
        part.offset % packed::alignment != 0)
      fields_.fail(fmt::format("{} lies outside its place in the file", owner));
    at_ = part.offset + part.bytes;
    return part;
  }

  PackedEntry entry_of(const Json& object) {
    PackedEntry entry;
    entry.name = fields_.text(object, "name", "a file");
    const std::string owner = fmt::format("file '{}'", one_printable_line(entry.name));
    if (!is_plain_file_name(entry.name)) fields_.fail(fmt::format("{} has no plain file name", owner));
    entry.header = part_of(fields_.member(object, "header", owner), owner);
    for (const Json& tensor : fields_.list(object, "tensors", owner)) entry.tensors.push_back(tensor_of(tensor));
    return entry;
  }

  ElementType type_called(const std::string& dtype, std::string_view owner) const {
    for (const ElementInfo& info : element_types())
      if (info.name == dtype) return info.type;
    fields_.fail(fmt::format("{} has the unknown dtype '{}'", owner, one_printable_line(dtype)));
  }

  std::uint64_t checksum_of(const Json& object, std::string_view owner) const {
    const std::string text = fields_.text(object, "checksum", owner);
    std::uint64_t sum = 0;
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), sum, 16);
    if (status != std::errc() || stop != text.data() + text.size() || text.size() != 16)
      fields_.fail(fmt::format("the checksum of {} is none", owner));
    return sum;
  }

  PackedTensor tensor_of(const Json& object) {
    PackedTensor tensor;
    tensor.name = fields_.text(object, "name", "a tensor");
    const std::string owner = fmt::format("tensor '{}'", one_printable_line(tensor.name));
    tensor.type = type_called(fields_.text(object, "dtype", owner), owner);
    tensor.stored_as = fields_.text(object, "stored_as", owner);
    tensor.shape = fields_.numbers(object, "shape", owner);
    tensor.raw_bytes = fields_.number(object, "raw_bytes", owner);
    tensor.checksum = checksum_of(object, owner);
    tensor.stream = part_of(object, owner);
    const std::uint32_t each = element_info(tensor.type).bytes;
    const std::optional<std::uint64_t> values = count_of(tensor.shape, each);
    if (!values || *values * each != tensor.raw_bytes || (*values == 0) != (tensor.stream.bytes == 0))
      fields_.fail(fmt::format("the shape of {} does not fit its bytes", owner));
    return tensor;
  }

  std::span<const std::byte> file_;
  JsonFields fields_;
  std::uint64_t at_ = sizeof(packed::FileHeader);  // where the next part may begin
  std::uint64_t parts_end_ = 0;
};

}  // namespace

bool is_packed_file(std::span<const std::byte> head) {
  return head.size() >= packed::magic.size() &&
         std::memcmp(head.data(), packed::magic.data(), packed::magic.size()) == 0;
}

PackedDirectory read_packed_directory(std::span<const std::byte> file, const std::string& name) {
  return DirectoryReader(file, name).read();
}

}  // namespace vramlab
