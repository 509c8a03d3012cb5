// Digits of several blocks at once, and of few words one after the other.

#include <gtest/gtest.h>

#include "coder_harness.h"

namespace vramlab::padic {
namespace {

using namespace testing;
using vramlab::testing::holds_for;

// Up to six blocks of as many words of one table, some without a digit in places; with one cut short, all are refused.
struct Several {
  Block like;  ///< of all: n and the tables
  std::vector<Bytes> bytes;
  std::vector<Words> present;  ///< none: all words have one
  std::vector<Stream> streams;
  std::uint32_t width = 0;  ///< of raw digits; 0: coded ones
};

Several draw_several(Random& random, std::uint32_t width) {
  Several all{draw_block(random), {}, {}, {}, width};
  const std::uint32_t n = all.like.n, count = random.below(6) + 1, absent = random.below(2) * random.below(17);
  for (std::uint32_t k = 0; k < count; ++k) {
    Bytes bytes = all.like.symbols, widths = scratch<std::uint8_t>(n, 0);
    Words present(n / 32 + 1);
    std::rotate(bytes.begin(), bytes.begin() + random.below(n + 1), bytes.begin() + n);
    Pairs digits = scratch<std::uint16_t>(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      const bool there = random.below(16) >= absent;
      if (width != 0) bytes[i] &= static_cast<std::uint8_t>((1U << width) - 1U);
      if (!there) bytes[i] = 0;
      if (there) present[i / 32] |= 1U << i % 32;
      widths[i] = static_cast<std::uint8_t>(there ? std::max(width, 1U) : 0U);
      digits[i] = bytes[i];
    }
    Pairs buffer(n);
    EncoderState encoder;
    for (std::uint32_t& state : encoder.states) state = lowest_state;
    encoder.next = buffer.data() + n;
    if (width != 0)
      portable().encode_bypass(encoder, digits.data(), widths.data(), n);
    else
      portable().encode_digits(encoder, all.like.heads.entries.data(), digits.data(), widths.data(), n);
    all.bytes.push_back(bytes);
    all.present.push_back(present);
    all.streams.push_back({{encoder.states, encoder.states + lanes}, {encoder.next, buffer.data() + n}});
  }
  return all;
}

bool is_read(const Kernels& table, const Several& all) {
  const std::uint32_t n = all.like.n;
  const auto count = static_cast<std::uint32_t>(all.bytes.size());
  std::vector<DecoderState> decoders;
  std::vector<Bytes> found(count, scratch<std::uint8_t>(n));
  std::vector<CodedBytes> blocks;
  for (const Stream& stream : all.streams) decoders.push_back(opened(stream));
  for (std::uint32_t k = 0; k < count; ++k)
    blocks.push_back({&decoders[k], found[k].data(), all.present.empty() ? nullptr : all.present[k].data()});
  if (!(all.width != 0 ? table.decode_raw_bytes(blocks.data(), count, all.width, n)
                       : table.decode_bytes(blocks.data(), count, all.like.heads.slots.data(), n)))
    return false;
  for (std::uint32_t k = 0; k < count; ++k) {
    RC_ASSERT(same(found[k], all.bytes[k], n));
    RC_ASSERT(decoders[k].next == decoders[k].end);
    for (const std::uint32_t state : decoders[k].states) RC_ASSERT(state == lowest_state);
  }
  return true;
}

TEST(KernelTogether, SeveralBlocksAreReadAtOnce) {
  EXPECT_TRUE(holds_for(400, [] {
    Random random = draw_random();
    Several all = draw_several(random, random.below(9));
    Pairs& last = all.streams.back().words;
    const bool cut = pick_bool() && !last.empty();
    if (cut) last.resize(random.below(static_cast<std::uint32_t>(last.size())));
    last.shrink_to_fit();
    for (const Kernels* table : all_kernels()) RC_ASSERT(is_read(*table, all) == !cut);
  }));
}

// As exponents are: one symbol after the other twice as frequent up to the middle, so that those at both ends share
// slots of a few neighbours. All words have a digit, as heads do.
TEST(KernelTogether, FewSymbolsAreReadByAnyOfTheirShapes) {
  EXPECT_TRUE(holds_for(200, [] {
    Random random = draw_random();
    const std::uint32_t symbols = random.below(70) + 1, n = 2000 + random.below(300), peak = random.below(symbols);
    Several all{{}, {}, {}, {}, 0};
    std::vector<std::uint64_t> counts;
    for (std::uint32_t s = 0; s < symbols; ++s)
      counts.push_back(1 +
                       (std::uint64_t{1} << (40 - std::min(40U, random.below(3) + (s < peak ? peak - s : s - peak)))));
    all.like.n = n;
    all.like.heads = code_of(counts);
    const std::uint32_t count = random.below(4) + 1;
    for (std::uint32_t k = 0; k < count; ++k) {
      Bytes bytes = scratch<std::uint8_t>(n, 0);
      for (std::uint32_t i = 0; i < n; ++i)
        bytes[i] = static_cast<std::uint8_t>(all.like.heads.slots[random.below(probability_scale)] & 0xFFU);
      Pairs buffer(n);
      EncoderState encoder;
      for (std::uint32_t& state : encoder.states) state = lowest_state;
      encoder.next = buffer.data() + n;
      portable().encode_symbols(encoder, all.like.heads.entries.data(), bytes.data(), n);
      all.bytes.push_back(bytes);
      all.streams.push_back({{encoder.states, encoder.states + lanes}, {encoder.next, buffer.data() + n}});
    }
    for (const Kernels* table : all_kernels()) RC_ASSERT(is_read(*table, all));
  }));
}

// One after the other, by their numbers, with the same end; what lies between stays.
TEST(KernelTogether, FewDigitsAreReadWhereTheyAre) {
  EXPECT_TRUE(holds_for(400, [] {
    Random random = draw_random();
    const Several all = draw_several(random, random.below(9));
    const std::uint32_t n = all.like.n;
    Stream stream = all.streams[0];
    const bool cut = pick_bool() && !stream.words.empty();
    if (cut) stream.words.resize(random.below(static_cast<std::uint32_t>(stream.words.size())));
    stream.words.shrink_to_fit();
    for (const Kernels* table : all_kernels()) {
      Pairs positions = scratch<std::uint16_t>(n);
      table->positions(all.present[0].data(), n, positions.data());
      std::uint32_t count = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        if ((all.present[0][i / 32] >> i % 32 & 1U) == 0) continue;
        RC_ASSERT(positions[count++] == i);
      }
      DecoderState decoder = opened(stream);
      Bytes found(n, 0);
      const bool good = table->decode_bytes_at({&decoder, found.data(), nullptr},
                                               all.width != 0 ? nullptr : all.like.heads.slots.data(), all.width,
                                               positions.data(), count);
      RC_ASSERT(good == !cut);
      if (cut) continue;
      RC_ASSERT(same(found, all.bytes[0], n));
      RC_ASSERT(decoder.next == decoder.end);
      for (const std::uint32_t state : decoder.states) RC_ASSERT(state == lowest_state);
    }
  }));
}

}  // namespace
}  // namespace vramlab::padic
