#pragma once
// A package named torch with what the plug-in's Python side touches, and a way to run Python beside it.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "run_program.h"

namespace vramlab::test {

inline const std::string plugin_python = VRAMLAB_SOURCE_DIR "/engine/cuda/plugin/python";
inline const std::string plugin_library = VRAMLAB_BINARY_DIR "/lib/libvramlab_torch.so";

inline bool has_plugin() { return std::filesystem::exists(plugin_library); }

/// Prints what the plug-in does to it.
inline void make_stub_torch(const std::string& folder) {
  std::filesystem::create_directories(folder + "/torch/cuda");
  write_file(folder + "/torch/__init__.py", "print('torch begins')\nfrom . import cuda\nprint('torch ends')\n");
  write_file(folder + "/torch/cuda/__init__.py",
             "import os\n"
             "def is_initialized(): return bool(os.environ.get('STUB_INITIALIZED'))\n"
             "def current_device(): return 0\n"
             "from .memory import *\n"
             "from . import memory\n");
  write_file(folder + "/torch/cuda/memory.py",
             "class _Hooks:\n"
             "    def __getattr__(self, name): return lambda function: print('hook', name, function != 0)\n"
             "class CUDAPluggableAllocator:\n"
             "    def __init__(self, path, alloc, free): print('allocator', path, alloc, free)\n"
             "    def allocator(self): return _Hooks()\n"
             "def change_current_allocator(allocator): print('changed')\n"
             "def memory_stats(device=None): raise RuntimeError('not supported')\n"
             "def memory_allocated(device=None): return memory_stats(device)['allocated_bytes.all.current']\n");
}

/// A folder with the stub, and python3 run in it as `vramlab run` would start it.
class PythonRun {
 public:
  PythonRun() { make_stub_torch(scratch_.path()); }

  std::string operator/(const std::string& name) const { return scratch_ / name; }
  /// More variables, "NAME=value".
  void set(const std::string& assignment) { variables_.push_back(assignment); }
  /// Folders besides the plug-in's and the stub's, found after them.
  void add_path(const std::string& folder) { path_ += ":" + folder; }

  Ran run(const std::vector<std::string>& arguments) const {
    const pid_t child = fork();
    if (child == 0) become(arguments);
    Ran ran;
    ran.exit_code = exit_code_of(child);
    ran.out = read_file(scratch_ / "out");
    ran.err = read_file(scratch_ / "err");
    return ran;
  }
  Ran run_code(const std::string& code) const { return run({"-c", code}); }

 private:
  [[noreturn]] void become(const std::vector<std::string>& arguments) const {
    dup2(open((scratch_ / "out").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
    dup2(open((scratch_ / "err").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
    clean_environment({});
    setenv("PYTHONPATH", (plugin_python + ":" + scratch_.path() + path_).c_str(), 1);
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    setenv("VRAMLAB_LIBRARY", plugin_library.c_str(), 1);
    for (const std::string& variable : variables_)
      setenv(variable.substr(0, variable.find('=')).c_str(), variable.substr(variable.find('=') + 1).c_str(), 1);
    std::vector<char*> argv{const_cast<char*>("python3")};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execvp("python3", argv.data());
    _exit(127);
  }

  ScratchFolder scratch_;
  std::vector<std::string> variables_;
  std::string path_;
};

}  // namespace vramlab::test
