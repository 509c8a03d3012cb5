#include "experiments/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "engine/core/error.h"

namespace vramlab {
namespace {

volatile std::sig_atomic_t running = 0;

void pass_on(int signal) {
  if (running > 0) kill(static_cast<pid_t>(running), signal);
}

/// Signals as they are while a program runs; as they were afterwards.
class SignalsOfAParent {
 public:
  SignalsOfAParent() {
    for (std::size_t i = 0; i < kept.size(); ++i) before_[i] = std::signal(kept[i], i < 2 ? SIG_IGN : pass_on);
  }
  ~SignalsOfAParent() {
    restore();
    running = 0;
  }
  SignalsOfAParent(const SignalsOfAParent&) = delete;
  SignalsOfAParent& operator=(const SignalsOfAParent&) = delete;

  /// In the child: nohup's program stays one.
  void restore() const {
    for (std::size_t i = 0; i < kept.size(); ++i) std::signal(kept[i], before_[i]);
  }

 private:
  static constexpr std::array<int, 4> kept{SIGINT, SIGQUIT, SIGTERM, SIGHUP};
  std::array<void (*)(int), kept.size()> before_{};
};

/// A pipe whose ends vanish when another program begins.
struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(fmt::format("no pipe can be made: {}", std::strerror(errno)));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_end(std::size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
  void send(const void* bytes, std::size_t count) const {
    if (write(ends[1], bytes, count) < 0) _exit(127);
  }
  std::string receive() {
    close_end(1);
    std::string all;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;)
      all.append(part.data(), static_cast<std::size_t>(n));
    return all;
  }

  std::array<int, 2> ends{-1, -1};
};

pid_t fork_or_throw() {
  const pid_t child = fork();
  if (child < 0) throw Error(fmt::format("no process can be started: {}", std::strerror(errno)));
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

[[noreturn]] void become(const std::vector<std::string>& command, const Variables& variables, const Pipe& failure) {
  std::signal(SIGPIPE, SIG_DFL);  // ignored by this program alone
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const std::string why = std::strerror(errno);
  failure.send(why.data(), why.size());
  _exit(127);
}

}  // namespace

int run_command(const std::vector<std::string>& command, const Variables& variables) {
  Pipe failure;
  const SignalsOfAParent signals;
  const pid_t child = fork_or_throw();
  if (child == 0) {
    signals.restore();
    become(command, variables, failure);
  }
  running = child;
  const std::string why = failure.receive();
  const int code = wait_for(child);
  if (!why.empty()) throw ConfigError(fmt::format("{} cannot be started: {}", command.front(), why));
  return code;
}

void in_own_process(const std::function<void()>& work) {
  Pipe failure;
  const pid_t child = fork_or_throw();
  if (child == 0) {
    int code = 0;
    try {
      work();
    } catch (const Error& error) {
      code = error.exit_code();
      failure.send(error.what(), std::strlen(error.what()));
    } catch (const std::exception& error) {
      code = 1;
      failure.send(error.what(), std::strlen(error.what()));
    }
    _exit(code);
  }
  const std::string why = failure.receive();
  const int code = wait_for(child);
  if (code == 3) throw HardwareMissing(why);
  if (code != 0) throw DeviceError(why.empty() ? fmt::format("the GPU cannot be asked: status {}", code) : why);
}

}  // namespace vramlab
