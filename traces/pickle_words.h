#pragma once
// The words a reader knows: told apart from all other text in one look at a table.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "traces/pickle_value.h"

namespace vramlab::pickle {

/// Word i + 1 is words[i]. The table is laid out at compile time; words that cannot be told apart do not compile.
class Vocabulary {
 public:
  consteval explicit Vocabulary(std::span<const std::string_view> words) : words_(words) {
    while (!fill()) factor_ = factor_ * 5 + 2;  // next odd number
  }

  Word find(std::string_view text) const {
    const Word word = table_[bucket(text)];
    return word != 0 && words_[word - 1u] == text ? word : Word{0};
  }
  constexpr std::string_view text(Word word) const { return words_[word - 1u]; }

 private:
  static constexpr std::size_t buckets = 512;

  constexpr std::size_t bucket(std::string_view text) const {
    if (text.empty()) return 0;
    const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t mix = byte(0) | byte(text.size() / 2) << 8 | byte(text.size() - 1) << 16 |
                              static_cast<std::uint32_t>(text.size()) << 24;
    return mix * factor_ >> 23;
  }
  constexpr bool fill() {
    table_ = {};
    for (std::size_t i = 0; i < words_.size(); ++i) {
      Word& entry = table_[bucket(words_[i])];
      if (entry != 0) return false;
      entry = static_cast<Word>(i + 1);
    }
    return true;
  }

  std::span<const std::string_view> words_;
  std::array<Word, buckets> table_{};
  std::uint32_t factor_ = 0x9e3779b1u;
};

}  // namespace vramlab::pickle
