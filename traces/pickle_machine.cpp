#include "traces/pickle_machine.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace vramlab::pickle {
namespace {
constexpr std::size_t first_stack_height = 256;
constexpr std::size_t memo_step = 4096;  // values; 32 KiB
constexpr int newest_protocol = 5;
}  // namespace

Machine::Machine(const Input& input, const Vocabulary& vocabulary, Arena& arena, Taker* taker)
    : begin_(reinterpret_cast<const unsigned char*>(input.bytes.data())),
      at_(begin_),
      op_(begin_),
      end_(begin_ + input.bytes.size()),
      input_(input),
      vocabulary_(vocabulary),
      arena_(arena),
      stack_(std::make_unique<Value[]>(first_stack_height)),
      top_(stack_.get()),
      stack_end_(top_ + first_stack_height),
      taker_(taker) {
  memo_.reserve(input.bytes.size() / 32);  // a snapshot stores about one value per 36 bytes
}

Value Machine::run() {
  for (;;) {
    op_ = at_;
    const auto code = static_cast<Opcode>(take<std::uint8_t>());
    if (code == Opcode::stop) return finish();
    step(code);
  }
}

/// The opcodes that a snapshot's entries consist of.
inline void Machine::step(Opcode code) {
  switch (code) {
    case Opcode::bin_get:
      return recall(take<std::uint8_t>());
    case Opcode::long_bin_get:
      return recall(take<std::uint32_t>());
    case Opcode::bin_put:
      return remember(take<std::uint8_t>());
    case Opcode::long_bin_put:
      return remember(take<std::uint32_t>());
    case Opcode::memoize:
      return remember(memo_used_);
    case Opcode::bin_int:
      return push(Value::integer(take<std::int32_t>()));
    case Opcode::bin_int1:
      return push(Value::integer(take<std::uint8_t>()));
    case Opcode::bin_int2:
      return push(Value::integer(take<std::uint16_t>()));
    case Opcode::long1:
      return read_long();
    case Opcode::short_bin_unicode:
      return read_text(take<std::uint8_t>());
    case Opcode::bin_unicode:
      return read_text(take<std::uint32_t>());
    case Opcode::empty_dict:
      return make_dict();
    case Opcode::mark:
      return push_mark();
    case Opcode::set_items:
      return set_to_mark();
    default:
      return step_rare(code);
  }
}

void Machine::step_rare(Opcode code) {
  switch (code) {
    case Opcode::none:
      return push(Value::constant(Value::Constant::none));
    case Opcode::new_true:
      return push(Value::constant(Value::Constant::yes));
    case Opcode::new_false:
      return push(Value::constant(Value::Constant::no));
    case Opcode::bin_float:
      return read_float();
    case Opcode::empty_list:
      return push(Value::list(arena_.make(List{.offset = op_offset()})));
    case Opcode::append:
      return append_one();
    case Opcode::appends:
      return append_to_mark();
    case Opcode::set_item:
      return set_one();
    case Opcode::empty_tuple:
      return make_tuple(0);
    case Opcode::tuple1:
      return make_tuple(1);
    case Opcode::tuple2:
      return make_tuple(2);
    case Opcode::tuple3:
      return make_tuple(3);
    case Opcode::tuple:
      pop_to_mark();
      return make_tuple(0);
    case Opcode::proto:
      return read_proto();
    case Opcode::frame:
      return read_frame();
    default:
      refuse();
  }
}

void Machine::read_proto() {
  const int protocol = take<std::uint8_t>();
  if (protocol > newest_protocol)
    fail("pickle protocol " + std::to_string(protocol) + " is not known",
         "write it with protocol " + std::to_string(newest_protocol) + " or older");
}

void Machine::read_frame() {
  const auto length = take<std::uint64_t>();
  if (length > left()) fail("a frame of " + std::to_string(length) + " bytes ends beyond the end of the file");
}

void Machine::read_float() {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | take<std::uint8_t>();  // big-endian
  push(Value::real(arena_.make(std::bit_cast<double>(bits))));
}

/// The next `length` (at most 8) bytes as a little-endian two's complement number.
std::uint64_t Machine::peek_signed(unsigned length) const {
  if (length == 0) return 0;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at_, left() >= 8 ? 8 : length);
  const unsigned unused_bits = 64 - 8 * length;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(bytes << unused_bits) >> unused_bits);
}

void Machine::read_long() {
  const unsigned length = take<std::uint8_t>();
  need(length);
  const std::uint64_t low = peek_signed(std::min(length, 8u));
  const bool negative = length > 0 && (at_[length - 1] & 0x80) != 0;
  // 9 bytes are a sign byte before 64 bits.
  const bool extended = length == 9 && at_[8] != (low >> 63 ? 0xff : 0x00);
  if (length > 9 || (length == 9 && at_[8] != 0x00 && at_[8] != 0xff) || (extended && negative))
    fail("an integer of more than 64 bits");
  at_ += length;
  const auto value = static_cast<std::int64_t>(low);
  if (!extended && Value::fits_inside(value)) return push(Value::integer(value));
  push(Value::wide(arena_.make(WideInteger{negative ? ~low + 1 : low, negative})));
}

void Machine::read_text(std::uint64_t length) {
  if (length > left()) [[unlikely]]
    fail("a text of " + std::to_string(length) + " bytes ends beyond the end of the file");
  const std::string_view text(reinterpret_cast<const char*>(at_), length);
  at_ += length;
  push(Value::text(op_offset(), vocabulary_.find(text)));
}

void Machine::make_tuple(std::size_t n) {
  need_values(n);
  top_ -= n;
  push(Value::constant(Value::Constant::tuple));  // nothing that is read stands in a tuple
}

void Machine::push_mark() {
  marks_.push_back({floor_, memo_used_});
  floor_ = height();
}

std::span<const Value> Machine::pop_to_mark() {
  if (marks_.empty()) [[unlikely]]
    fail("opcode " + std::string(op_name()) + " without a MARK before it");
  const std::size_t count = height() - floor_;
  top_ -= count;
  floor_ = marks_.back().floor;
  marks_.pop_back();
  return {top_, count};
}

Value Machine::finish() {
  need_values(1);
  if (left() > 0) {
    op_ = at_;
    fail(std::to_string(left()) + " bytes after the end of the pickle");
  }
  return top();
}

void Machine::grow_stack() {
  const std::size_t size = height();
  auto grown = std::make_unique_for_overwrite<Value[]>(2 * size);
  std::copy_n(stack_.get(), size, grown.get());
  stack_ = std::move(grown);
  top_ = stack_.get() + size;
  stack_end_ = stack_.get() + 2 * size;
}

void Machine::grow_memo(std::uint64_t index) {
  const auto most = static_cast<std::uint64_t>(end_ - begin_);  // every stored value takes a byte at least
  if (index >= most) fail("memo index " + std::to_string(index) + " in a file of " + std::to_string(most) + " bytes");
  memo_.resize(std::max(index + 1, std::min<std::uint64_t>(most, memo_.size() + memo_step)));
}

}  // namespace vramlab::pickle
