#include "traces/tensors/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;          // of the values, as NumPy writes it
constexpr std::size_t most_dimensions = 64;    // as NumPy has it
constexpr std::size_t most_literal = 1 << 20;  // bytes of the dictionary; NumPy itself refuses more than 10000

struct Description {
  std::optional<std::string> descr;
  std::optional<bool> column_order;
  std::optional<std::vector<std::uint64_t>> shape;
};

/// The dictionary of the header: the few forms of Python's literals that NumPy writes.
class Literal {
 public:
  Literal(std::string_view text, std::size_t offset, const std::string& name)
      : text_(text), offset_(offset), name_(name) {}

  Description read() {
    Description found;
    expect('{');
    while (!take('}')) {
      const std::string key = string();
      expect(':');
      read_entry(key, found);
      if (!take(',') && !peek('}')) fail("',' or '}' is missing");
    }
    skip_space();
    if (at_ != text_.size()) fail("something follows the dictionary");
    if (!found.descr || !found.column_order || !found.shape) fail("descr, fortran_order or shape is missing");
    return found;
  }

  [[noreturn]] void fail(const std::string& what, const std::string& mend = {}) const {
    throw TraceError("header of the .npy: " + what, Where::at_byte(name_, offset_ + at_), mend);
  }

 private:
  void read_entry(const std::string& key, Description& found) {
    if (key == "descr" && !found.descr) {
      if (peek('[')) fail("records are no tensor", "save each field as an array of its own");
      found.descr = string();
    } else if (key == "fortran_order" && !found.column_order) {
      found.column_order = boolean();
    } else if (key == "shape" && !found.shape) {
      found.shape = tuple();
    } else {
      fail(fmt::format("'{}' stands twice or is unknown", printable(key)));
    }
  }

  static std::string printable(std::string_view text) {
    std::string out(text.substr(0, 40));
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return out;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool peek(char c) {
    skip_space();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool take(char c) {
    const bool there = peek(c);
    if (there) ++at_;
    return there;
  }
  void expect(char c) {
    if (!take(c)) fail(fmt::format("'{}' is missing", c));
  }
  bool take_word(std::string_view word) {
    skip_space();
    const bool there = text_.substr(at_).starts_with(word);
    if (there) at_ += word.size();
    return there;
  }

  std::string string() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail("a text in quotes is missing");
    const std::size_t end = text_.find(quote, at_ + 1);
    const std::string_view content = text_.substr(at_ + 1, end == std::string_view::npos ? 0 : end - at_ - 1);
    if (end == std::string_view::npos || content.find('\\') != std::string_view::npos)
      fail("a text does not end, or has escapes");
    at_ = end + 1;
    return std::string(content);
  }

  bool boolean() {
    if (take_word("True")) return true;
    if (!take_word("False")) fail("fortran_order is neither True nor False");
    return false;
  }

  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> extents;
    expect('(');
    while (!take(')')) {
      extents.push_back(number());
      if (extents.size() > most_dimensions) fail(fmt::format("more than {} dimensions", most_dimensions));
      if (!take(',') && !peek(')')) fail("',' or ')' is missing in the shape");
    }
    return extents;
  }

  std::uint64_t number() {
    skip_space();
    std::uint64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [stop, status] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (status != std::errc()) fail("a dimension is no number from 0 to 2^64 - 1");
    at_ += static_cast<std::size_t>(stop - begin);
    static_cast<void>(take('L'));  // Python 2 wrote 12L
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t offset_;
  const std::string& name_;
};

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

/// Where the dictionary lies in the file.
struct HeaderPlace {
  std::size_t begin = 0, size = 0;
};

HeaderPlace header_place(std::span<const std::byte> file, const std::string& name) {
  const auto fail = [&](std::size_t at, const std::string& what, const std::string& mend = {}) {
    throw TraceError(what, Where::at_byte(name, at), mend);
  };
  if (!is_npy(file)) fail(0, "is no .npy: the magic number is missing");
  if (file.size() < magic.size() + 2) fail(file.size(), "ends within the header");
  const auto major = std::to_integer<unsigned>(file[magic.size()]);
  if (major < 1 || major > 3)
    fail(magic.size(), fmt::format("version {} of the .npy format is unknown", major), "save it with NumPy again");
  const std::size_t length_bytes = major == 1 ? 2 : 4, at = magic.size() + 2, begin = at + length_bytes;
  if (file.size() < begin) fail(file.size(), "ends within the header");
  const std::uint64_t size = little_endian(file.subspan(at, length_bytes));
  if (size > file.size() - begin) fail(at, fmt::format("a header of {} bytes leaves the file", size));
  if (size > most_literal) fail(at, fmt::format("a header of {} bytes is too long", size));
  return {begin, static_cast<std::size_t>(size)};
}

Literal literal_of(std::span<const std::byte> file, const HeaderPlace& place, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + place.begin, place.size);
  return {text, place.begin, name};
}

