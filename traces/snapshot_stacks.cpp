#include "traces/snapshot_stacks.h"

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace vramlab::snapshot {
namespace {

std::span<const std::uint32_t> values_of(const Lists& lists, std::uint32_t i) {
  return std::span(lists.values).subspan(lists.begin_of(i), lists.ends[i] - lists.begin_of(i));
}

}  // namespace

std::size_t StackTable::ListHash::operator()(std::uint32_t list) const {
  const std::span values = values_of(*lists, list);
  return XXH3_64bits(values.data(), values.size_bytes());
}

bool StackTable::ListEqual::operator()(std::uint32_t a, std::uint32_t b) const {
  return std::ranges::equal(values_of(*lists, a), values_of(*lists, b));
}

std::size_t StackTable::FrameHash::operator()(const Frame& frame) const { return XXH3_64bits(&frame, sizeof frame); }

std::size_t StackTable::TextHash::operator()(std::string_view text) const {
  return XXH3_64bits(text.data(), text.size());
}

void StackTable::begin() {
  stack_ids_.clear();
  frame_ids_.clear();
  string_ids_.clear();
  string_at_.clear();
  stacks_.stacks.close();
  stack_ids_.insert(0);
}

std::uint32_t StackTable::intern(pickle::List& frames) {
  if (frames.note <= list_base_) frames.note = list_base_ + intern_content(whole(frames)) + 1;
  return frames.note - list_base_ - 1;
}

std::uint32_t StackTable::intern_content(const pickle::List& frames) {
  Lists& lists = stacks_.stacks;
  const std::size_t before = lists.values.size();
  for (const pickle::Value item : frames) lists.values.push_back(frame(fields_.dict_item(frames, item, "'frames'")));
  lists.close();
  const auto [found, fresh] = stack_ids_.insert(static_cast<std::uint32_t>(lists.size() - 1));
  if (!fresh) {
    lists.ends.pop_back();
    lists.values.resize(before);
  }
  return *found;
}

std::uint32_t StackTable::frame(pickle::Dict& dict) {
  if (dict.note > dict_base_) return dict.note - dict_base_ - 1;
  Frame frame;
  frame.function = string(fields_.text(dict, Key::name));
  frame.file = string(fields_.text(dict, Key::filename));
  const std::uint64_t line = fields_.number(dict, Key::line);
  if (line > std::numeric_limits<std::uint32_t>::max()) fields_.fail(dict.offset, "a line number beyond 2^32");
  frame.line = static_cast<std::uint32_t>(line);
  const auto [it, fresh] = frame_ids_.try_emplace(frame, static_cast<std::uint32_t>(stacks_.frames.size()));
  if (fresh) stacks_.frames.push_back(frame);
  dict.note = dict_base_ + it->second + 1;
  return it->second;
}

std::uint32_t StackTable::string(pickle::Value text) {
  const auto [at, fresh_offset] = string_at_.try_emplace(text.text_offset(), 0);
  if (!fresh_offset) return at->second;
  const std::string_view content = fields_.input().text(text);
  const auto [it, fresh] = string_ids_.try_emplace(content, static_cast<std::uint32_t>(stacks_.strings.size()));
  if (fresh) stacks_.strings.emplace_back(content);
  return at->second = it->second;
}

Stacks StackTable::finish() {
  list_base_ += static_cast<std::uint32_t>(stacks_.stacks.size());
  dict_base_ += static_cast<std::uint32_t>(stacks_.frames.size());
  if (stacks_.stacks.size() == 1) stacks_ = {};
  return std::exchange(stacks_, {});
}

}  // namespace vramlab::snapshot
