#pragma once
// The pickle virtual machine: a stack, a memo and marks; no recursion, no code.

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/pickle_opcodes.h"
#include "traces/pickle_taker.h"
#include "traces/pickle_value.h"
#include "traces/pickle_words.h"

namespace vramlab::pickle {

/// Runs one pickle; used once. THREAD-SAFETY: none.
class Machine {
 public:
  /// `taker` may be null.
  Machine(const Input& input, const Vocabulary& vocabulary, Arena& arena, Taker* taker);
  /// The value before STOP. Throws TraceError, and TakenTooEarly.
  Value run();

 private:
  /// Slots of the keys of the dictionary filled last: the next one mostly has the same.
  struct Layout {
    std::uint64_t keys = 0;
    std::uint32_t count = 0;
    std::array<std::uint8_t, max_key_word + 1> slot{};
    void fit(std::uint64_t wanted);
  };

  // Input.
  std::uint64_t left() const { return static_cast<std::uint64_t>(end_ - at_); }
  std::uint64_t op_offset() const { return static_cast<std::uint64_t>(op_ - begin_); }
  void need(std::uint64_t bytes) const {
    if (left() < bytes) [[unlikely]]
      fail_truncated();
  }
  template <class T>
  T take() {
    need(sizeof(T));
    T v;
    std::memcpy(&v, at_, sizeof(T));
    at_ += sizeof(T);
    return v;
  }

  // Stack. `floor_` is the height at the last mark: nothing below it may be popped.
  std::size_t height() const { return static_cast<std::size_t>(top_ - stack_.get()); }
  void push(Value v) {
    if (top_ == stack_end_) [[unlikely]]
      grow_stack();
    *top_++ = v;
  }
  void need_values(std::size_t n) const {
    if (height() < floor_ + n) [[unlikely]]
      fail_stack();
  }
  Value& top() {
    need_values(1);
    return top_[-1];
  }
  std::span<const Value> pop_to_mark();  ///< valid until the next push
  void push_mark();
  void grow_stack();

  // Memo.
  void remember(std::uint64_t index) {
    const Value v = top();
    if (index >= memo_.size()) [[unlikely]]
      grow_memo(index);
    memo_in_order_ &= index == memo_used_;
    memo_used_ += memo_[index].absent();
    memo_[index] = v;
  }
  void recall(std::uint64_t index) {
    const Value v = index < memo_.size() ? memo_[index] : Value();
    if (v.kind() == Value::Kind::constant) [[unlikely]]
      check_recall(index, v);
    if (v.kind() == Value::Kind::dict) v.as_dict().shared = true;
    push(v);
  }
  void check_recall(std::uint64_t index, Value v) const;
  void grow_memo(std::uint64_t index);

  // Opcodes.
  void step(Opcode code);
  void step_rare(Opcode code);
  void read_proto();
  void read_frame();
  void read_float();
  std::uint64_t peek_signed(unsigned length) const;
  void read_long();
  void read_text(std::uint64_t length);
  void make_tuple(std::size_t n);
  void append(std::span<const Value> items);
  void append_one();
  void append_to_mark();
  void make_dict();
  bool give(List& list, std::span<const Value> items, std::uint64_t memo_at_mark);
  void set_pairs(std::span<const Value> pairs);
  void set_one();
  void set_to_mark();
  void widen(Dict& dict);
  Value finish();

  [[noreturn]] void fail(const std::string& what, const std::string& mend = {}) const;
  [[noreturn]] void fail_truncated() const;
  [[noreturn]] void fail_stack() const;
  [[noreturn]] void refuse() const;
  std::string_view op_name() const;

  const unsigned char* begin_;
  const unsigned char* at_;
  const unsigned char* op_;  ///< the opcode being run
  const unsigned char* end_;
  const Input& input_;
  const Vocabulary& vocabulary_;
  Arena& arena_;

  std::unique_ptr<Value[]> stack_;
  Value* top_ = nullptr;
  Value* stack_end_ = nullptr;
  std::size_t floor_ = 0;
  struct Mark {
    std::size_t floor;        ///< the floor before this mark
    std::uint64_t memo_used;  ///< at this mark
  };
  std::vector<Mark> marks_;
  std::vector<Value> memo_;
  std::uint64_t memo_used_ = 0;
  bool memo_in_order_ = true;  ///< every index stored was the next unused one
  Taker* taker_;
  std::vector<Dict*> spare_;  ///< dictionaries that were taken, to be used again
  Layout layout_;
};

}  // namespace vramlab::pickle
