// The Python side, with a package that stands for torch: when it takes over, and when it does not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stub_torch.h"

namespace vramlab::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PluginPython : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_plugin()) GTEST_SKIP() << "built without CUDA: there is no libvramlab_torch.so";
  }
  static void expect_taken_over(const Ran& ran) {
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("vramlab_alloc vramlab_free"), HasSubstr("changed")));
  }

  PythonRun python_;
};

TEST_F(PluginPython, TakesOverOnceTorchIsImported) {
  const Ran ran = python_.run_code("print('before'); import torch; print('after')");
  expect_taken_over(ran);
  EXPECT_LT(ran.out.find("torch ends"), ran.out.find("changed"));
  EXPECT_LT(ran.out.find("changed"), ran.out.find("after"));
  for (const char* hook :
       {"set_init_fn", "set_reset_fn", "set_memory_fraction_fn", "set_base_alloc_fn", "set_record_stream_fn",
        "set_begin_allocate_to_pool", "set_end_allocate_to_pool_fn", "set_release_pool"})
    EXPECT_THAT(ran.out, HasSubstr(std::string("hook ") + hook + " True"));
}

TEST_F(PluginPython, LeavesAProgramWithoutTorchAlone) {
  const Ran ran = python_.run_code("import json, sys; print('vramlab_torch' in sys.modules, json.dumps([1]))");
  EXPECT_EQ(ran.out, "False [1]\n");
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(PluginPython, TorchMayBeImportedLateAndByAModule) {
  write_file(python_ / "late.py", "def work():\n    import torch.cuda.memory\n    print('late')\nwork()\n");
  expect_taken_over(python_.run({"-m", "late"}));
  expect_taken_over(python_.run({python_ / "late.py"}));
}

TEST_F(PluginPython, ChildrenOfTheProgramTakeOverToo) {
  const Ran ran =
      python_.run_code("import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'import torch']))");
  expect_taken_over(ran);
}

TEST_F(PluginPython, ATorchThatIsNotThereFailsAsEver) {
  std::filesystem::remove_all(python_ / "torch");
  const Ran ran = python_.run_code(
      "try:\n    import torch\nexcept ModuleNotFoundError as error:\n    print('missing', error.name)");
  EXPECT_EQ(ran.out, "missing torch\n");
}

TEST_F(PluginPython, ATorchThatFailsToImportIsTakenOverAtTheNextAttempt) {
  write_file(python_ / "torch/__init__.py",
             "import os\nif not os.environ.pop('READY', None):\n    os.environ['READY'] = '1'\n"
             "    raise ImportError('not yet')\nfrom . import cuda\n");
  const Ran ran = python_.run_code("try:\n    import torch\nexcept ImportError: print('once')\nimport torch");
  expect_taken_over(ran);
  EXPECT_THAT(ran.out, HasSubstr("once"));
}

TEST_F(PluginPython, CudaInUseAlreadyIsAnErrorThatEndsTheProgram) {
  python_.set("STUB_INITIALIZED=1");
  const Ran ran = python_.run_code("import torch; print('goes on')");
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.out, AllOf(Not(HasSubstr("changed")), Not(HasSubstr("goes on"))));
  EXPECT_THAT(ran.err, HasSubstr("CUDA is initialised already"));
}

TEST_F(PluginPython, AWrongPoolEndsTheProgramBeforeItBegins) {
  python_.set("VRAMLAB_POOL=vmn");
  const Ran ran = python_.run_code("import torch; print('goes on')");
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("VRAMLAB_POOL: 'vmn'"));
}

TEST_F(PluginPython, TheSitecustomizeThatItHidesIsRun) {
  std::filesystem::create_directories(python_ / "site");
  write_file(python_ / "site/sitecustomize.py", "print('site', __name__)\nvalue = 7\n");
  python_.add_path(python_ / "site");
  const Ran ran = python_.run_code("import sitecustomize, torch; print(sitecustomize.value)");
  expect_taken_over(ran);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("site sitecustomize\n"), HasSubstr("7\n")));
}

TEST_F(PluginPython, FunctionsThatWouldFailAreReplaced) {
  const Ran ran = python_.run_code("import torch; print(torch.cuda.memory_stats(), torch.cuda.memory_allocated())");
  EXPECT_THAT(ran.out, HasSubstr("OrderedDict")) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(" 0\n"));
}

TEST_F(PluginPython, ItCanBeInstalledByHandOnce) {
  python_.set("VRAMLAB_LIBRARY=");
  std::filesystem::create_directories(python_ / "a/b");
  const Ran ran = python_.run_code(
      "import os; os.environ['VRAMLAB_LIBRARY'] = '" + plugin_library +
      "'\nimport vramlab_torch as v\nv.install(pool='segment-block', allocator_options={'size_steps': 16})\n"
      "print(os.environ['VRAMLAB_POOL'], os.environ['VRAMLAB_ALLOCATOR_OPTIONS'])\n"
      "try: v.install()\nexcept v.VramlabError as error: print(error)");
  expect_taken_over(ran);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("segment-block size_steps=16"), HasSubstr("installed already")));
}

TEST_F(PluginPython, EachRankHasARecordingOfItsOwn) {
  const std::string tell =
      "import torch, ctypes; g = ctypes.CDLL(None).getenv; g.restype = ctypes.c_char_p; "
      "print(g(b'VRAMLAB_RECORD').decode())";
  python_.set("VRAMLAB_RECORD=/d.e/run.vlt");
  EXPECT_THAT(python_.run_code(tell).out, HasSubstr("\n/d.e/run.vlt\n"));
  python_.set("VRAMLAB_RECORD_OWNER=1");
  EXPECT_THAT(python_.run_code(tell).out, ::testing::ContainsRegex("/d.e/run.pid[0-9]+.vlt\n"));
  python_.set("RANK=3");
  EXPECT_THAT(python_.run_code(tell).out, HasSubstr("\n/d.e/run.rank3.vlt\n"));
}

}  // namespace
}  // namespace vramlab::test
