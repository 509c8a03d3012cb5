#pragma once
// The tables of a `dense` stream in shared memory: slots of the coder, and what each head's symbol means.

#include "engine/cuda/padic_dense_coder.cuh"
#include "engine/cuda/padic_directory.cuh"
#include "engine/cuda/padic_words.cuh"

namespace vramlab::padic::gpu {

inline constexpr u32 tables_of_stream = 1 + tail_planes;  // the heads', then those of the tail planes

/// What a symbol of the heads means. `base`: the word without its tail, so that base ^ tail is the word, or, of offset
/// words, the negated magnitude less 1. Of words with sign and magnitude the kernels take the value in its place.
/// `places`: 10 bits a tail plane, where in the tail its digit lies (5 bits) and its width; above them the escape and
/// the sign.
struct HeadMeaning {
  u32 base = 0, places = 0;

  VRAMLAB_LANE static HeadMeaning of(const Splitter& splitter, u32 code, Form form) {
    if (code == escape_code) return {0, escape};
    const u32 cls = code >> 1, sign = code & 1U, tail = splitter.tail_bits(cls), first = splitter.first_of(cls);
    HeadMeaning meaning{first, sign << 31};
    if (sign != 0 && form == Form::offset) meaning.base = ~first;
    if (sign != 0 && form == Form::signed_parts) meaning.base = first | top_bit;
    for (u32 k = 0; k < tail_planes; ++k)
      meaning.places |= (splitter.bits_below(tail, k) | splitter.digit_bits(tail, k) << 5) << 10 * k;
    return meaning;
  }
  /// The word with its tail. There is no branch.
  template <Form form>
  VRAMLAB_LANE u32 word(u32 tail) const {
    if constexpr (form == Form::offset) return ((base ^ tail) + (places >> 31)) ^ top_bit;
    return base ^ tail;
  }
  static constexpr u32 escape = 1U << 30;
};

struct DenseTables {
  u32 slots[tables_of_stream][probability_scale];  ///< see slot_entry()
  HeadMeaning meanings[most_symbols];
  u32 table_at[tables_of_stream];  ///< of the table's first symbol, in bytes of the tables
  u32 symbols[tables_of_stream];
  u32 escape;  ///< its symbol, or most_symbols
  u32 zeros;   ///< the symbols before this one are of the magnitude 0
  u32 damage;
  u32 block_log2, blocks, front;  ///< front: units before the first block
  Splitter splitter;
};

/// While a table is read.
struct TableScratch {
  u32 starts[most_symbols + 1];
  u16 codes[most_symbols];
};

/// One thread: the fields of the header that tensors vary, then where each table begins.
VRAMLAB_LANE void open_tables(const DenseTask& task, DenseTables& tables) {
  const auto* stream = static_cast<const u8*>(task.from);
  const StreamHeader& header = *reinterpret_cast<const StreamHeader*>(stream);
  tables.damage = bad_header;
  tables.escape = most_symbols;
  tables.zeros = 0;
  for (u32& symbols : tables.symbols) symbols = 0;
  const bool fixed = task.splitter.split == Split::fixed;
  const bool cut = header.block_log2 == dense_block_log2 || header.block_log2 == sparse_block_log2;
  if (!header_fits(header, task.header, task.stream_bytes) || !cut || header.tables > 15) return;
  if (fixed ? header.lead_bits != 0 : header.lead_bits != 2 && header.lead_bits != 3) return;
  if ((header.tables & 1U) != (task.values != 0 ? 1U : 0U)) return;
  tables.block_log2 = header.block_log2;
  tables.blocks = static_cast<u32>((task.values + (1ULL << header.block_log2) - 1) >> header.block_log2);
  tables.splitter = task.splitter;
  if (!fixed) tables.splitter.lead = header.lead_bits;
  const u64 front = header_bytes / 8 + header.dimensions + header.tables_bytes / 8 + static_cast<u64>(tables.blocks);
  if (header.blocks != tables.blocks || header.tables_bytes % 8 != 0 || front * 8 > task.stream_bytes) return;
  if (tables.blocks == 0 && front * 8 != task.stream_bytes) return;
  tables.front = static_cast<u32>(front);
  const u8* bytes = stream + header_bytes + 8U * header.dimensions;
  u32 at = 0;
  for (u32 k = 0; k < tables_of_stream; ++k) {
    if ((header.tables >> k & 1U) == 0) continue;
    if (at + 2 > header.tables_bytes) return;
    const u32 symbols = bytes[at] | static_cast<u32>(bytes[at + 1]) << 8;
    if (symbols == 0 || symbols > most_symbols || at + 2 + 3 * symbols > header.tables_bytes) return;
    tables.symbols[k] = symbols;
    tables.table_at[k] = at + 2;
    at += 2 + 3 * symbols;
  }
  if (header.tables_bytes - at >= 8) return;
  u32 padding = 0;
  for (; at < header.tables_bytes; ++at) padding |= bytes[at];
  if (padding == 0) tables.damage = 0;
}

/// The first warp: from frequencies to where each symbol's slots start.
VRAMLAB_LANE void add_up_starts(DenseTables& tables, TableScratch& scratch, u32 symbols) {
  constexpr u32 each = most_symbols / warp_lanes;
  const u32 lane = lane_index();
  u32 sum = 0;
  for (u32 i = lane * each; i < (lane + 1) * each; ++i) sum += i < symbols ? scratch.starts[i] : 0U;
  u32 start = sum_below(sum);
  const u32 total = warp_sum(sum);
  for (u32 i = lane * each; i < (lane + 1) * each; ++i) {
    const u32 frequency = i < symbols ? scratch.starts[i] : 0U;
    scratch.starts[i] = start;
    start += frequency;
  }
  if (lane != 0) return;
  scratch.starts[most_symbols] = total;
  if (total != probability_scale) tables.damage = bad_header;
}

/// All threads: the slots of a table whose starts are known. `ranked`: symbols stand for their rank, else for
/// themselves.
VRAMLAB_LANE void fill_slots(DenseTables& tables, const TableScratch& scratch, u32 table, bool ranked) {
  for (u32 slot = thread_index(); slot < probability_scale; slot += block_threads()) {
    u32 symbol = 0;  // the last one that starts here or before and has slots
    for (u32 step = most_symbols / 2; step != 0; step /= 2)
      if (symbol + step < tables.symbols[table] && scratch.starts[symbol + step] <= slot) symbol += step;
    const u32 end = symbol + 1 < most_symbols ? scratch.starts[symbol + 1] : probability_scale;
    const u32 frequency = end - scratch.starts[symbol];
    const u32 name = ranked ? symbol : scratch.codes[symbol] & 255U;
    tables.slots[table][slot] = slot_entry(name, frequency, slot - scratch.starts[symbol]);
  }
}

/// All threads: what the heads' symbols mean.
VRAMLAB_LANE void set_meanings(DenseTables& tables, const TableScratch& scratch, Form form) {
  for (u32 s = thread_index(); s < tables.symbols[0]; s += block_threads()) {
    const u32 code = scratch.codes[s];
    if (code == escape_code) tables.escape = s;
    if (code < 2) atomic_add(&tables.zeros, 1U);
    tables.meanings[s] = HeadMeaning::of(tables.splitter, code, form);
  }
}

/// All threads: reads one table and refuses it where it cannot be.
VRAMLAB_LANE void read_table(DenseTables& tables, TableScratch& scratch, const u8* bytes, u32 table, u32 highest,
                             Form form) {
  const u8* at = bytes + tables.table_at[table];
  const u32 symbols = tables.symbols[table];
  for (u32 s = thread_index(); s < symbols; s += block_threads()) {
    const u32 entry = at[3 * s] | static_cast<u32>(at[3 * s + 1]) << 8 | static_cast<u32>(at[3 * s + 2]) << 16;
    const u32 code = entry & 1023U, frequency = (entry >> 10) + 1;
    const u32 before = s == 0 ? 0U : at[3 * s - 3] | (static_cast<u32>(at[3 * s - 2]) & 3U) << 8;
    const bool known = code <= highest || (table == 0 && code == escape_code);
    if (!known || (s != 0 && code <= before) || frequency > probability_scale) tables.damage = bad_header;
    scratch.codes[s] = static_cast<u16>(code);
    scratch.starts[s] = frequency;
  }
  sync_block();
  if (warp_index() == 0) add_up_starts(tables, scratch, symbols);
  sync_block();
  const bool whole = tables.damage == 0;
  sync_block();
  if (!whole) return;
  fill_slots(tables, scratch, table, table == 0);
  if (table == 0) set_meanings(tables, scratch, form);
  sync_block();
}

/// All threads: all of it. Then `damage` says whether the stream may be decoded.
VRAMLAB_LANE void read_tables(const DenseTask& task, DenseTables& tables, TableScratch& scratch, Form form) {
  if (thread_index() == 0) open_tables(task, tables);
  sync_block();
  const auto* stream = static_cast<const u8*>(task.from);
  const u8* bytes = stream + header_bytes + 8U * reinterpret_cast<const StreamHeader*>(stream)->dimensions;
  for (u32 k = 0; k < tables_of_stream; ++k) {
    const bool there = tables.damage == 0 && tables.symbols[k] != 0;
    sync_block();
    if (!there) continue;  // all threads alike
    u32 highest = 255;
    if (k == 0) highest = tables.splitter.lead == 3 ? task.highest_code : coarser_code(task.highest_code);
    read_table(tables, scratch, bytes, k, highest, form);
  }
  sync_block();
}

}  // namespace vramlab::padic::gpu
