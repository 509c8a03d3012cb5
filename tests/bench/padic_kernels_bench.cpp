// Values and bytes (of values of 4 bytes) per second of the codec's kernels, each variant that this processor has. One
// block of 16384 normally distributed float32; under the bound 1e-3 their words have about 11 bits.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "engine/padic/frequencies.h"
#include "engine/padic/kernels.h"

namespace vramlab::padic {
namespace {

constexpr std::uint32_t n = 16384, width = 12;
using Words = std::vector<std::uint32_t>;

/// Everything that the kernels read and write.
struct Data {
  const Kernels& k;
  Quantiser quantiser = Quantiser::with(1e-3);
  Splitter splitter{Split::logarithmic, 0, 3};
  Words raw = Words(n), words = raw, out = raw, planes = raw, bitmap = Words(n / 32), kept = raw, wide = raw;
  Words counts = Words(1024), slots = Words(probability_scale), entries = Words(256);
  std::vector<std::uint16_t> codes = std::vector<std::uint16_t>(n), digits = codes, buffer = codes;
  std::vector<std::uint8_t> symbols = std::vector<std::uint8_t>(n), widths = symbols, ranks = symbols, table = symbols,
                            bytes = symbols;
  HeadBytes heads;

  explicit Data(const Kernels& kernels) : k(kernels) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (std::uint32_t& bits : raw) bits = bits_of_float(normal(random));
    k.quantise(raw.data(), n, quantiser, words.data(), bitmap.data());
    k.pack(words.data(), n, 0x80000000U - 2048, width, planes.data());
    k.codes(words.data(), n, WordKind::offset, splitter, codes.data());
    make_code();
    k.rank(codes.data(), n, ranks.data(), symbols.data());
    wide = words;
    k.magnitudes(wide.data(), n, WordKind::offset);
    k.peel(wide.data(), widths.data(), n, digits.data());
    buffer.resize(std::size_t{2} * n);
  }

  /// Of the heads, and the first tail plane's width by symbol.
  void make_code() {
    k.count_codes(codes.data(), n, counts.data());
    std::vector<std::uint64_t> present;
    for (std::uint32_t code = 0; code < 1024; ++code) {
      if (counts[code] == 0) continue;
      ranks[code] = static_cast<std::uint8_t>(present.size());
      table[present.size()] = static_cast<std::uint8_t>(splitter.digit_bits(splitter.tail_bits(code / 2), 0));
      present.push_back(counts[code]);
    }
    std::vector<std::uint16_t> frequencies(present.size());
    set_frequencies(present.data(), static_cast<std::uint32_t>(present.size()), frequencies.data());
    std::uint32_t slot = 0;
    for (std::uint32_t s = 0; s < present.size(); ++s) {
      entries[s] = encoder_entry(frequencies[s], slot);
      for (std::uint32_t b = 0; b < frequencies[s]; ++b) slots[slot++] = decoder_slot(s, frequencies[s], b);
    }
    for (std::uint32_t i = 0; i < n; ++i) widths[i] = table[ranks[codes[i]]];
  }

  /// float32 from 23 bits of tail.
  void assemble(bool of_planes) {
    constexpr std::uint32_t rows = n / 32;
    TailByte tail[3];
    for (std::uint32_t byte = 0; byte < 3; ++byte)
      tail[byte] =
          of_planes ? TailByte{nullptr, raw.data() + (byte == 2 ? 0 : (15 - 8 * byte) * rows), byte == 2 ? 7U : 8U, 0}
                    : TailByte{bytes.data(), nullptr, 0, 0};
    k.assemble(symbols.data(), n, heads, tail, 4, out.data());
  }

  EncoderState encoder() {
    EncoderState state;
    std::fill(state.states, state.states + lanes, lowest_state);
    state.next = buffer.data() + buffer.size();
    return state;
  }
  /// Of what `encode` writes.
  template <class Encode>
  DecoderState decoder(const Encode& encode) {
    EncoderState state = encoder();
    encode(state);
    DecoderState found;
    std::copy(state.states, state.states + lanes, found.states);
    found.next = state.next;
    found.end = buffer.data() + buffer.size();
    return found;
  }
};

template <class Run>
void measure(const Kernels& kernels, const std::string& name, const Run& run) {
  benchmark::RegisterBenchmark((name + "/" + std::string(kernels.name)).c_str(),
                               [&kernels, run](benchmark::State& state) {
                                 Data data(kernels);
                                 for (auto _ : state) {
                                   run(data);
                                   benchmark::ClobberMemory();
                                 }
                                 state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * n);
                                 state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * n * 4);
                               });
}

