#include "traces/operator_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <string_view>

#include "traces/text_lines.h"

namespace vramlab {

namespace {

constexpr std::array<std::string_view, 4> records{"alloc,", "free,", "op,", "iteration,"};

// What an id stands for, besides the number of a live object.
constexpr std::uint32_t unknown = 0xffff'ffff;
constexpr std::uint32_t freed = 0xffff'fffe;
constexpr std::uint32_t empty = 0xffff'fffd;  // live, but of 0 bytes
constexpr std::uint32_t most_objects = 0xffff'fff0;

/// Recorded ids to states. Small ids, the usual ones, index an array; the array stays smaller than the input.
class IdStates {
 public:
  explicit IdStates(std::size_t input_bytes) : dense_limit_(input_bytes / 8) {}

  std::uint32_t& operator[](std::uint64_t id) {
    if (id >= dense_limit_) return sparse_.try_emplace(id, unknown).first->second;
    if (id >= dense_.size())
      dense_.resize(std::min(dense_limit_, std::max<std::size_t>(id + 1, dense_.size() * 2)), unknown);
    return dense_[id];
  }

 private:
  std::size_t dense_limit_;
  std::vector<std::uint32_t> dense_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> sparse_;
};

class OperatorReader {
 public:
  OperatorReader(std::span<const std::byte> bytes, const std::string& name) : lines_(bytes, name), ids_(bytes.size()) {
    trace_.name = name;
    trace_.format = "operator";
  }

  Trace run() {
    while (lines_.next()) {
      Columns columns(lines_);
      record(columns.text("record"), columns);
      columns.done();
    }
    return std::move(trace_);
  }

 private:
  void record(std::string_view kind, Columns& columns) {
    if (kind == "alloc") {
      alloc(columns);
    } else if (kind == "free") {
      free(columns);
    } else if (kind == "op") {
      op(columns);
    } else if (kind == "iteration") {
      event(EventKind::iteration, static_cast<std::uint32_t>(columns.number("iteration", 0, 0xffff'ffff)));
    } else {
      lines_.fail(fmt::format("unknown record '{}'", is_clean_text(kind) ? kind.substr(0, 40) : "?"),
                  "known: alloc, free, op, iteration");
    }
  }

  void alloc(Columns& columns) {
    const std::uint64_t id = columns.number("id", 0, ~std::uint64_t{0});
    const std::uint64_t bytes = columns.number("size", 0, max_object_bytes.value);
    const StreamId stream = stream_of(columns.number("stream", 0, ~std::uint64_t{0}));
    std::uint32_t& state = ids_[id];
    if (state < most_objects || state == empty) lines_.fail(fmt::format("alloc of id {}, which is live", id));
    if (bytes == 0) {
      state = empty;
      ++trace_.notes.zero_size_allocs;
      return;
    }
    if (trace_.sizes.size() >= most_objects) lines_.fail(fmt::format("more than {} allocations", most_objects));
    state = static_cast<std::uint32_t>(trace_.sizes.size());
    event(EventKind::alloc, state);
    trace_.sizes.push_back(Bytes(bytes));
    trace_.streams.push_back(stream);
  }

  void free(Columns& columns) {
    std::uint32_t& state = live("free", columns.number("id", 0, ~std::uint64_t{0}));
    if (state != empty) event(EventKind::free_completed, state);
    state = freed;
  }

  void op(Columns& columns) {
    Operators& operators = trace_.operators;
    const std::string_view name = columns.text("name");
    const Nanoseconds time(columns.thousandths("GPU time"));
    objects("reads", columns, operators.reads);
    objects("writes", columns, operators.writes);
    event(EventKind::op, static_cast<std::uint32_t>(operators.size()));
    operators.name.push_back(interned(name));
    operators.gpu_time.push_back(time);
  }

  void objects(std::string_view what, Columns& columns, Lists& list) {
    columns.numbers(what, [&](std::uint64_t id) {
      const std::uint32_t object = live("op", id);
      if (object != empty) list.values.push_back(object);
    });
    list.close();
  }

  std::uint32_t& live(std::string_view who, std::uint64_t id) {
    std::uint32_t& state = ids_[id];
    if (state == freed) lines_.fail(fmt::format("{} of id {}, which was freed before", who, id));
    if (state == unknown) lines_.fail(fmt::format("{} of id {}, which was never allocated", who, id));
    return state;
  }

  void event(EventKind kind, std::uint32_t subject) {
    trace_.kinds.push_back(kind);
    trace_.subjects.push_back(subject);
  }

  StreamId stream_of(std::uint64_t recorded) {
    if (!trace_.streams.empty() && trace_.stream_names[trace_.streams.back().value] == recorded)
      return trace_.streams.back();
    const auto next = static_cast<std::uint16_t>(trace_.stream_names.size());
    const auto [found, is_new] = streams_.try_emplace(recorded, next);
    if (is_new && next == StreamId::none_value) lines_.fail(fmt::format("more than {} streams", next));
    if (is_new) trace_.stream_names.push_back(recorded);
    return StreamId(found->second);
  }

  std::uint32_t interned(std::string_view name) {
    std::vector<std::string>& names = trace_.operators.names;
    const auto [found, is_new] = names_.try_emplace(name, static_cast<std::uint32_t>(names.size()));
    if (is_new) {
      if (name.empty() || !is_clean_text(name)) lines_.fail("an operator's name is empty or not printable text");
      names.emplace_back(name);
    }
    return found->second;
  }

  TextLines lines_;
  IdStates ids_;
  Trace trace_;
  boost::unordered_flat_map<std::uint64_t, std::uint16_t> streams_;
  boost::unordered_flat_map<std::string_view, std::uint32_t> names_;  // views of the input
};

}  // namespace

bool recognise_operator_trace(std::span<const std::byte> head) {
  std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  return std::any_of(records.begin(), records.end(), [&](std::string_view record) { return text.starts_with(record); });
}

std::vector<Trace> read_operator_trace(std::span<const std::byte> bytes, const std::string& name) {
  std::vector<Trace> traces;
  traces.push_back(OperatorReader(bytes, name).run());
  return traces;
}

}  // namespace vramlab
