// Floats of 2 and 4 bytes of the fixed split: the bytes of their tails, then whole values at once.

#include "engine/padic/dense_payload.h"

namespace vramlab::padic {
namespace {

/// Below one word of so many with a tail it takes less time to go from one to the next than through all rows.
constexpr std::uint32_t sparse_share = 6;

}  // namespace

bool DenseDecoder::assembles(std::uint32_t kinds) const {
  const NumberFormat& format = coder_.format();
  if (model_.splitter.split != Split::fixed || model_.splitter.tail == 0 || format.bytes > 4) return false;
  return coder_.drop() == 0 || all_planar(kinds);
}

bool DenseDecoder::all_planar(std::uint32_t kinds) const {
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    if ((kind_of(kinds, k) == PlaneKind::planar) != (decoding_.traits.widest[k] != 0)) return false;
  return true;
}

void DenseDecoder::assemble(Block& block, std::byte* raw) {
  if (all_planar(block.kinds))
    share_planes(block);
  else if (!block.has_tails)
    read_tails(block);
  kernels_.assemble(block.symbols.data(), n_, heads_, block.tail.data(), coder_.format().bytes, raw);
}

// The planes of all digits lie one after the other, as those of one number would. What is rounded away lies below.
void DenseDecoder::share_planes(Block& block) const {
  const std::uint32_t rows = (n_ + 31) / 32;
  const auto bits = block.payload.take(std::size_t{rows} * model_.splitter.tail * 4, "its planes");
  const auto* plane = reinterpret_cast<const std::uint32_t*>(bits.data());
  std::uint32_t left = model_.splitter.tail;
  block.tail = {};
  for (std::uint32_t above = coder_.format().mantissa; left != 0;) {
    const std::uint32_t byte = (above - 1) / 8, room = above - 8 * byte, given = std::min(room, left);
    block.tail[byte] = {nullptr, plane, given, room - given};
    plane += std::size_t{given} * rows;
    left -= given;
    above = 8 * byte;
  }
}

void DenseDecoder::count_tails(Block& block) const {
  if (block.counted) return;
  block.with_tail = kernels_.present(block.symbols.data(), n_, decoding_.traits.tails.data(), block.present.data());
  block.counted = true;
}

bool DenseDecoder::is_sparse(const Block& block) const { return block.with_tail < n_ / sparse_share; }

/// Whether the planes of `block` may be read with those of one that has these kinds.
bool DenseDecoder::may_join(const Block& block, std::uint32_t kinds) const {
  if (block.begin == nullptr || block.has_tails || block.kinds != kinds) return false;
  std::size_t bits = 0;
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    if (kind_of(kinds, k) == PlaneKind::planar) bits += decoding_.traits.widest[k];
  return block.payload.left.size() >= (n_ + 31) / 32 * bits * 4;
}

void DenseDecoder::read_tails(Block& block) {
  std::array<Block*, together> group{&block};
  std::uint32_t count = 1;
  count_tails(block);
  for (Block& other : blocks_) {
    if (is_sparse(block) || !may_join(other, block.kinds)) continue;
    count_tails(other);
    if (!is_sparse(other)) group[count++] = &other;
  }
  std::array<Payload, together> begin;
  for (std::uint32_t k = 0; k < count; ++k) begin[k] = group[k]->payload;
  if (try_tails(std::span(group).first(count))) return;
  // One of them is damaged.
  for (std::uint32_t k = 0; k < count; ++k) {
    group[k]->payload = begin[k];
    group[k]->has_tails = false;
  }
  Payload::need(count > 1 && try_tails(std::span(group).first(1)));
}

// Nothing is rounded away here: the digits are the bytes. False: coder words ran out.
bool DenseDecoder::try_tails(std::span<Block*> blocks) {
  const std::uint32_t last = (model_.splitter.tail - 1) / 8;
  for (Block* block : blocks) block->tail = {};
  if (is_sparse(*blocks[0])) kernels_.positions(blocks[0]->present.data(), n_, positions_.data());
  for (std::uint32_t k = 0; k < tail_planes; ++k) {
    const PlaneKind kind = kind_of(blocks[0]->kinds, k);
    check_plane(k, kind);
    if (k > last || kind == PlaneKind::zero) continue;
    const std::uint32_t width = decoding_.traits.widest[k];
    for (Block* block : blocks) {
      TailByte& byte = block->tail[last - k];
      if (kind != PlaneKind::planar) {
        byte.bytes = block->bytes[k].data();
        continue;
      }
      const auto bits = block->payload.take(std::size_t{(n_ + 31) / 32} * width * 4, "a plane");
      byte = {nullptr, reinterpret_cast<const std::uint32_t*>(bits.data()), width, 0};
    }
    if (kind != PlaneKind::planar && !read_bytes(blocks, k, kind)) return false;
  }
  for (Block* block : blocks) block->has_tails = true;
  return true;
}

bool DenseDecoder::read_bytes(std::span<Block*> blocks, std::uint32_t plane, PlaneKind kind) {
  const std::uint32_t width = decoding_.traits.widest[plane];
  const std::uint32_t* slots = kind == PlaneKind::coded ? decoding_.plane_slots[plane].data() : nullptr;
  std::array<CodedBytes, together> coded;
  for (std::size_t k = 0; k < blocks.size(); ++k)
    coded[k] = {&blocks[k]->payload.coder, blocks[k]->bytes[plane].data(), blocks[k]->present.data()};
  if (is_sparse(*blocks[0])) {
    std::fill_n(coded[0].bytes, n_, std::uint8_t{0});
    return kernels_.decode_bytes_at(coded[0], slots, width, positions_.data(), blocks[0]->with_tail);
  }
  const auto count = static_cast<std::uint32_t>(blocks.size());
  return slots != nullptr ? kernels_.decode_bytes(coded.data(), count, slots, n_)
                          : kernels_.decode_raw_bytes(coded.data(), count, width, n_);
}

}  // namespace vramlab::padic
