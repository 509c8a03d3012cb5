// engine/origins.md promises a place for every name of the source documents; what it names must exist.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tree.h"

namespace vramlab::house {
namespace {

using testing::Contains;

const std::set<std::string> documents = {"Genesis", "SmartPool", "AutoSwap", "Saraphis", "GPU store plan"};
const std::set<std::string> kinds = {"class", "method", "option", "default", "figure", "technique"};
const std::set<std::string> rooms = {"core", "config",   "device", "coloring",    "padic",  "pool",
                                     "swap", "pressure", "store",  "system",      "traces", "replay",
                                     "cuda", "sim",      "gui",    "experiments", "tests"};

/// A row of the table: | document | name | kind | figure | room | carried by | note |
struct Row {
  std::size_t line;
  std::string document, name, kind, figure, room, carried, note;
};

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" `");
  const auto last = text.find_last_not_of(" `");
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

std::vector<Row> read_rows() {
  std::vector<Row> rows;
  const std::vector<std::string> lines = lines_of(read_text(root / "engine/origins.md"));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("| ") || lines[i].starts_with("| document ")) continue;
    std::vector<std::string> cells = split(lines[i], '|');
    EXPECT_EQ(cells.size(), 9U) << "engine/origins.md:" << i + 1 << " has not seven cells";
    if (cells.size() != 9) continue;
    std::ranges::transform(cells, cells.begin(), trimmed);
    rows.push_back({i + 1, cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]});
  }
  return rows;
}

std::string at(const Row& row) {
  return "engine/origins.md:" + std::to_string(row.line) + " (" + row.document + ", " + row.name + ")";
}

bool promised(const Row& row) { return row.carried == "planned" || row.carried == "not carried"; }

TEST(Origins, EveryRowTellsItsDocumentKindAndRoom) {
  for (const Row& row : read_rows()) {
    EXPECT_THAT(documents, Contains(row.document)) << at(row);
    EXPECT_THAT(kinds, Contains(row.kind)) << at(row);
    EXPECT_THAT(rooms, Contains(row.room)) << at(row);
    EXPECT_FALSE(row.name.empty()) << at(row);
  }
}

TEST(Origins, EveryDocumentIsMapped) {
  std::map<std::string, int> count;
  for (const Row& row : read_rows()) ++count[row.document];
  for (const std::string& document : documents) EXPECT_GE(count[document], 30) << document;
}

TEST(Origins, NoNameOfADocumentIsMappedTwice) {
  std::map<std::string, std::size_t> seen;
  for (const Row& row : read_rows()) {
    const auto [first, is_new] = seen.emplace(row.document + "/" + row.kind + "/" + row.name, row.line);
    EXPECT_TRUE(is_new) << at(row) << " stands in line " << first->second << " too";
  }
}

TEST(Origins, EveryRowIsPlannedOrNotCarriedForAReasonOrNamesWhatCarriesIt) {
  for (const Row& row : read_rows()) {
    EXPECT_TRUE(promised(row) || row.carried.find(": ") != row.carried.npos) << at(row) << ": '" << row.carried << "'";
    if (row.carried == "not carried") {
      EXPECT_FALSE(row.note.empty()) << at(row) << " does not say why";
    }
  }
}

TEST(Origins, WhatCarriesARowExists) {
  std::size_t carried = 0;
  for (const Row& row : read_rows()) {
    if (promised(row)) continue;
    const std::size_t colon = row.carried.find(": ");
    ASSERT_NE(colon, row.carried.npos) << at(row);
    const std::string file = row.carried.substr(0, colon);
    const std::string name = row.carried.substr(colon + 2);
    ASSERT_TRUE(std::filesystem::is_regular_file(root / file)) << at(row) << ": no file " << file;
    EXPECT_TRUE(has_word(read_text(root / file), name)) << at(row) << ": no '" << name << "' in " << file;
    ++carried;
  }
  EXPECT_GT(carried, 0U);
}

TEST(Origins, AWordIsFoundWholeOnly) {
  EXPECT_TRUE(has_word("a.segment_size = 1;", "segment_size"));
  EXPECT_TRUE(has_word("segment_size", "segment_size"));
  EXPECT_FALSE(has_word("max_segment_size", "segment_size"));
  EXPECT_FALSE(has_word("segment_sizes", "segment_size"));
  EXPECT_TRUE(has_word("segment_sizes segment_size", "segment_size"));
}

}  // namespace
}  // namespace vramlab::house
