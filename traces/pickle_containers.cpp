// How the machine fills lists and dictionaries, and hands long lists to a Taker.

#include <algorithm>
#include <bit>
#include <utility>

#include "traces/pickle_machine.h"

namespace vramlab::pickle {

void Machine::append(std::span<const Value> items) {
  if (top().kind() != Value::Kind::list) fail("opcode " + std::string(op_name()) + " on something that is no list");
  List& list = top().as_list();
  if (list.size + items.size() > list.capacity) {
    list.capacity = std::max(list.size + items.size(), 2 * list.capacity);
    Value* grown = arena_.values(list.capacity);
    std::copy_n(list.items, list.size, grown);
    list.items = grown;
  }
  std::copy_n(items.data(), items.size(), list.items + list.size);
  list.size += items.size();
}

void Machine::append_one() {
  need_values(2);
  append({--top_, 1});
}

void Machine::append_to_mark() {
  const std::uint64_t memo_at_mark = marks_.empty() ? 0 : marks_.back().memo_used;
  const std::span<const Value> items = pop_to_mark();
  const bool offer = taker_ && memo_in_order_ && !items.empty() && top().kind() == Value::Kind::list;
  if (!offer || !give(top().as_list(), items, memo_at_mark)) append(items);
}

/// Offers `items` to the taker. Nothing may hold what is taken: no memo entry but those made since the mark, which
/// become `taken`, and no container, which could only have got it from the memo (shared).
bool Machine::give(List& list, std::span<const Value> items, std::uint64_t memo_at_mark) {
  const auto free_dict = [](Value v) { return v.kind() == Value::Kind::dict && !v.as_dict().shared; };
  if (list.size != 0 || !std::all_of(items.begin(), items.end(), free_dict) || !taker_->take(list, items)) return false;
  list.taken += items.size();
  for (const Value item : items) item.as_dict().keys = Dict::is_taken;
  for (std::uint64_t i = memo_at_mark; i < memo_used_; ++i) {
    if (memo_[i].kind() == Value::Kind::dict && memo_[i].as_dict().keys == Dict::is_taken)
      memo_[i] = Value::constant(Value::Constant::taken);
  }
  for (const Value item : items) spare_.push_back(&item.as_dict());
  return true;
}

void Machine::make_dict() {
  if (spare_.empty()) return push(Value::dict(arena_.make(Dict{.offset = op_offset()})));
  Dict& dict = *spare_.back();
  spare_.pop_back();
  dict.keys = 0;
  dict.offset = op_offset();
  dict.note = 0;
  push(Value::dict(&dict));
}

void Machine::Layout::fit(std::uint64_t wanted) {
  if (keys == wanted) return;
  keys = wanted;
  count = 0;
  for (Word word = 1; word <= max_key_word; ++word)
    if (wanted & Dict::bit(word)) slot[word] = static_cast<std::uint8_t>(count++);
}

void Machine::set_pairs(std::span<const Value> pairs) {
  if (top().kind() != Value::Kind::dict)
    fail("opcode " + std::string(op_name()) + " on something that is no dictionary");
  if (pairs.size() % 2 != 0) fail("opcode " + std::string(op_name()) + " with a key that has no value");
  Dict& dict = top().as_dict();
  std::uint64_t keys = 0;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const Word word = pairs[i].word();
    if (word <= max_key_word) keys |= Dict::bit(word);
  }
  layout_.fit((dict.keys | keys) & ~Dict::bit(0));  // word 0: unknown keys, passed over
  if (layout_.keys != dict.keys) widen(dict);
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const Word word = pairs[i].word();
    if (word != 0 && word <= max_key_word) dict.values[layout_.slot[word]] = pairs[i + 1];
  }
}

/// Makes room for the keys of layout_, which are more than the dictionary's. Old values move up to their new slots,
/// the highest first, so that this works in place too.
void Machine::widen(Dict& dict) {
  const Value* from = dict.values;
  if (layout_.count > dict.capacity) {
    dict.capacity =
        static_cast<std::uint16_t>(std::max(layout_.count, std::min(2u * dict.capacity, std::uint32_t{max_key_word})));
    dict.values = arena_.values(dict.capacity);
  }
  std::uint64_t keys = std::exchange(dict.keys, layout_.keys);
  if (keys == 0) return;
  int old_slot = std::popcount(keys);
  while (keys != 0) {
    const int word = 63 - std::countl_zero(keys);
    keys &= ~Dict::bit(static_cast<Word>(word));
    dict.values[layout_.slot[static_cast<std::size_t>(word)]] = from[--old_slot];
  }
}

void Machine::set_one() {
  need_values(3);
  top_ -= 2;
  set_pairs({top_, 2});
}

void Machine::set_to_mark() { set_pairs(pop_to_mark()); }

}  // namespace vramlab::pickle
