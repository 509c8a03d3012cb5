#pragma once
// Columns of a .vlt chunk, read. Nothing of the input is trusted: counts are checked before memory is taken for them.

#include <fmt/format.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "traces/vlt_format.h"

namespace vramlab::vlt {

/// Where a chunk stands, for messages.
struct Place {
  const std::string& name;
  std::uint64_t byte;
  [[noreturn]] void corrupt(const std::string& what) const {
    throw TraceError("corrupt .vlt: " + what, Where::at_byte(name, byte), "copy the file again, or record anew");
  }
};

/// The data of one column.
struct ColumnData {
  Column column{};
  std::size_t rows = 0;
  const std::uint8_t* at = nullptr;
  const std::uint8_t* end = nullptr;
  const Place* place = nullptr;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
  [[noreturn]] void corrupt(std::string_view what) const {
    place->corrupt(fmt::format("column {}: {}", static_cast<int>(column), what));
  }
  std::uint64_t word() {
    if (at != end && *at < 0x80) [[likely]]
      return *at++;
    return long_word();
  }
  std::uint64_t long_word();
  std::string_view text();
  void done() const {
    if (at != end) corrupt("bytes are left over");
  }
};

/// Takes a chunk's columns apart and appends them to a Trace. A visitor of visit_columns().
class Decoder {
 public:
  Decoder(std::span<const std::uint8_t> bytes, const Place& place, std::uint64_t allocated, std::uint64_t operators)
      : rest_(bytes), place_(place), allocated_(allocated), operators_(operators) {
    read_column();
  }

  std::uint64_t allocated() const { return allocated_; }
  std::uint64_t operators() const { return operators_; }

  /// What Encoder::heading() wrote: texts replace, notes add up.
  void heading(Trace& trace);

  template <class T>
  void numbers(Column column, Coding coding, std::vector<T>& values, Range) {
    if (!is_next(column)) return;
    const std::size_t base = values.size();
    values.resize(base + next_.rows);
    words(coding, [&values, base](std::size_t i, std::uint64_t word) {
      values[base + i] = from_word<T>(word);
      return fits_word<T>(word);
    });
  }

  template <class Record, class... Members>
  void records(Column first, std::vector<Record>& values, Range, Members... members) {
    if (!is_next(first)) return;
    const std::size_t base = values.size();
    values.resize(base + next_.rows);
    auto column = static_cast<std::uint8_t>(first);
    const auto member_column = [&](auto member) {
      if (!is_next(static_cast<Column>(column++)) || next_.rows != values.size() - base)
        place_.corrupt(fmt::format("column {} is missing or too short", column - 1));
      words(Coding::delta, [&values, base, member](std::size_t i, std::uint64_t word) {
        using Member = std::remove_reference_t<decltype(values[0].*member)>;
        values[base + i].*member = from_word<Member>(word);
        return fits_word<Member>(word);
      });
    };
    (member_column(members), ...);
  }

  void texts(Column column, std::vector<std::string>& values, Range);
  void pairs(Column column, std::vector<std::pair<std::string, std::string>>& values, Range);
  void lists(Column counts, Column values, Lists& lists, Range);
  void events(Trace& trace, Range);
  /// Throws when columns are left: unknown ones, or out of order.
  void done() const;

 private:
  bool is_next(Column column) const { return next_.column == column; }
  void read_column();

  /// Calls sink(row, word) for every row; the sink says whether the word fits.
  template <class Sink>
  void words(Coding coding, Sink&& sink) {
    if (next_.rows > next_.left()) next_.corrupt("more rows than bytes");
    bool fits = true;
    if (coding == Coding::plain)
      for (std::size_t i = 0; i < next_.rows; ++i) fits &= sink(i, next_.word());
    if (coding == Coding::delta) {
      std::uint64_t word = 0;
      for (std::size_t i = 0; i < next_.rows; ++i) fits &= sink(i, word += unzigzag(next_.word()));
    }
    if (coding == Coding::dictionary) fits = dictionary(sink);
    if (!fits) next_.corrupt("a number is out of range");
    next_.done();
    read_column();
  }

  template <class Sink>
  bool dictionary(Sink&& sink) {
    read_dictionary();
    bool fits = true;
    for (std::size_t i = 0; i < next_.rows; ++i) {
      const std::uint64_t index = next_.word();
      if (index >= dictionary_.size()) next_.corrupt("an index is beyond the dictionary");
      fits &= sink(i, dictionary_[index]);
    }
    return fits;
  }
  void read_dictionary();
  std::uint32_t read_subject(EventKind kind, Foresight& foresight, ColumnData& subjects);

  std::span<const std::uint8_t> rest_;
  const Place& place_;
  std::uint64_t allocated_;
  std::uint64_t operators_;
  ColumnData next_;  // column 0 at the end
  std::vector<std::uint64_t> dictionary_;
};

}  // namespace vramlab::vlt
