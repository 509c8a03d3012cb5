#pragma once
// What packing to `dense` has to know before the first block: heads are counted, then digits of a sixteenth of the
// words, then those of the planes that get a table. Tables are made by a single block of threads.

#include "engine/cuda/padic_dense_counts.cuh"

namespace vramlab::padic::gpu {

VRAMLAB_LANE CoderStep step_of(u32 frequency, u32 start) {
  constexpr u32 rest_at = CoderStep::rest_at;
  if (frequency == 1) return {0xFFFFFFFFU, (start + probability_scale - 1) | (probability_scale - 1) << rest_at};
  const u32 length = bit_length(frequency - 1);  // of the quotient's product; R. Alverson 1991, as ryg_rans has it
  const u64 scaled = (1ULL << (length + 31)) + frequency - 1;
  return {static_cast<u32>(scaled / frequency),
          start | (length - 1) << CoderStep::shift_at | (probability_scale - frequency) << rest_at};
}

/// What worth_coding() adds up.
struct PlaneSums {
  u64 own_cost = 0, total = 0;
  u32 symbols = 0;
};

struct TableShared {
  u64 counts[counted_codes], coarse[counted_codes];
  u64 kept[most_symbols];
  u16 frequencies[most_symbols], codes[most_symbols];
  u32 starts[most_symbols];
  u32 symbol[counted_codes];  ///< of a code that is kept, else most_symbols
  u32 symbols, occurring, sparse, used;
  PlaneSums sums[tail_planes * 256 / warp_lanes];  ///< of 32 digits each
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

/// The sum of all lanes.
VRAMLAB_LANE u64 long_warp_sum(u64 value) {
  for (u32 step = warp_lanes / 2; step != 0; step /= 2) {
    const u32 low = shuffle(static_cast<u32>(value), lane_index() ^ step);
    value += static_cast<u64>(shuffle(static_cast<u32>(value >> 32), lane_index() ^ step)) << 32 | low;
  }
  return value;
}

/// A warp: set_frequencies() of the symbols that are kept, and where their slots start.
VRAMLAB_LANE void set_frequencies_together(TableShared& shared, u32 symbols) {
  constexpr u32 each = most_symbols / warp_lanes;
  const u32 lane = lane_index(), end = smaller((lane + 1) * each, symbols);
  u64 total = 0, best = 0;
  u32 top = 0, sum = 0;
  for (u32 s = lane * each; s < end; ++s) {
    total += shared.kept[s];
    if (shared.kept[s] > best) {
      best = shared.kept[s];
      top = s;
    }
  }
  total = long_warp_sum(total);
  for (u32 high = 2; high-- > 0;) {  // the lanes with the greatest count: by its high half, then by its low one
    const u32 half = static_cast<u32>(best >> 32 * high);
    if (half != warp_most(half)) best = 0;
  }
  top = warp_least(best != 0 ? top : most_symbols);
  for (u32 s = lane * each; s < end; ++s) {
    const u32 share = frequency_share(shared.kept[s], total);
    shared.frequencies[s] = static_cast<u16>(share);
    sum += share;
  }
  sum = warp_sum(sum);
  sync_warp();
  if (lane == 0) balance_frequencies(shared.frequencies, symbols, top, sum);
  sync_warp();
  u32 own = 0;
  for (u32 s = lane * each; s < end; ++s) own += shared.frequencies[s];
  for (u32 s = lane * each, start = sum_below(own); s < end; ++s) {
    shared.starts[s] = start;
    start += shared.frequencies[s];
  }
}

/// All threads: frequencies and slots of the symbols, and the table as the stream has it at `at`. Returns its bytes.
VRAMLAB_LANE u32 make_table(DenseSurvey& survey, TableShared& shared, u8* at) {
  const u32 symbols = shared.symbols;
  if (warp_index() == 0) set_frequencies_together(shared, symbols);
  if (thread_index() == 0) {
    at[0] = static_cast<u8>(symbols);
    at[1] = static_cast<u8>(symbols >> 8);
  }
  sync_block();
  for (u32 s = thread_index(); s < symbols; s += dense_threads) {
    const u32 entry = shared.codes[s] + ((shared.frequencies[s] - 1U) << 10);
    for (u32 b = 0; b < 3; ++b) at[2 + 3 * s + b] = static_cast<u8>(entry >> 8 * b);
    atomic_add(&survey.coded_q16, shared.kept[s] * ((u64{probability_bits} << 16) - log2_q16(shared.frequencies[s])));
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
  if (thread_index() == 0) shared.sparse = shared.used = 0;
  sync_block();
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads)
    if (block_log2_of(shared.counts[code], task.values) == sparse_block_log2) atomic_or(&shared.sparse, 1U);
  sync_block();
  if (thread_index() == 0) {
    survey.lead = splitter.lead;
    survey.block_log2 = shared.sparse != 0 ? sparse_block_log2 : dense_block_log2;
    survey.blocks = static_cast<u32>((task.values + (1ULL << survey.block_log2) - 1) >> survey.block_log2);
    survey.without = shared.counts[0] + shared.counts[1] + shared.counts[escape_index];
    survey.escapes = shared.counts[escape_index];
    survey.table_bytes = 0;
  }
  if (shared.symbols == 0) return;
  const u32 bytes = make_table(survey, shared, survey.tables);
  if (thread_index() == 0) survey.table_bytes = bytes;
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads) {
    const bool kept = shared.symbol[code] != most_symbols && code != escape_index;
    const u32 symbol = kept ? shared.symbol[code] : shared.symbol[escape_index];
    survey.places[code] = kept ? DigitPlaces::of_code(splitter, code) : DigitPlaces::escape;
    if (kept) atomic_or(&shared.used, survey.places[code]);
    for (u32 k = 0; kept && k < tail_planes; ++k)
      atomic_add(survey.raw_bits + k, shared.counts[code] * DigitPlaces::width(survey.places[code], k));
    if (symbol != most_symbols) survey.heads[code] = step_of(shared.frequencies[symbol], shared.starts[symbol]);
  }
  sync_block();
  if (thread_index() == 0) survey.used = shared.used;
}

/// All threads: what the sampled digits of each plane add up to, 32 of them a warp.
VRAMLAB_LANE void add_up_planes(const DenseSurvey& survey, TableShared& shared) {
  for (u32 i = thread_index(); i < tail_planes * 256; i += dense_threads) {
    const u64 count = survey.sampled[i / 256][i % 256];
    const u64 own_cost = long_warp_sum(count == 0 ? 0 : count * log2_q16(count)), total = long_warp_sum(count);
    const u32 symbols = popcount(ballot(count != 0));
    if (lane_index() == 0) shared.sums[i / warp_lanes] = {own_cost, total, symbols};
  }
  sync_block();
}

/// Whether a sampled plane gets a table, as worth_coding() has it.
VRAMLAB_LANE bool plane_is_worth(const DenseTask& task, const TableShared& shared, u32 plane) {
  constexpr u32 each = 256 / warp_lanes;
  PlaneSums sums;
  for (u32 i = plane * each; i < (plane + 1) * each; ++i) {
    sums.own_cost += shared.sums[i].own_cost;
    sums.total += shared.sums[i].total;
    sums.symbols += shared.sums[i].symbols;
  }
  const u64 groups = (task.values + group_words - 1) / group_words, last = groups - 1;
  u64 words = (groups + sampled_group - 1) / sampled_group * group_words;
  if (last % sampled_group == 0) words -= groups * group_words - task.values;
  const u64 coded = sums.total == 0 ? 0 : sums.total * log2_q16(sums.total) - sums.own_cost;
  return coding_pays(task.survey->sampled_bits[plane], coded, sums.symbols, words, task.values);
}

/// The kernel that decides which tail planes are coded; one block.
VRAMLAB_LANE void choose_planes(const DenseTask& task, TableShared& shared) {
  if (task.values == 0) return;
  add_up_planes(*task.survey, shared);
  if (warp_index() != 0) return;
  const u32 coded = ballot(lane_index() < tail_planes && plane_is_worth(task, shared, lane_index()));
  if (lane_index() == 0) task.survey->coded = coded;
}

/// One thread: bytes that the coder is likely to write of a block, with some to spare.
VRAMLAB_LANE u64 likely_coder_bytes(const DenseTask& task, const DenseSurvey& survey) {
  if (task.values == 0) return 0;
  const bool planar = task.splitter.split == Split::fixed && survey.without <= task.values / 64;
  u64 bits = survey.coded_q16 >> 16;
  for (u32 k = 0; k < tail_planes; ++k)
    if (!planar && (survey.coded >> k & 1U) == 0) bits += survey.raw_bits[k];
  const u64 bytes = ((bits << 8) / task.values << survey.block_log2) >> 11;
  return rounded_up(bytes + bytes / 32 + 1024, 16);
}

/// One thread: bytes that the stream has at most. A step of the coder takes the bits of its symbol and, since it counts
/// in whole numbers, of which the state holds at least eight, less than log2(9/8) of a bit more.
VRAMLAB_LANE u64 most_stream_bytes(const DenseTask& task, const DenseSurvey& survey) {
  constexpr u64 more_of_block = 256;  // header, states, the last rows of planes, padding
  u64 bits = (survey.coded_q16 >> 16) + (1 + popcount(survey.coded)) * (task.values * 3 / 16);
  for (u32 k = 0; k < tail_planes; ++k) {
    const u64 raw = survey.raw_bits[k];  // planar planes have bits of words without the digit, a 64th of all, too
    if ((survey.coded >> k & 1U) == 0 && raw != 0) bits += raw + raw / 32 + task.values * 3 / 16;
  }
  const u64 front = header_bytes + 8U * task.header.dimensions + survey.table_bytes + u64{8} * survey.blocks;
  return front + bits / 8 + 4 * survey.escapes + (survey.blocks + 1) * more_of_block;
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
    bytes += make_table(survey, shared, survey.tables + bytes);
    if (thread_index() == 0 && shared.symbols == 1 && shared.codes[0] == 0) survey.zero |= 1U << k;
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
  if (thread_index() != 0) return;
  survey.table_bytes = padded;
  survey.coder_bytes = likely_coder_bytes(task, survey);
  survey.most_bytes = most_stream_bytes(task, survey);
}

}  // namespace vramlab::padic::gpu
