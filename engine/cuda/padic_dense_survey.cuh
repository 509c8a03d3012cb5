#pragma once
// What packing to `dense` has to know before the first block: heads are counted, then digits of a sixteenth of the
// words, then those of the planes that get a table. Tables are made by a single block of threads.

#include "engine/cuda/padic_dense_tables.cuh"
#include "engine/cuda/padic_planes.cuh"
#include "engine/padic/frequencies.h"

namespace vramlab::padic::gpu {

/// A word as its code and what its tail is cut from.
struct CutWord {
  u32 code = 0;  ///< or escape_index
  u32 magnitude = 0;
};

template <class W>
VRAMLAB_LANE CutWord cut_value(u32 raw, const WordRule& rule, const Splitter& splitter) {
  bool escape = false;
  const u32 word = W::of_value(raw, rule, escape);
  const Word parts = W::parts_of(word, escape);
  return {escape ? escape_index : 2U * splitter.class_of(parts.magnitude) + parts.sign, parts.magnitude};
}

/// The digit of a word in a plane; its width is not 0.
VRAMLAB_LANE u32 digit_of(u32 magnitude, u32 meaning, u32 plane) {
  return magnitude >> SymbolMeaning::below(meaning, plane) & first_bits(SymbolMeaning::width(meaning, plane));
}

inline constexpr u32 count_copies = 8;  ///< lanes that share a counter would queue up

struct CountShared {
  u32 counts[counted_codes * count_copies];
};

/// The kernel that counts heads: any grid of dense_threads threads.
template <class W>
VRAMLAB_LANE void count_heads(const DenseTask& task, CountShared& shared) {
  constexpr u32 each = 16 / W::bytes, flight = 4;
  for (u32 i = thread_index(); i < counted_codes * count_copies; i += dense_threads) shared.counts[i] = 0;
  sync_block();
  const u32 copy = thread_index() % count_copies;
  const auto count = [&](u32 raw) {
    atomic_add(shared.counts + cut_value<W>(raw, task.rule, task.splitter).code * count_copies + copy, 1U);
  };
  const auto* vectors = static_cast<const Vector*>(task.from);
  const u64 whole = task.values / each, step = static_cast<u64>(grid_blocks()) * dense_threads;
  const u64 own = static_cast<u64>(block_index()) * dense_threads + thread_index();
  for (u64 at = own; at < whole; at += flight * step) {
    Vector loaded[flight];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i)
      if (at + i * step < whole) loaded[i] = vectors[at + i * step];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i) {
      if (at + i * step >= whole) continue;
      VRAMLAB_UNROLL
      for (u32 k = 0; k < each; ++k) count(part_of_vector<W::bytes>(loaded[i], k));
    }
  }
  if (own < task.values - whole * each) count(load_value<W::bytes>(task.from, whole * each + own));
  sync_block();
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads) {
    u64 sum = 0;
    for (u32 i = 0; i < count_copies; ++i) sum += shared.counts[code * count_copies + i];
    if (sum != 0) atomic_add(task.survey->codes + code, sum);
  }
}

struct DigitShared {
  u32 meanings[counted_codes];
  u32 counts[tail_planes][256];
};

/// The kernel that counts digits: of every sampled_group-th group, or of all if some plane is to be coded.
template <class W, bool sampled>
VRAMLAB_LANE void count_digits(const DenseTask& task, DigitShared& shared) {
  DenseSurvey& survey = *task.survey;
  const u32 planes = sampled ? (task.splitter.split == Split::fixed ? 7U : 1U) : survey.coded;
  if (planes == 0) return;
  for (u32 i = thread_index(); i < counted_codes; i += dense_threads) shared.meanings[i] = survey.meanings[i];
  for (u32 i = thread_index(); i < tail_planes * 256; i += dense_threads) shared.counts[i / 256][i % 256] = 0;
  sync_block();
  Splitter splitter = task.splitter;
  splitter.lead = survey.lead;
  const u64 stride = group_words * (sampled ? sampled_group : 1U);
  const u64 warps = static_cast<u64>(grid_blocks()) * dense_warps;
  u32 bits[tail_planes] = {};
  for (u64 group = block_index() * dense_warps + warp_index(); group * stride < task.values; group += warps)
    VRAMLAB_UNROLL_BY(4)
  for (u32 row = 0; row < group_rows; ++row) {
    const u64 index = group * stride + row * 32 + lane_index();
    if (index >= task.values) continue;
    const CutWord word = cut_value<W>(load_value<W::bytes>(task.from, index), task.rule, splitter);
    const u32 meaning = shared.meanings[word.code];
    VRAMLAB_UNROLL
    for (u32 k = 0; k < tail_planes; ++k) {
      const u32 width = SymbolMeaning::width(meaning, k);
      if ((planes >> k & 1U) == 0 || width == 0) continue;
      atomic_add(&shared.counts[k][digit_of(word.magnitude, meaning, k) & 255U], 1U);
      bits[k] += width;
    }
  }
  sync_block();
  for (u32 i = thread_index(); i < tail_planes * 256; i += dense_threads) {
    const u64 count = shared.counts[i / 256][i % 256];
    if (count != 0) atomic_add((sampled ? survey.sampled : survey.digits)[i / 256] + i % 256, count);
  }
  for (u32 k = 0; sampled && k < tail_planes; ++k)
    if (bits[k] != 0) atomic_add(survey.sampled_bits + k, static_cast<u64>(bits[k]));
}

