#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/replay/report.h"

namespace vramlab {
namespace {

using ReadRow = std::vector<std::pair<std::string, FieldValue>>;

/// Walks over the text and tells how far it got: the parser does not tell its handler where it is.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::uint64_t* count) : at_(at), count_(count) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  std::uint64_t* count_;
};

/// Takes one array of flat objects and refuses all else where it begins, so that nesting cannot grow.
class RowsHandler {
 public:
  RowsHandler(const std::string& name, const std::uint64_t& count) : name_(name), count_(count) {}
  std::vector<ReadRow> take() { return std::move(rows_); }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return value < 0 ? add(value) : add(std::uint64_t{0}); }  // "-0"
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) { refuse("binary value"); }

  bool start_array(std::size_t) {
    if (in_array_) refuse("an array inside the array");
    return in_array_ = true;
  }
  bool end_array() { return true; }
  bool start_object(std::size_t) {
    if (!in_array_) refuse("an object outside the array");
    if (in_object_) refuse("an object inside an object");
    rows_.emplace_back();
    return in_object_ = true;
  }
  bool end_object() {
    in_object_ = false;
    return true;
  }
  bool key(std::string& key) {
    for (const auto& [known, value] : rows_.back())
      if (known == key) refuse(fmt::format("field '{}' twice in one object", key));
    rows_.back().emplace_back(std::move(key), nullptr);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::json::exception&) {
    refuse_at(position, token.empty() ? "unexpected end" : fmt::format("not JSON at '{}'", token));
  }

 private:
  bool add(FieldValue value) {
    if (!in_object_) refuse("a value outside an object");
    rows_.back().back().second = std::move(value);
    return true;
  }
  [[noreturn]] void refuse(const std::string& what) const { refuse_at(count_, what); }
  [[noreturn]] void refuse_at(std::uint64_t characters_read, const std::string& what) const {
    throw TraceError("results: " + what, Where::at_byte(name_, characters_read == 0 ? 0 : characters_read - 1),
                     "results are one array of flat objects, as --format json writes them");
  }

  const std::string& name_;
  const std::uint64_t& count_;
  std::vector<ReadRow> rows_;
  bool in_array_ = false;
  bool in_object_ = false;
};

}  // namespace

std::vector<ReadRow> read_rows(std::string_view json, const std::string& name) {
  std::uint64_t count = 0;
  RowsHandler handler(name, count);
  nlohmann::json::sax_parse(CountingIterator(json.data(), &count), CountingIterator(json.data() + json.size(), &count),
                            &handler);
  return handler.take();
}

}  // namespace vramlab
