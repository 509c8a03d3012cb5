// A room can include only what it names: the compiler itself is asked.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tree.h"

namespace vramlab::house {
namespace {

using testing::IsSubsetOf;

std::set<std::string> allowed_rooms(const Room& room) {
  std::set<std::string> allowed(room.uses.begin(), room.uses.end());
  allowed.insert(room.name);
  return allowed;
}

std::vector<std::string> headers(const Room& room) { return files(room.folder, {".h", ".cuh"}); }

/// Runs the compiler on `source` with the room's include folders.
struct Compiled {
  bool succeeded;
  std::string output;
};
Compiled compile(const Rules& rules, const Room& room, const std::string& source, const std::string& mode) {
  // Each test case is a process of its own and several may run at once, of several trees too.
  const std::string stem = testing::TempDir() + "vramlab_room_" + std::to_string(getpid()) + "_" + room.name;
  std::ofstream(stem + ".cpp") << source;
  std::string command = "'" + rules.compiler + "' -std=c++20 " + mode;
  for (const std::string& folder : room.includes)
    if (folder != "/usr/include") command += " -I'" + folder + "'";  // the compiler looks there anyway, and last
  command += " '" + stem + ".cpp' > '" + stem + ".txt' 2>&1";
  const int status = std::system(command.c_str());
  Compiled compiled{status == 0, read_text(stem + ".txt")};
  std::filesystem::remove(stem + ".cpp");
  std::filesystem::remove(stem + ".txt");
  return compiled;
}

std::string include(const std::string& header) { return "#include \"" + header + "\"\n"; }

TEST(RoomRules, ARoomFindsTheHeadersOfTheRoomsItNamesAndNoOthers) {
  const Rules rules = read_rules();
  for (const Room& room : rules.rooms) {
    std::string source;
    std::set<std::string> expected;
    for (const Room& other : rules.rooms)
      for (const std::string& header : headers(other)) {
        source += "#if __has_include(\"" + header + "\")\nfound " + header + "\n#endif\n";
        if (allowed_rooms(room).contains(other.name)) expected.insert("found " + header);
      }
    const Compiled compiled = compile(rules, room, source, "-E -P");
    ASSERT_TRUE(compiled.succeeded) << compiled.output;
    const std::vector<std::string> found = lines_of(compiled.output);
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), expected) << "room " << room.name;
  }
}

TEST(RoomRules, IncludingARoomThatIsNotNamedFailsToCompile) {
  const Rules rules = read_rules();
  std::size_t tried = 0;
  for (const Room& room : rules.rooms)
    for (const Room& other : rules.rooms) {
      if (allowed_rooms(room).contains(other.name) || headers(other).empty()) continue;
      const std::string header = headers(other).front();
      const Compiled compiled = compile(rules, room, include(header), "-fsyntax-only");
      EXPECT_FALSE(compiled.succeeded) << room.name << " could include " << header;
      EXPECT_THAT(compiled.output, testing::HasSubstr(header)) << "it failed for another reason";
      ++tried;
    }
  EXPECT_GT(tried, 10U);
}

TEST(RoomRules, HeadersOfNamedRoomsCompileOnTheirOwn) {
  const Rules rules = read_rules();
  for (const Room& room : rules.rooms) {
    for (const std::string& header : headers(room)) {
      const Compiled compiled = compile(rules, room, include(header), "-fsyntax-only");
      EXPECT_TRUE(compiled.succeeded) << header << "\n" << compiled.output;
    }
  }
}

TEST(RoomRules, RoomsNameOnlyWhatTheArchitectureAllows) {
  const std::set<std::string> engine = {"core", "config",   "device", "coloring", "padic", "pool",
                                        "swap", "pressure", "store",  "system",   "replay"};
  auto with = [](std::set<std::string> rooms, const std::set<std::string>& more) {
    rooms.insert(more.begin(), more.end());
    return rooms;
  };
  const std::map<std::string, std::set<std::string>> architecture = {
      {"core", {}},
      {"config", {"core"}},
      {"device", {"core"}},
      {"coloring", {"core"}},
      {"padic", {"device", "core"}},
      {"pool", {"coloring", "device", "core"}},
      {"swap", {"coloring", "device", "core"}},
      {"pressure", {"swap", "pool", "padic", "coloring", "device", "config", "core"}},
      {"store", {"pressure", "swap", "pool", "padic", "coloring", "device", "config", "core"}},
      {"system", {"store", "pressure", "swap", "pool", "padic", "coloring", "device", "config", "core"}},
      {"traces", {"core"}},
      {"replay", with(engine, {"traces"})},
      {"cuda", with(engine, {"traces"})},
      {"sim", engine},
      {"gui", with(engine, {"sim", "traces"})},
      {"experiments", with(engine, {"sim", "traces", "cuda", "gui"})},
  };
  const Rules rules = read_rules();
  EXPECT_GE(rules.rooms.size(), 9U);
  for (const Room& room : rules.rooms) {
    ASSERT_TRUE(architecture.contains(room.name)) << room.name << " is no room of the architecture";
    EXPECT_THAT(room.uses, IsSubsetOf(architecture.at(room.name))) << "room " << room.name;
  }
}

/// What stands between quotes in the #include lines of a file.
std::vector<std::string> quoted_includes(const std::string& file) {
  std::vector<std::string> included;
  for (const std::string& line : lines_of(read_text(root / file)))
    if (line.starts_with("#include \"")) included.push_back(split(line, '"').at(1));
  return included;
}

TEST(RoomRules, RoomsIncludeByPathFromTheRootAndNeverATest) {
  const Rules rules = read_rules();
  for (const Room& room : rules.rooms)
    for (const std::string& file : files(room.folder, {".h", ".cpp", ".cu", ".cuh"}))
      for (const std::string& included : quoted_includes(file)) {
        const bool of_a_room = std::ranges::any_of(
            rules.rooms, [&](const Room& other) { return included.starts_with(other.folder + "/"); });
        EXPECT_TRUE(of_a_room) << file << " includes \"" << included << "\"";
      }
}

TEST(RoomRules, NoIncludeClimbsWithDots) {
  for (const std::string& file : files("", {".h", ".cpp", ".cu", ".cuh"}))
    for (const std::string& included : quoted_includes(file))
      EXPECT_EQ(included.find(".."), included.npos) << file << " includes \"" << included << "\"";
}

}  // namespace
}  // namespace vramlab::house
