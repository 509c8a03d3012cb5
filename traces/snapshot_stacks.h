#pragma once
// Interns recorded stacks. Lists and dictionaries that the pickle shares are looked at once.

#include <cstdint>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "traces/snapshot_fields.h"
#include "traces/trace.h"

namespace vramlab::snapshot {

/// The stacks of one trace after the other. THREAD-SAFETY: none; it writes notes into lists and dictionaries.
class StackTable {
 public:
  explicit StackTable(const Fields& fields) : fields_(fields) {}
  StackTable(const StackTable&) = delete;
  StackTable& operator=(const StackTable&) = delete;

  /// Begins an empty table with stack 0 = the empty stack.
  void begin();
  /// Number of the stack with these frames. Throws TraceError; TakenTooEarly.
  std::uint32_t intern(pickle::List& frames);
  /// The table, without anything when only the empty stack was asked for.
  Stacks finish();

 private:
  struct ListHash {
    const Lists* lists;
    std::size_t operator()(std::uint32_t list) const;
  };
  struct ListEqual {
    const Lists* lists;
    bool operator()(std::uint32_t a, std::uint32_t b) const;
  };
  struct FrameHash {
    std::size_t operator()(const Frame& frame) const;
  };
  struct TextHash {
    std::size_t operator()(std::string_view text) const;
  };

  std::uint32_t intern_content(const pickle::List& frames);
  std::uint32_t frame(pickle::Dict& dict);
  std::uint32_t string(pickle::Value text);

  const Fields& fields_;
  Stacks stacks_;
  /// Notes up to these belong to earlier tables.
  std::uint32_t list_base_ = 0;
  std::uint32_t dict_base_ = 0;
  boost::unordered_flat_set<std::uint32_t, ListHash, ListEqual> stack_ids_{0, ListHash{&stacks_.stacks},
                                                                           ListEqual{&stacks_.stacks}};
  boost::unordered_flat_map<Frame, std::uint32_t, FrameHash> frame_ids_;
  boost::unordered_flat_map<std::string_view, std::uint32_t, TextHash> string_ids_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> string_at_;  ///< by offset: long texts are hashed once
};

}  // namespace vramlab::snapshot
