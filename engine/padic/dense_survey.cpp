#include "engine/padic/dense_survey.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "engine/padic/block_workers.h"
#include "engine/padic/dense_block.h"
#include "engine/padic/open_stream.h"

namespace vramlab::padic {
namespace {

using HeadCounts = std::array<std::uint64_t, 1024>;
/// Of one tail plane.
struct PlaneCounts {
  std::array<std::uint64_t, 256> digits{};
  std::uint64_t bits = 0;
};
struct DigitCounts {
  std::array<PlaneCounts, tail_planes> planes;
  std::uint64_t words = 0;
};

std::size_t bytes_of_block(const BlockCuts& cuts, const ValueCoder& coder) {
  return std::size_t{cuts.block_values} * coder.format().bytes;
}

HeadCounts count_heads(const std::byte* raw, const BlockCuts& cuts, const ValueCoder& coder, unsigned threads) {
  const std::uint32_t workers = worker_count(threads, cuts.blocks);
  std::vector<HeadCounts> parts(workers, HeadCounts{});
  share_blocks(workers, cuts.blocks, [&](std::uint32_t worker, std::uint64_t first, std::uint64_t last) {
    DenseSplitter cut(coder, cuts.block_values * cuts.words_of_value);
    for (std::uint64_t b = first; b < last; ++b) {
      std::array<std::uint32_t, 1024> counts{};
      cut.cut_heads(raw + b * bytes_of_block(cuts, coder), cuts.values_of(static_cast<std::uint32_t>(b)),
                    coder.splitter(3));
      kernels().count_codes(cut.codes(), cut.words(), counts.data());
      for (std::size_t c = 0; c < counts.size(); ++c) parts[worker][c] += counts[c];
    }
  });
  for (std::uint32_t worker = 1; worker < workers; ++worker)
    for (std::size_t c = 0; c < parts[0].size(); ++c) parts[0][c] += parts[worker][c];
  return parts[0];
}

std::uint32_t occurring(const HeadCounts& counts) {
  return static_cast<std::uint32_t>(counts.size()) -
         static_cast<std::uint32_t>(std::count(counts.begin(), counts.end(), 0U));
}

HeadCounts coarser(const HeadCounts& counts) {
  HeadCounts coarse{};
  for (std::uint32_t code = 0; code < counts.size(); ++code)
    if (counts[code] != 0) coarse[coarser_code(code)] += counts[code];
  return coarse;
}

/// The 255 most frequent codes; all others are counted as the escape.
HeadCounts most_frequent(const HeadCounts& counts) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t code = 0; code < escape_code; ++code)
    if (counts[code] != 0) order.push_back(code);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
  HeadCounts kept{};
  kept[escape_code] = counts[escape_code];
  for (std::size_t i = 0; i < order.size(); ++i)
    kept[i < most_symbols - 1 ? order[i] : escape_code] += counts[order[i]];
  return kept;
}

/// Digits of the words [begin, begin + n) of what has been cut.
void add_digits(const DenseSplitter& cut, const DenseEncoding& encoding, std::uint32_t begin, std::uint32_t n,
                std::uint32_t planes, DigitCounts& sum) {
  sum.words += n;
  for (std::uint32_t k = 0; k < tail_planes; ++k) {
    if ((planes >> k & 1U) == 0 || !encoding.traits.used[k]) continue;
    std::array<std::uint32_t, 256> counts{};
    const std::uint8_t* widths = cut.widths(k) + begin;
    kernels().count_digits(cut.digits(k) + begin, widths, n, counts.data());
    for (std::size_t d = 0; d < counts.size(); ++d) sum.planes[k].digits[d] += counts[d];
    std::uint64_t bits = 0;
    for (std::uint32_t i = 0; i < n; ++i) bits += widths[i];
    sum.planes[k].bits += bits;
  }
}

/// Counts the planes whose bits are set, over all words or over the sampled groups.
class DigitCounter {
 public:
  DigitCounter(const std::byte* raw, const BlockCuts& cuts, const ValueCoder& coder, const DenseSurvey& known)
      : raw_(raw), cuts_(cuts), coder_(coder), known_(known) {}