VRAMLAB_LANE CoderStep step_of(u32 frequency, u32 start) {
  if (frequency == 1) return {0xFFFFFFFFU, (probability_scale - 1) | (start + probability_scale - 1) << 12};
  const u32 length = bit_length(frequency - 1);  // of the quotient's product; R. Alverson 1991, as ryg_rans has it
  const u64 scaled = (1ULL << (length + 31)) + frequency - 1;
  return {static_cast<u32>(scaled / frequency), (probability_scale - frequency) | start << 12 | (length - 1) << 25};
}

struct TableShared {
  u64 counts[counted_codes], coarse[counted_codes];
  u64 kept[most_symbols];
  u16 frequencies[most_symbols], codes[most_symbols];
  u32 starts[most_symbols];
  u32 symbol[counted_codes];  ///< of a code that is kept, else most_symbols
  u32 symbols, occurring;
  u64 own_cost, total;
};

/// All threads: how many codes occur.
VRAMLAB_LANE void count_occurring(TableShared& shared) {
  if (thread_index() == 0) shared.occurring = 0;
  sync_block();
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads)
    if (shared.counts[code] != 0) atomic_add(&shared.occurring, 1U);
  sync_block();
}

/// All threads: counts by the codes of lead = 2.
VRAMLAB_LANE void make_coarser(TableShared& shared) {
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads) shared.coarse[code] = 0;
  sync_block();
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads)
    if (shared.counts[code] != 0)
      atomic_add(shared.coarse + (code == escape_index ? code : coarser_code(code)), shared.counts[code]);
  sync_block();
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads)
    shared.counts[code] = shared.coarse[code];
  sync_block();
}

/// All threads: what is not of the 255 most frequent codes is counted as the escape.
VRAMLAB_LANE void keep_most_frequent(TableShared& shared) {
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads)
    shared.coarse[code] = shared.counts[code];
  sync_block();
  for (u32 code = thread_index(); code < code_count; code += dense_threads) {
    const u64 count = shared.coarse[code];
    u32 before = 0;
    for (u32 other = 0; other < code_count; ++other)
      before += shared.coarse[other] > count || (shared.coarse[other] == count && other < code) ? 1U : 0U;
    if (count == 0 || before < most_symbols - 1) continue;
    shared.counts[code] = 0;
    atomic_add(shared.counts + escape_index, count);
  }
  sync_block();
}

/// All threads: symbols in the order of codes, of what has a count.
VRAMLAB_LANE void rank_codes(TableShared& shared, u32 codes) {
  if (thread_index() == 0) shared.symbols = 0;
  sync_block();
  for (u32 code = thread_index(); code < codes; code += dense_threads) {
    shared.symbol[code] = most_symbols;
    if (shared.counts[code] == 0) continue;
    u32 symbol = 0;
    for (u32 other = 0; other < code; ++other) symbol += shared.counts[other] != 0 ? 1U : 0U;
    shared.symbol[code] = symbol;
    shared.kept[symbol] = shared.counts[code];
    shared.codes[symbol] = static_cast<u16>(code == escape_index ? escape_code : code);
    atomic_add(&shared.symbols, 1U);
  }
  sync_block();
}

/// All threads: frequencies and slots of the symbols, and the table as the stream has it at `at`. Returns its bytes.
VRAMLAB_LANE u32 make_table(TableShared& shared, u8* at) {
  const u32 symbols = shared.symbols;
  if (thread_index() == 0) {
    set_frequencies(shared.kept, symbols, shared.frequencies);
    u32 start = 0;
    for (u32 s = 0; s < symbols; ++s) {
      shared.starts[s] = start;
      start += shared.frequencies[s];
    }
    at[0] = static_cast<u8>(symbols);
    at[1] = static_cast<u8>(symbols >> 8);
  }
  sync_block();
  for (u32 s = thread_index(); s < symbols; s += dense_threads) {
    const u32 entry = shared.codes[s] + ((shared.frequencies[s] - 1U) << 10);
    for (u32 b = 0; b < 3; ++b) at[2 + 3 * s + b] = static_cast<u8>(entry >> 8 * b);
  }
  return 2 + 3 * symbols;
}

