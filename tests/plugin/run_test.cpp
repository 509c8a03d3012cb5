// vramlab run: what it refuses, what it tells the plug-in, and how the program's end becomes its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "engine/core/error.h"
#include "experiments/child_process.h"
#include "experiments/run_environment.h"
#include "run_program.h"

namespace vramlab::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const PluginFiles files{"/lib/libvramlab_torch.so", "/lib/vramlab/python"};

std::map<std::string, std::string> environment_for(const Settings& settings, const RunArguments& arguments = {},
                                                   const std::string& python_path = "") {
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : run_environment(arguments, settings, files, python_path)) variables[name] = value;
  return variables;
}

TEST(RunEnvironment, NamesThePluginsPoolWhereNobodyNamedOne) {
  const auto variables = environment_for(Settings());
  EXPECT_EQ(variables.at("VRAMLAB_POOL"), "vmm");
  EXPECT_EQ(variables.at("PYTHONPATH"), "/lib/vramlab/python");
  EXPECT_EQ(variables.at("VRAMLAB_LIBRARY"), "/lib/libvramlab_torch.so");
  EXPECT_EQ(variables.at("VRAMLAB_ALLOCATOR_OPTIONS"), "");
}

TEST(RunEnvironment, PassesOnOptionsThatSomebodySet) {
  Settings settings = settle_settings(
      {.settings = {{"pool", "pytorch"}, {"cap", "3GiB"}},
       .options = {"pytorch.max_split_size=64MiB", "allocator.cached_size=1MiB", "allocator.size_steps=16"},
       .option_sections = std::array<std::string_view, 2>{"pools", "allocator"},
       .config_file = {}});
  const auto variables = environment_for(settings, {.command = {}, .record = "r.vlt"}, "/mine");
  EXPECT_EQ(variables.at("VRAMLAB_POOL_OPTIONS"), "max_split_size=64MiB");
  EXPECT_EQ(variables.at("VRAMLAB_ALLOCATOR_OPTIONS"), "cached_size=1MiB,size_steps=16");
  EXPECT_EQ(variables.at("VRAMLAB_CAP"), "3GiB");
  EXPECT_EQ(variables.at("PYTHONPATH"), "/lib/vramlab/python:/mine");
  EXPECT_EQ(variables.at("VRAMLAB_RECORD"), (std::filesystem::current_path() / "r.vlt").string());
}

TEST(RunEnvironment, OnePoolAndOneThatAProgramCanRunOn) {
  const auto pool = [](const char* text) {
    Settings settings;
    settings.values.set("pool", text, "flag --pool");
    return pool_to_run(settings);
  };
  EXPECT_EQ(pool("smartpool"), "smartpool");
  EXPECT_THROW(pool("all"), ConfigError);
  EXPECT_THROW(pool("vmm,pytorch"), ConfigError);
  EXPECT_THROW(pool("offline"), ConfigError);
  EXPECT_THROW(pool("vmn"), ConfigError);
}

TEST(RunCommand, EndsAsTheProgramDid) {
  EXPECT_EQ(run_command({"/bin/sh", "-c", "exit 7"}, {}), 7);
  EXPECT_EQ(run_command({"sh", "-c", "test \"$VRAMLAB_POOL\" = vmm"}, {{"VRAMLAB_POOL", "vmm"}}), 0);
  EXPECT_EQ(run_command({"sh", "-c", "kill -TERM $$"}, {}), 128 + 15);
  EXPECT_EQ(run_command({"sh", "-c", "kill -KILL $$"}, {}), 128 + 9);
}

TEST(RunCommand, AProgramThatCannotBeStartedIsNamed) {
  try {
    run_command({"/no/such/program"}, {});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("/no/such/program"), HasSubstr("No such file")));
  }
}

TEST(RunCommand, SignalsOfTheProgramAreItsOwn) {  // this program ignores SIGPIPE
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(run_command({"sh", "-c", "kill -PIPE $$; exit 1"}, {}), 128 + 13);
}

TEST(RunCommand, WhatWasIgnoredStaysIgnored) {  // as nohup has it
  std::signal(SIGHUP, SIG_IGN);
  EXPECT_EQ(run_command({"sh", "-c", "kill -HUP $$; exit 5"}, {}), 5);
  std::signal(SIGHUP, SIG_DFL);
  EXPECT_EQ(run_command({"sh", "-c", "kill -HUP $$; exit 5"}, {}), 128 + 1);
}

TEST(InOwnProcess, FailuresComeBackAsTheyWere) {
  EXPECT_NO_THROW(in_own_process([] {}));
  EXPECT_THROW(in_own_process([] { throw HardwareMissing("no GPU"); }), HardwareMissing);
  EXPECT_THROW(in_own_process([] { throw DeviceError("broken"); }), DeviceError);
}

// --- The verb --------------------------------------------------------------------------------------------------------

bool has_gpu() { return std::filesystem::exists("/dev/nvidia0"); }

TEST(Run, WithoutAGpuNothingIsStarted) {
  if (has_gpu()) GTEST_SKIP() << "there is a GPU here";
  const ScratchFolder scratch;
  const Ran ran = run_program({"run", "--pool", "vmm", "--", "/bin/sh", "-c", "touch " + scratch / "started"});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(scratch / "started"));
}

TEST(Run, RefusesWhatItCannotDo) {
  const auto refused = [](std::vector<std::string> arguments, const char* why) {
    arguments.insert(arguments.begin(), "run");
    arguments.insert(arguments.end(), {"--", "true"});
    const Ran ran = run_program(arguments);
    EXPECT_EQ(ran.exit_code, 2) << why;
    EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(why));
  };
  refused({"--serve"}, "--serve: there is no dashboard");
  refused({"--pool", "offline"}, "offline");
  refused({"--pool", "all"}, "one pool");
  refused({"--set", "allocator.cached_siz=1"}, "cached_size");
  refused({"--set", "pytorch.max_split_size=1MiB"}, "takes no part");
  EXPECT_EQ(run_program({"run"}).exit_code, 2);
}

TEST(Run, OptionsOfTheAllocatorAreSettings) {
  const ScratchFolder scratch;
  write_file(scratch / "vramlab.yaml", "allocator:\n  cached_size: 1MiB\n");
  const RunSetup setup{{{"VRAMLAB_ALLOCATOR_SIZE_STEPS", "16"}}, scratch.path()};
  const Ran ran = run_program({"config", "show", "--format", "csv"}, setup);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("allocator.cached_size,1MiB,file vramlab.yaml:2"),
                             HasSubstr("allocator.size_steps,16,environment VRAMLAB_ALLOCATOR_SIZE_STEPS")))
      << ran.err;
}

}  // namespace
}  // namespace vramlab::test