void measure_words(const Kernels& k) {
  measure(k, "quantise", [](Data& d) { d.k.quantise(d.raw.data(), n, d.quantiser, d.out.data(), d.bitmap.data()); });
  measure(k, "dequantise", [](Data& d) { d.k.dequantise(d.words.data(), n, d.quantiser.step, d.out.data()); });
  measure(k, "pack12", [](Data& d) { d.k.pack(d.words.data(), n, 0x80000000U - 2048, width, d.out.data()); });
  measure(k, "pack_groups12", [](Data& d) {
    for (std::uint32_t g = 0; g < n; g += 1024)
      d.k.pack(d.words.data() + g, 1024, 0x80000000U - 2048, width, d.out.data());
  });
  const auto unpack = [](Data& d, bool floats) {
    for (std::uint32_t g = 0; g < n; g += 1024) {
      d.k.unpack(d.planes.data() + g / 32 * width, 1024, width, width, 0x80000000U - 2048, d.kept.data());
      if (floats) d.k.dequantise(d.kept.data(), 1024, d.quantiser.step, d.out.data() + g);
    }
  };
  measure(k, "unpack_groups12", [unpack](Data& d) { unpack(d, false); });
  measure(k, "unpack_groups12_dequantise", [unpack](Data& d) { unpack(d, true); });
  measure(k, "extent",
          [](Data& d) { benchmark::DoNotOptimize(d.k.extent(d.words.data(), n, WordKind::signed_parts)); });
  measure(k, "compact", [](Data& d) {
    benchmark::DoNotOptimize(d.k.compact(d.words.data(), n, 0x80000000U, d.kept.data(), d.bitmap.data()));
  });
  measure(k, "expand", [](Data& d) { d.k.expand(d.raw.data(), d.words.data(), n, 0, d.out.data()); });
  measure(k, "checksum", [](Data& d) { benchmark::DoNotOptimize(d.k.checksum(d.words.data(), n, 0)); });
  measure(k, "widen16", [](Data& d) { d.k.widen(d.raw.data(), n, 2, WordKind::signed_parts, d.out.data()); });
  measure(k, "narrow16", [](Data& d) { d.k.narrow(d.raw.data(), n, 2, WordKind::signed_parts, d.out.data()); });
  measure(k, "widen32", [](Data& d) { d.k.widen(d.raw.data(), n, 4, WordKind::signed_parts, d.out.data()); });
}

void measure_heads(const Kernels& k) {
  measure(k, "codes", [](Data& d) { d.k.codes(d.words.data(), n, WordKind::offset, d.splitter, d.codes.data()); });
  measure(k, "rank", [](Data& d) { d.k.rank(d.codes.data(), n, d.ranks.data(), d.symbols.data()); });
  measure(k, "translate", [](Data& d) { d.k.translate(d.symbols.data(), n, d.table.data(), d.ranks.data()); });
  measure(k, "count_codes", [](Data& d) { d.k.count_codes(d.codes.data(), n, d.counts.data()); });
  measure(k, "count_digits", [](Data& d) { d.k.count_digits(d.digits.data(), d.widths.data(), n, d.counts.data()); });
  measure(k, "peel", [](Data& d) { d.k.peel(d.out.data(), d.widths.data(), n, d.digits.data()); });
  measure(k, "lead", [](Data& d) { d.k.lead(d.symbols.data(), n, d.table.data(), d.out.data()); });
  measure(k, "append", [](Data& d) { d.k.append(d.out.data(), d.widths.data(), d.words.data(), n); });
  measure(k, "restore",
          [](Data& d) { d.k.restore(d.out.data(), d.symbols.data(), n, d.table.data(), WordKind::offset); });
  measure(k, "assemble32_planes", [](Data& d) { d.assemble(true); });
  measure(k, "assemble32_bytes", [](Data& d) { d.assemble(false); });
  measure(k, "present",
          [](Data& d) { benchmark::DoNotOptimize(d.k.present(d.symbols.data(), n, d.table.data(), d.bitmap.data())); });
  measure(k, "unpack23", [](Data& d) { d.k.unpack(d.raw.data(), n, 23, 23, 0, d.out.data()); });
}

void measure_coder(const Kernels& k) {
  const auto symbols = [](Data& d, EncoderState& state) {
    d.k.encode_symbols(state, d.entries.data(), d.symbols.data(), n);
  };
  const auto quarter = [](Data& d, EncoderState& state) {
    d.k.encode_symbols(state, d.entries.data(), d.symbols.data(), n / 4);
  };
  const auto digits = [](Data& d, EncoderState& state) {
    d.k.encode_bypass(state, d.digits.data(), d.widths.data(), n);
  };
  const auto encode = [](const auto& with) {
    return [with](Data& d) {
      EncoderState state = d.encoder();
      with(d, state);
      benchmark::DoNotOptimize(state.next);
    };
  };
  measure(k, "encode_symbols", encode(symbols));
  measure(k, "encode_bypass", encode(digits));
  const auto measure_decoding = [&](const std::string& name, const auto& with, const auto& read) {
    benchmark::RegisterBenchmark((name + "/" + std::string(k.name)).c_str(), [&k, with, read](benchmark::State& state) {
      Data data(k);
      const DecoderState begin = data.decoder([&](EncoderState& encoder) { with(data, encoder); });
      for (auto _ : state) {
        DecoderState decoder = begin;
        if (!read(data, decoder)) state.SkipWithError("the words ran out");
        benchmark::ClobberMemory();
      }
      state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * n);
      state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * n * 4);
    });
  };
  measure_decoding("decode_bytes", symbols, [](Data& d, DecoderState& state) {
    const CodedBytes block{&state, d.ranks.data(), nullptr};
    return d.k.decode_bytes(&block, 1, d.slots.data(), n);
  });
  measure_decoding("decode_bytes_of_four_quarters", quarter, [](Data& d, DecoderState& state) {
    DecoderState states[] = {state, state, state, state};
    CodedBytes blocks[4];
    for (std::uint32_t b = 0; b < 4; ++b) blocks[b] = {&states[b], d.ranks.data() + b * n / 4, nullptr};
    return d.k.decode_bytes(blocks, 4, d.slots.data(), n / 4);
  });
  measure_decoding("decode_bypass", digits, [](Data& d, DecoderState& state) {
    return d.k.decode_bypass(state, d.widths.data(), n, d.out.data());
  });
}

const bool registered = [] {
  for (const char* name : {"portable", "avx2", "avx512"}) {
    const Kernels* found = kernels_named(name);
    if (found == nullptr) continue;
    measure_words(*found);
    measure_heads(*found);
    measure_coder(*found);
  }
  return true;
}();

}  // namespace
}  // namespace vramlab::padic