/// The kernel that makes the heads' table; one block.
VRAMLAB_LANE void make_heads(const DenseTask& task, TableShared& shared) {
  DenseSurvey& survey = *task.survey;
  Splitter splitter = task.splitter;
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads) shared.counts[code] = survey.codes[code];
  count_occurring(shared);
  if (shared.occurring > most_symbols && splitter.split == Split::logarithmic) {
    splitter.lead = 2;
    make_coarser(shared);
    count_occurring(shared);
  }
  if (shared.occurring > most_symbols) keep_most_frequent(shared);
  rank_codes(shared, counted_codes);
  if (thread_index() == 0) {
    u64 top = 0;
    for (u32 code = 0; code < counted_codes; ++code) top = shared.counts[code] > top ? shared.counts[code] : top;
    survey.lead = splitter.lead;
    survey.block_log2 = block_log2_of(top, task.values);
    survey.blocks = static_cast<u32>((task.values + (1ULL << survey.block_log2) - 1) >> survey.block_log2);
    survey.table_bytes = 0;
  }
  if (shared.symbols == 0) return;
  const u32 bytes = make_table(shared, survey.tables);
  if (thread_index() == 0) survey.table_bytes = bytes;
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads) {
    const bool kept = shared.symbol[code] != most_symbols && code != escape_index;
    const u32 symbol = kept ? shared.symbol[code] : shared.symbol[escape_index];
    survey.meanings[code] = kept ? meaning_of(splitter, code).packed : meaning_escape;
    if (symbol != most_symbols) survey.heads[code] = step_of(shared.frequencies[symbol], shared.starts[symbol]);
  }
}

/// All threads: whether a sampled plane gets a table. The sums of worth_coding(), taken side by side.
VRAMLAB_LANE bool plane_is_worth(const DenseTask& task, TableShared& shared, u32 plane) {
  const DenseSurvey& survey = *task.survey;
  if (thread_index() == 0) {
    shared.own_cost = shared.total = 0;
    shared.symbols = 0;
  }
  sync_block();
  if (thread_index() < 256) {
    const u64 count = survey.sampled[plane][thread_index()];
    if (count != 0) {
      atomic_add(&shared.own_cost, count * log2_q16(count));
      atomic_add(&shared.total, count);
      atomic_add(&shared.symbols, 1U);
    }
  }
  sync_block();
  const u64 groups = (task.values + group_words - 1) / group_words, last = groups - 1;
  u64 words = (groups + sampled_group - 1) / sampled_group * group_words;
  if (last % sampled_group == 0) words -= groups * group_words - task.values;
  const u64 coded = shared.total == 0 ? 0 : shared.total * log2_q16(shared.total) - shared.own_cost;
  const bool worth = coding_pays(survey.sampled_bits[plane], coded, shared.symbols, words, task.values);
  sync_block();
  return worth;
}

/// The kernel that decides which tail planes are coded; one block.
VRAMLAB_LANE void choose_planes(const DenseTask& task, TableShared& shared) {
  u32 coded = 0;
  for (u32 k = 0; task.values != 0 && k < tail_planes; ++k)
    if (plane_is_worth(task, shared, k)) coded |= 1U << k;
  if (thread_index() == 0) task.survey->coded = coded;
}

/// The kernel that makes the tail planes' tables and puts all tables into the stream; one block.
VRAMLAB_LANE void make_planes(const DenseTask& task, TableShared& shared) {
  DenseSurvey& survey = *task.survey;
  u32 bytes = survey.table_bytes;
  sync_block();
  for (u32 k = 0; k < tail_planes; ++k) {
    if ((survey.coded >> k & 1U) == 0) continue;
    for (u32 digit = thread_index(); digit < 256; digit += dense_threads)
      shared.counts[digit] = survey.digits[k][digit];
    sync_block();
    rank_codes(shared, 256);
    bytes += make_table(shared, survey.tables + bytes);
    for (u32 digit = thread_index(); digit < 256; digit += dense_threads) {
      const u32 symbol = shared.symbol[digit];
      if (symbol != most_symbols) survey.planes[k][digit] = step_of(shared.frequencies[symbol], shared.starts[symbol]);
    }
    sync_block();
  }
  fence();
  sync_block();
  const u32 padded = static_cast<u32>(rounded_up(bytes, stream_alignment));
  auto* to = reinterpret_cast<u32*>(static_cast<u8*>(task.to) + header_bytes + 8U * task.header.dimensions);
  const auto* from = reinterpret_cast<const u32*>(survey.tables);
  const u32 number = header_bytes / 4 - 1 + 2U * task.header.dimensions;
  u32 sum = 0;
  for (u32 i = thread_index(); i < padded / 4; i += dense_threads) {
    to[i] = from[i];
    sum += checksum_share(from[i], number + i);
  }
  atomic_add(&survey.table_sum, sum);
  if (thread_index() == 0) survey.table_bytes = padded;
}

}  // namespace vramlab::padic::gpu
