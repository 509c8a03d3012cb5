#include "traces/pickle.h"

#include <cstring>

#include "traces/pickle_machine.h"
#include "traces/pickle_opcodes.h"

namespace vramlab::pickle {

void* Arena::refill(std::uint64_t n) {
  const bool own_chunk = n > chunk_cells_ / 4;  // else at most a quarter of a chunk is left unused
  const std::uint64_t cells = own_chunk ? n : chunk_cells_;
  chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(cells * 8));
  std::byte* at = chunks_.back().get();
  if (!own_chunk) {
    next_ = at + n * 8;
    left_ = cells - n;
  }
  return at;
}

Pickle::Pickle(const Input& input, const Vocabulary& vocabulary, Taker* taker)
    : arena_(std::make_unique<Arena>(input.bytes.size())), root_(Machine(input, vocabulary, *arena_, taker).run()) {}

std::string_view Input::text(Value value) const {
  const std::byte* at = bytes.data() + value.text_offset();
  const bool is_short = static_cast<Opcode>(*at) == Opcode::short_bin_unicode;
  std::uint32_t length = 0;
  std::memcpy(&length, at + 1, is_short ? 1 : 4);
  return {reinterpret_cast<const char*>(at) + (is_short ? 2 : 5), length};
}

}  // namespace vramlab::pickle
