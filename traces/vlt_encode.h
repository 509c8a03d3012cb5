#pragma once
// Columns of a .vlt chunk, written.

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "traces/vlt_format.h"

namespace vramlab::vlt {

/// Builds the plain bytes of one chunk. A visitor of visit_columns(); empty columns are left out.
class Encoder {
 public:
  /// `allocated` and `operators` = those in chunks before this one.
  Encoder(std::uint64_t allocated, std::uint64_t operators) : allocated_(allocated), operators_(operators) {}

  const std::vector<std::uint8_t>& bytes() const { return out_; }

  /// What belongs to the file as a whole; comes before visit_columns(). Empty texts and zero notes are left out.
  void heading(const std::string& trace_name, const std::string& format, const TraceNotes& notes);

  template <class T>
  void numbers(Column column, Coding coding, const std::vector<T>& values, Range rows) {
    if (values.empty()) return;  // not recorded
    words(column, coding, rows, [&values](std::size_t i) { return to_word(values[i]); });
  }

  template <class Record, class... Members>
  void records(Column first, const std::vector<Record>& values, Range rows, Members... members) {
    auto column = static_cast<std::uint8_t>(first);
    const auto member_column = [&](auto member) {
      words(static_cast<Column>(column++), Coding::delta, rows,
            [&values, member](std::size_t i) { return to_word(values[i].*member); });
    };
    (member_column(members), ...);
  }

  void texts(Column column, const std::vector<std::string>& values, Range rows);
  void pairs(Column column, const std::vector<std::pair<std::string, std::string>>& values, Range rows);
  void lists(Column counts, Column values, const Lists& lists, Range rows);
  /// Throws TraceError where an alloc or op is not the next one.
  void events(const Trace& trace, Range rows);

 private:
  void begin_column() { body_.clear(); }
  void end_column(Column column, std::size_t rows);
  static void put(std::vector<std::uint8_t>& out, std::uint64_t word) {
    for (; word >= 0x80; word >>= 7) out.push_back(static_cast<std::uint8_t>(word | 0x80));
    out.push_back(static_cast<std::uint8_t>(word));
  }
  void put_text(std::string_view text);

  template <class WordAt>
  void words(Column column, Coding coding, Range rows, WordAt&& word_at) {
    begin_column();
    if (coding == Coding::plain)
      for (std::size_t i = rows.begin; i < rows.end; ++i) put(body_, word_at(i));
    if (coding == Coding::delta) {
      std::uint64_t previous = 0;
      for (std::size_t i = rows.begin; i < rows.end; previous = word_at(i), ++i)
        put(body_, zigzag(word_at(i) - previous));
    }
    if (coding == Coding::dictionary) dictionary(rows, word_at);
    end_column(column, rows.size());
  }

  template <class WordAt>
  void dictionary(Range rows, WordAt&& word_at) {
    dictionary_.clear();
    indices_.clear();
    std::vector<std::uint8_t> entries;
    std::uint64_t previous = 0;
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
      const std::uint64_t word = word_at(i);
      const auto [found, is_new] = dictionary_.try_emplace(word, dictionary_.size());
      if (is_new) {
        put(entries, zigzag(word - previous));
        previous = word;
      }
      put(indices_, found->second);
    }
    put(body_, dictionary_.size());
    body_.insert(body_.end(), entries.begin(), entries.end());
    body_.insert(body_.end(), indices_.begin(), indices_.end());
  }

  std::uint64_t allocated_;
  std::uint64_t operators_;
  std::vector<std::uint8_t> out_;
  std::vector<std::uint8_t> body_;  // of the column being built
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> dictionary_;
  std::vector<std::uint8_t> indices_;
};

}  // namespace vramlab::vlt
