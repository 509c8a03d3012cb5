#pragma once
// The opcodes of Python's pickle format: those that are read, and the names of all others for their refusal.

#include <cstdint>
#include <string_view>

namespace vramlab::pickle {

/// The opcodes that plain data needs in protocols 2 to 5 (source: Python's pickletools).
enum class Opcode : std::uint8_t {
  mark = '(',
  stop = '.',
  bin_float = 'G',
  bin_int = 'J',
  bin_int1 = 'K',
  bin_int2 = 'M',
  none = 'N',
  bin_unicode = 'X',
  empty_list = ']',
  append = 'a',
  appends = 'e',
  bin_get = 'h',
  long_bin_get = 'j',
  bin_put = 'q',
  long_bin_put = 'r',
  set_item = 's',
  tuple = 't',
  set_items = 'u',
  empty_dict = '}',
  empty_tuple = ')',
  proto = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  new_true = 0x88,
  new_false = 0x89,
  long1 = 0x8a,
  short_bin_unicode = 0x8c,
  memoize = 0x94,
  frame = 0x95,
};

/// "SETITEMS"; "" for a byte that is no opcode.
std::string_view opcode_name(std::uint8_t code);
/// True for the opcodes by which Python's unpickler imports, calls or looks up objects.
bool runs_code(std::uint8_t code);

}  // namespace vramlab::pickle
