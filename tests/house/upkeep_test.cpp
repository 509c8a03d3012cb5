// Every room has its page, every registry row explains itself, files stay short, texts name no machine.

#include <gtest/gtest.h>

#include <set>

#include "engine/coloring/solver.h"
#include "engine/core/registry.h"
#include "engine/pool/pool.h"
#include "sim/machine.h"
#include "traces/generate.h"
#include "traces/reader.h"
#include "tree.h"

namespace vramlab::house {
namespace {

constexpr std::size_t longest_file = 400;  // lines

TEST(Upkeep, EveryRoomHasAPage) {
  std::vector<std::string> folders = {"engine/cuda", "engine/padic",  "engine/pressure", "engine/store",
                                      "engine/swap", "engine/system", "experiments",     "gui",
                                      "results",     "tests"};
  for (const Room& room : read_rules().rooms) folders.push_back(room.folder);
  for (const std::string& folder : folders) {
    ASSERT_TRUE(std::filesystem::is_regular_file(root / folder / "README.md")) << folder << " has no README.md";
    EXPECT_TRUE(read_text(root / folder / "README.md").starts_with("# ")) << folder;
  }
}

void expect_line(const std::string& what, std::string_view text) {
  EXPECT_FALSE(text.empty()) << what << " says nothing of itself";
  EXPECT_EQ(text.find('\n'), text.npos) << what << " says more than a line";
}

/// Names are unique and every row has a summary. `what` is the table's name.
template <class Table>
void expect_rows(const std::string& what, const Table& table) {
  EXPECT_FALSE(table.empty()) << what;
  std::set<std::string_view> names;
  for (const auto& row : table) {
    expect_line(what + " " + std::string(row.name), row.summary);
    EXPECT_TRUE(names.insert(row.name).second) << what << " " << row.name << " stands twice";
  }
}

/// Every option has its reason, and a default that it accepts.
template <class Table>
void expect_options(const std::string& what, const Table& table) {
  for (const auto& row : table) {
    const std::string owner = what + " " + std::string(row.name);
    OptionValues values(owner, row.options);
    for (const OptionSpec& option : row.options) {
      expect_line(owner + ": option " + std::string(option.name), option.reason);
      EXPECT_NO_THROW(values.set(option.name, option.default_text, "test")) << owner << ": " << option.name;
    }
  }
}

TEST(Upkeep, EveryRowOfARegistryExplainsItself) {
  expect_rows("pool", pools());
  expect_rows("solver", solvers());
  expect_rows("reader", readers());
  expect_rows("generator", generators());
}

TEST(Upkeep, EveryOptionHasAReasonAndAcceptsItsDefault) {
  expect_options("pool", pools());
  expect_options("solver", solvers());
  expect_options("generator", generators());
}

TEST(Upkeep, EveryMachineSaysWhatItIsAndWhereItsFiguresComeFrom) {
  EXPECT_FALSE(machine_names().empty());
  for (std::string_view name : machine_names()) {
    const MachineModel machine = load_machine(std::string(name));
    expect_line("machine " + std::string(name), machine.description);
    EXPECT_FALSE(machine.source.empty()) << name;
  }
}

TEST(Upkeep, FilesAreShort) {
  const std::vector<std::string> sources = files("", {".h", ".cpp", ".cu", ".cuh"});
  EXPECT_GT(sources.size(), 30U);
  for (const std::string& file : sources) EXPECT_LT(lines_of(read_text(root / file)).size(), longest_file) << file;
}

// A script that failed once left a page without its figures.
TEST(Upkeep, EveryPageOfResultsHasFiguresAndIsListed) {
  constexpr std::size_t least_rows = 3;  // of tables, head and rule not counted
  const std::string list = read_text(root / "results/README.md");
  std::size_t pages = 0;
  for (const std::string& file : files("results", {".md"})) {
    const std::filesystem::path page(file);
    if (page.parent_path() != "results" || page.filename() == "README.md") continue;
    ++pages;
    std::size_t rows = 0;
    for (const std::string_view line : lines_of(read_text(root / file)))
      if (line.starts_with("|") && line.find_first_of("0123456789") != line.npos) ++rows;
    EXPECT_GE(rows, least_rows) << file << " has hardly a figure";
    EXPECT_NE(list.find("(" + page.filename().string() + ")"), list.npos) << "results/README.md does not list " << file;
  }
  EXPECT_GT(pages, 10U);
}

TEST(Upkeep, NoTextNamesAPlaceOfOneMachine) {
  // Written in two halves, so that this file does not name one itself.
  const std::vector<std::string> places = {std::string("/ro") + "ot/", std::string("/wo") + "rk/",
                                           std::string("/ho") + "me/"};
  for (const std::string& file : files("", {".md", ".h", ".cpp", ".cmake", ".txt", ".json", ".yaml", ".py"}))
    for (const std::string& place : places)
      EXPECT_EQ(read_text(root / file).find(place), std::string::npos) << file << " names " << place;
}

}  // namespace
}  // namespace vramlab::house
