#include "experiments/program.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <new>
#include <string>

#include "engine/core/error.h"
#include "experiments/command_line.h"
#include "experiments/output.h"

namespace vramlab {
namespace {

void log_to_stderr() {
  auto logger = spdlog::stderr_logger_st("vramlab");
  logger->set_pattern("vramlab: %l: %v");
  spdlog::set_default_logger(std::move(logger));
}

int fail(const std::string& message, int exit_code) {
  spdlog::error("{}", one_line(message));
  return exit_code;
}

}  // namespace

int run_program(int argc, const char* const* argv, std::string_view version) {
  std::signal(SIGPIPE,
              SIG_IGN);  // a closed pipe is then an error of write, which says where
  log_to_stderr();
  try {
    return CommandLine(version).run(argc, argv);
  } catch (const ClosedPipe&) {
    return 0;
  } catch (const Error& error) {
    return fail(error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return fail("out of host memory", 1);
  } catch (const std::exception& error) {
    return fail(error.what(), 1);
  }
}

}  // namespace vramlab
