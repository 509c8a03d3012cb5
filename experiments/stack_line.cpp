#include "experiments/stack_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace vramlab {
namespace {

constexpr std::size_t frames_shown = 3;
constexpr std::array<std::string_view, 2> dispatch{"_call_impl", "_wrapped_call_impl"};
constexpr std::array<std::string_view, 6> plumbing{
    "torch::unwind", "torch::CapturedTraceback", "torch::cuda::", "c10::", "at::detail::", "at::_ops::"};

std::span<const std::uint32_t> frames_of(const Trace& trace, std::uint32_t object) {
  if (trace.stack_of.empty()) return {};
  const Lists& stacks = trace.stacks.stacks;
  const std::uint32_t stack = trace.stack_of[object];
  return std::span(stacks.values).subspan(stacks.begin_of(stack), stacks.ends[stack] - stacks.begin_of(stack));
}

/// "void at::(anonymous namespace)::empty<float>(long)" -> "void at::empty".
std::string bare_name(std::string name) {
  constexpr std::string_view anonymous = "(anonymous namespace)::";
  for (std::size_t at = name.find(anonymous); at != std::string::npos; at = name.find(anonymous, at))
    name.erase(at, anonymous.size());
  const std::size_t end = name.find_first_of("(<", 1);  // "<module>" is a name
  return name.substr(0, end);
}

std::string python_text(const Stacks& stacks, const Frame& frame) {
  const std::string& file = stacks.strings[frame.file];
  return fmt::format("{} {}:{}", stacks.strings[frame.function], file.substr(file.rfind('/') + 1), frame.line);
}

bool is_plumbing(std::string_view name) {
  return std::any_of(plumbing.begin(), plumbing.end(), [name](std::string_view p) { return name.starts_with(p); });
}

}  // namespace

std::string stack_line(const Trace& trace, std::uint32_t object) {
  std::vector<std::string> own, library;
  for (const std::uint32_t number : frames_of(trace, object)) {
    const Frame& frame = trace.stacks.frames[number];
    const std::string& name = trace.stacks.strings[frame.function];
    if (frame.line > 0 && std::find(dispatch.begin(), dispatch.end(), name) == dispatch.end())
      own.push_back(python_text(trace.stacks, frame));
    if (frame.line == 0 && !is_plumbing(name)) library.push_back(bare_name(name));
  }
  const std::vector<std::string>& told = own.empty() ? library : own;
  return fmt::format("{}", fmt::join(std::span(told).first(std::min(told.size(), frames_shown)), " < "));
}

}  // namespace vramlab
