#include <gmock/gmock.h>

#include <sstream>

#include "experiments/verb.h"
#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> words(std::string_view name) {
  std::istringstream in{std::string(name)};
  return {std::istream_iterator<std::string>(in), {}};
}

TEST(Help, EveryVerbShowsAnExampleOfItself) {
  ASSERT_FALSE(verbs().empty());
  for (const VerbInfo& verb : verbs()) {
    std::vector<std::string> arguments = words(verb.name);
    arguments.push_back("--help");
    const Ran ran = run_program(arguments);
    EXPECT_EQ(ran.exit_code, 0) << verb.name;
    EXPECT_EQ(ran.err, "") << verb.name;
    EXPECT_THAT(ran.out, HasSubstr("Example:\n  vramlab ")) << verb.name;
    EXPECT_THAT(ran.out, HasSubstr("vramlab " + std::string(verb.name))) << verb.name;
  }
}

TEST(Help, EveryVerbShowsTheFlagOfEachOfItsSettings) {
  for (const VerbInfo& verb : verbs()) {
    std::vector<std::string> arguments = words(verb.name);
    arguments.push_back("--help");
    const Ran ran = run_program(arguments);
    for (std::string_view setting : verb.settings) EXPECT_THAT(ran.out, HasSubstr(flag_of(setting))) << verb.name;
  }
}

TEST(Help, OfTheProgramNamesEveryVerbAndAnExample) {
  const Ran ran = run_program({"--help"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.out, HasSubstr("Example:"));
  for (const VerbInfo& verb : verbs()) EXPECT_THAT(ran.out, HasSubstr("\n  " + words(verb.name).front()));
}

TEST(Help, OfAGroupNamesItsVerbs) {
  const Ran ran = run_program({"trace", "--help"});
  EXPECT_EQ(ran.exit_code, 0);
  for (const char* verb : {"info", "convert", "generate"}) EXPECT_THAT(ran.out, HasSubstr(verb));
  EXPECT_THAT(ran.out, Not(HasSubstr("schema")));
}

TEST(Help, TheVersionIsOneLineOnStdout) {
  const Ran ran = run_program({"--version"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.out, ::testing::MatchesRegex("vramlab [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace vramlab::test
