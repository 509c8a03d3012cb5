#pragma once
// Runs scripts of the tree by python3, where there is one.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace vramlab::testing {

struct RanPython {
  int exit_code = -1;
  std::string output;  ///< stdout and stderr
};

inline RanPython run_python(const std::string& words) {
  RanPython ran;
  FILE* const pipe = ::popen(("PYTHONDONTWRITEBYTECODE=1 python3 " + words + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> part{};
  for (std::size_t read; (read = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    ran.output.append(part.data(), read);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

inline bool has_python() { return run_python("-c ''").exit_code == 0; }

/// A file of the tree as a word for a shell.
inline std::string in_tree(const std::string& path) { return "'" VRAMLAB_SOURCE_DIR "/" + path + "'"; }

/// A script of Python's unittest, and that it passes.
inline void expect_unit_tests_pass(const std::string& path) {
  const RanPython ran = run_python(in_tree(path));
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_TRUE(ran.output.ends_with("\nOK\n")) << ran.output;
}

}  // namespace vramlab::testing

#define SKIP_WITHOUT_PYTHON \
  if (!::vramlab::testing::has_python()) GTEST_SKIP() << "there is no python3 here"
