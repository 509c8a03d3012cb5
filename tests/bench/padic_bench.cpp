// p-adic arithmetic: Hensel codes of a word, as a codec calls them for every value, and Q_251 to 64 digits and beyond.
// `items_per_second` counts values.

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "engine/padic/hensel_word.h"
#include "engine/padic/padic.h"

namespace vramlab::bench {
namespace {

using padic::Padic;
using padic::Prime;
using padic::WordFraction;
using padic::WordHensel;

constexpr std::size_t many = 4096;  // so that no branch can be learnt by heart

std::vector<WordFraction> random_fractions(const WordHensel& codes) {
  std::mt19937_64 random(1);
  const auto draw = [&] {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(codes.farey_bound()));
  };
  std::vector<WordFraction> fractions;
  while (fractions.size() < many) {
    const WordFraction fraction{random() % 2 == 0 ? draw() : -draw(), draw() + 1};
    if (fraction.denominator % codes.prime().value() != 0) fractions.push_back(fraction);
  }
  return fractions;
}

void hensel_encode(benchmark::State& state) {
  const WordHensel codes(Prime(251), static_cast<int>(state.range(0)));
  const std::vector<WordFraction> fractions = random_fractions(codes);
  for ([[maybe_unused]] auto _ : state)
    for (const WordFraction& f : fractions) benchmark::DoNotOptimize(codes.encode(f.numerator, f.denominator));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(many));
}

void hensel_decode(benchmark::State& state) {
  const WordHensel codes(Prime(251), static_cast<int>(state.range(0)));
  std::vector<std::uint64_t> encoded;
  for (const WordFraction& f : random_fractions(codes)) encoded.push_back(*codes.encode(f.numerator, f.denominator));
  for ([[maybe_unused]] auto _ : state)
    for (const std::uint64_t code : encoded) benchmark::DoNotOptimize(codes.decode(code));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(many));
}

BENCHMARK(hensel_encode)->DenseRange(2, 7);
BENCHMARK(hensel_decode)->DenseRange(2, 7);

// A number with all of its digits at work.
Padic dense(int digits, int numerator) { return {padic::Rational(numerator, 3 * 5 * 7 * 11), Prime(251), digits}; }

template <class Operation>
void to_digits(benchmark::State& state, Operation operation) {
  const auto digits = static_cast<int>(state.range(0));
  const Padic x = dense(digits, 4);
  const Padic y = dense(digits, 13);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(operation(x, y));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(to_digits, add, [](const Padic& x, const Padic& y) { return x + y; })->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(to_digits, multiply, [](const Padic& x, const Padic& y) { return x * y; })->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(to_digits, divide, [](const Padic& x, const Padic& y) { return x / y; })->Arg(64)->Arg(1024);
BENCHMARK_CAPTURE(to_digits, square_root, [](const Padic& x, const Padic&) { return square_root(x * x); })
    ->Arg(64)
    ->Arg(1024);
BENCHMARK_CAPTURE(to_digits, teichmuller, [](const Padic& x, const Padic&) { return teichmuller(x); })
    ->Arg(64)
    ->Arg(1024);
BENCHMARK_CAPTURE(to_digits, reconstruct, [](const Padic& x, const Padic&) { return reconstruct(x); })
    ->Arg(64)
    ->Arg(1024);

}  // namespace
}  // namespace vramlab::bench