std::optional<ElementType> type_of_code(std::string_view code) {
  static constexpr std::pair<std::string_view, ElementType> raw[] = {{"V1", ElementType::uint8},
                                                                     {"V2", ElementType::uint16},
                                                                     {"V4", ElementType::uint32},
                                                                     {"V8", ElementType::uint64}};
  for (const auto& [name, type] : raw)
    if (name == code) return type;
  for (const ElementInfo& info : element_types())
    if (!code.empty() && info.npy == code) return info.type;
  return std::nullopt;
}

ElementType type_of(const std::string& descr, const Literal& header) {
  const std::string_view code = std::string_view(descr).substr(descr.empty() ? 0 : 1);
  const char order = descr.empty() ? '?' : descr.front();
  const std::optional<ElementType> type = type_of_code(code);
  if (code.starts_with('O')) header.fail("objects are pickles, which are never read", "save plain numbers");
  if (!type || std::string_view("<>|=").find(order) == std::string_view::npos)
    header.fail(fmt::format("the type '{}' is not supported", descr),
                "float16, float32, float64, bool and integers of 1 to 8 bytes are");
  if (order == '>' && element_info(*type).bytes > 1)
    header.fail(fmt::format("'{}' is big-endian", descr), "save array.astype(array.dtype.newbyteorder('<'))");
  return *type;
}

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string out;
  for (const std::uint64_t extent : shape) out += fmt::format("{}{},", out.empty() ? "" : " ", extent);
  if (shape.size() > 1) out.pop_back();
  return "(" + out + ")";
}

}  // namespace

bool is_npy(std::span<const std::byte> head) {
  return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin(), [](char a, std::byte b) {
           return std::byte{static_cast<unsigned char>(a)} == b;
         });
}

TensorLayout read_npy_layout(std::span<const std::byte> file, const std::string& name) {
  const HeaderPlace place = header_place(file, name);
  Literal header = literal_of(file, place, name);
  const Description found = header.read();
  StoredTensor tensor;
  tensor.type = type_of(*found.descr, header);
  tensor.stored_as = *found.descr;
  tensor.shape = *found.shape;
  tensor.offset = place.begin + place.size;
  const std::optional<std::uint64_t> values = count_of(tensor.shape, element_info(tensor.type).bytes);
  if (!values) header.fail("the shape has more values than any memory");
  tensor.values = *values;
  const std::uint64_t there = file.size() - tensor.offset;
  if (tensor.bytes() != there)
    throw TraceError(fmt::format("the shape {} of {} needs {} bytes, {} are there", shape_text(tensor.shape),
                                 tensor.stored_as, tensor.bytes(), there),
                     Where::at_byte(name, tensor.offset), "copy or save the file again");
  return {TensorFormat::npy, tensor.offset, {std::move(tensor)}};
}

bool npy_in_column_order(std::span<const std::byte> file, const std::string& name) {
  return *literal_of(file, header_place(file, name), name).read().column_order;
}

std::string npy_header(ElementType type, std::span<const std::uint64_t> shape) {
  const ElementInfo& info = element_info(type);
  const std::string_view code = !info.npy.empty() ? info.npy : info.bytes == 1 ? "u1" : "i2";
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                 info.bytes == 1 ? '|' : '<', code, shape_text(shape));
  const std::size_t fixed = magic.size() + 4;
  text.append(alignment - 1 - (fixed + text.size()) % alignment, ' ').push_back('\n');
  std::string header(magic);
  header += {'\x01', '\0', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace vramlab