  DigitCounts count(std::uint32_t planes, bool sampled, unsigned threads) const {
    const std::uint32_t workers = worker_count(threads, cuts_.blocks);
    std::vector<DigitCounts> parts(workers);
    share_blocks(workers, cuts_.blocks, [&](std::uint32_t worker, std::uint64_t first, std::uint64_t last) {
      DenseSplitter cut(coder_, cuts_.block_values * cuts_.words_of_value);
      for (std::uint64_t b = first; b < last; ++b)
        count_block(static_cast<std::uint32_t>(b), planes, sampled, cut, parts[worker]);
    });
    for (std::uint32_t worker = 1; worker < workers; ++worker) add(parts[worker], parts[0]);
    return parts[0];
  }

 private:
  void count_block(std::uint32_t block, std::uint32_t planes, bool sampled, DenseSplitter& cut,
                   DigitCounts& sum) const {
    const std::byte* raw = raw_ + block * bytes_of_block(cuts_, coder_);
    const std::uint32_t values = cuts_.values_of(block), words = cuts_.words_of(block);
    constexpr std::uint32_t stride = sampled_group * group_words;
    // A value of one word is where its word is, so that the other groups need not be cut.
    const bool whole = !sampled || cuts_.words_of_value != 1;
    if (whole) cut.cut(raw, values, known_.model.splitter, known_.encoding);
    if (!sampled) return add_digits(cut, known_.encoding, 0, words, planes, sum);
    for (std::uint32_t begin = 0; begin < words; begin += stride) {
      const std::uint32_t n = std::min(words - begin, group_words);
      if (!whole) cut.cut(raw + std::size_t{begin} * coder_.format().bytes, n, known_.model.splitter, known_.encoding);
      add_digits(cut, known_.encoding, whole ? begin : 0U, n, planes, sum);
    }
  }
  static void add(const DigitCounts& part, DigitCounts& sum) {
    sum.words += part.words;
    for (std::uint32_t k = 0; k < tail_planes; ++k) {
      sum.planes[k].bits += part.planes[k].bits;
      for (std::size_t d = 0; d < 256; ++d) sum.planes[k].digits[d] += part.planes[k].digits[d];
    }
  }

  const std::byte* raw_;
  const BlockCuts& cuts_;
  const ValueCoder& coder_;
  const DenseSurvey& known_;
};

void set_heads(HeadCounts counts, std::uint64_t words, const ValueCoder& coder, DenseSurvey& found) {
  found.model.splitter = coder.splitter(3);
  if (occurring(counts) > most_symbols && found.model.splitter.split == Split::logarithmic) {
    found.model.splitter = coder.splitter(2);
    counts = coarser(counts);
  }
  const HeadCounts kept = occurring(counts) > most_symbols ? most_frequent(counts) : counts;
  found.model.heads.set(kept);
  found.encoding = encoding_of(found.model, counts);
  found.block_log2 = block_log2_of(*std::max_element(kept.begin(), kept.end()), words);
}

void set_planes(const DigitCounter& counter, std::uint64_t words, unsigned threads, DenseSurvey& found) {
  const std::uint32_t possible = found.model.splitter.split == Split::fixed ? 7U : 1U;
  const DigitCounts sampled = counter.count(possible, true, threads);
  std::uint32_t coded = 0;
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    if (worth_coding(sampled.planes[k].digits.data(), sampled.planes[k].bits, sampled.words, words)) coded |= 1U << k;
  if (coded == 0) return;
  const DigitCounts all = counter.count(coded, false, threads);
  for (std::uint32_t k = 0; k < tail_planes; ++k)
    if ((coded >> k & 1U) != 0) found.model.planes[k].set(all.planes[k].digits);
  set_plane_entries(found.model, found.encoding);
}

}  // namespace

DenseSurvey survey(const std::byte* raw, std::uint64_t values, const ValueCoder& coder, unsigned threads) {
  DenseSurvey found;
  const std::uint64_t words = values * coder.format().words;
  found.model.splitter = coder.splitter(3);
  if (values == 0) return found;
  const BlockCuts heads(values, coder.format(), dense_block_log2);
  set_heads(count_heads(raw, heads, coder, threads), words, coder, found);
  const BlockCuts cuts(values, coder.format(), found.block_log2);
  set_planes(DigitCounter(raw, cuts, coder, found), words, threads, found);
  return found;
}

}  // namespace vramlab::padic
