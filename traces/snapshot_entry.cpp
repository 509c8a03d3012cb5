#include "traces/snapshot_entry.h"

#include <string>

namespace vramlab::snapshot {

using pickle::Dict;
using pickle::Value;
using Kind = pickle::Value::Kind;

void EntryReader::fit(const Dict& dict) {
  const auto slot = [keys = dict.keys](Key key) {
    return keys & Dict::bit(word(key)) ? static_cast<std::int8_t>(Dict::slot(keys, word(key))) : no_slot;
  };
  slots_ = {slot(Key::action), slot(Key::addr),    slot(Key::size),
            slot(Key::stream), slot(Key::time_us), slot(Key::frames)};
  keys_ = dict.keys;
  const int timed = slots_.time_us != no_slot;
  if (timed_ == -1) timed_ = timed;
  if (timed != timed_)
    fields_.fail(dict.offset, std::string("an entry with") + (timed ? "" : "out") + " 'time_us' after entries with" +
                                  (timed ? "out" : ""));
}

Entry EntryReader::read(const Dict& dict) {
  if (dict.keys != keys_) fit(dict);
  Entry entry;
  entry.offset = dict.offset;
  const Value action = at(dict, slots_.action);
  if (action.kind() != Kind::text) fields_.fail_type(dict, Key::action, action, "a text");
  if (timed_ == 1) entry.time_us = fields_.to_signed(dict, Key::time_us, at(dict, slots_.time_us));
  entry.action = static_cast<Text>(action.word());
  switch (entry.action) {
    case Text::alloc:
    case Text::free_requested:
    case Text::free_completed:
    case Text::segment_alloc:
    case Text::segment_free:
    case Text::segment_map:
    case Text::segment_unmap:
      read_memory(dict, entry);
      break;
    case Text::oom:
      read_oom(dict, entry);
      break;
    case Text::snapshot:
      break;
    default:
      entry.action = Text{};
  }
  return entry;
}

void EntryReader::read_memory(const Dict& dict, Entry& entry) const {
  entry.address = fields_.to_number(dict, Key::addr, at(dict, slots_.addr));
  entry.size = fields_.to_bytes(dict, Key::size, at(dict, slots_.size));
  entry.stream = fields_.to_number(dict, Key::stream, at(dict, slots_.stream));
  if (entry.address + entry.size.value < entry.address)
    fields_.fail(dict.offset, "memory that ends beyond the address space");
  const Value frames = at(dict, slots_.frames);
  if (frames.absent()) return;
  if (frames.kind() != Kind::list) fields_.fail_type(dict, Key::frames, frames, "a list");
  entry.frames = &frames.as_list();
}

/// What was asked may be any number: that is often why memory ran out.
void EntryReader::read_oom(const Dict& dict, Entry& entry) const {
  entry.size = Bytes(fields_.to_number(dict, Key::size, at(dict, slots_.size)));
  entry.device_free = fields_.number(dict, Key::device_free);
}

}  // namespace vramlab::snapshot
