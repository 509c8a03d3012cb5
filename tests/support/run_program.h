#pragma once
// Runs the program as a user would: arguments, environment and folder in; exit code, stdout and stderr out.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace vramlab::test {

/// A folder of its own for each test, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vramlab-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test can be made");
    path_ = name;
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

struct Ran {
  int exit_code = -1;  ///< -1: ended by a signal
  std::string out, err;
};

/// How to run: variables on top of a clean environment (TERM is set, nothing of ours), working folder.
struct RunSetup {
  std::vector<std::pair<std::string, std::string>> environment;
  std::string folder;
};

inline void clean_environment(const RunSetup& setup) {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (text.starts_with("VRAMLAB_")) names.push_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  for (const auto& [name, value] : setup.environment) setenv(name.c_str(), value.c_str(), 1);
}

/// In the child: becomes the program. Never returns.
[[noreturn]] inline void become_program(const std::vector<std::string>& arguments, const RunSetup& setup) {
  clean_environment(setup);
  if (!setup.folder.empty() && chdir(setup.folder.c_str()) != 0) _exit(126);
  std::vector<char*> argv{const_cast<char*>(VRAMLAB_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(VRAMLAB_PROGRAM, argv.data());
  _exit(127);
}

inline int exit_code_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// stdout goes to the open file `out`, which is closed here; stderr is captured.
inline Ran run_into(int out, const std::vector<std::string>& arguments, const RunSetup& setup) {
  const ScratchFolder scratch;
  const int err = open((scratch / "err").c_str(), O_CREAT | O_WRONLY, 0600);
  const pid_t child = fork();
  if (child == 0) {
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    become_program(arguments, setup);
  }
  close(out);
  close(err);
  Ran ran;
  ran.exit_code = exit_code_of(child);
  ran.err = read_file(scratch / "err");
  return ran;
}

inline Ran run_program(const std::vector<std::string>& arguments, const RunSetup& setup = {}) {
  const ScratchFolder scratch;
  Ran ran = run_into(open((scratch / "out").c_str(), O_CREAT | O_WRONLY, 0600), arguments, setup);
  ran.out = read_file(scratch / "out");
  return ran;
}

/// Both streams are one terminal; `out` holds what it showed.
inline Ran run_on_terminal(const std::vector<std::string>& arguments, const RunSetup& setup = {}) {
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) become_program(arguments, setup);
  Ran ran;
  std::array<char, 4096> part{};
  for (ssize_t n = 0; (n = read(terminal, part.data(), part.size())) > 0;)
    ran.out.append(part.data(), static_cast<std::size_t>(n));
  close(terminal);
  ran.exit_code = exit_code_of(child);
  return ran;
}

/// A small generated recording at `path`.
inline void generate_trace_file(const std::string& path, const std::string& generator = "transformer") {
  const Ran ran = run_program({"trace", "generate", generator, "--events", "2000", "--seed", "7", "--out", path});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
}

inline std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace vramlab::test
