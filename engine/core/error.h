#pragma once
// Typed failures. Each says what went wrong, where (file, line or byte offset), and what would mend it.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace vramlab {

/// Where in an input something was found. Empty parts are not printed.
struct Where {
  std::string file;
  std::optional<std::uint64_t> line;
  std::optional<std::uint64_t> column;
  std::optional<std::uint64_t> byte;

  static Where at_line(std::string file, std::uint64_t line) { return {std::move(file), line, {}, {}}; }
  static Where at_byte(std::string file, std::uint64_t byte) { return {std::move(file), {}, {}, byte}; }
  /// "file:line:column" or "file: byte N"; "" when nothing is known.
  std::string text() const;
};

/// Base of all failures. what() = "where: what (mend)".
class Error : public std::runtime_error {
 public:
  Error(std::string what, Where where = {}, std::string mend = {});
  const Where& where() const { return where_; }
  const std::string& mend() const { return mend_; }
  /// The process exit code this failure means: 1 run failed, 2 bad input, 3 hardware missing.
  virtual int exit_code() const { return 1; }

 private:
  Where where_;
  std::string mend_;
};

/// A trace, instance or tensor file that is not what it should be. Exit code 2.
class TraceError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 2; }
};

/// A configuration, option or command line that is wrong. Exit code 2.
class ConfigError : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 2; }
};

/// The device refused a command or broke its contract. Exit code 1.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// The hardware or the build needed for the command is not there. Exit code 3.
class HardwareMissing : public Error {
 public:
  using Error::Error;
  int exit_code() const override { return 3; }
};

/// A pool could not serve a request within its capacity. Exit code 1. The pool is unchanged.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

/// Misuse of a pool: double free, foreign block, size 0 or beyond all bounds. The pool is unchanged.
class PoolError : public Error {
 public:
  using Error::Error;
};

/// Something this program guarantees does not hold (a bug, or memory overwritten). Exit code 1.
class InvariantError : public Error {
 public:
  using Error::Error;
};

}  // namespace vramlab
