#include "engine/swap/absence_scores.h"

#include <gtest/gtest.h>

#include <numeric>

#include "engine/core/error.h"
#include "small_program.h"

namespace vramlab {
namespace {

using testing::small_machine;
using testing::small_program;
using Order = std::vector<std::uint32_t>;

constexpr CandidateRequest any_size{.tier = Tier::host, .min_swap = Bytes(1)};

/// Six operators of 100 ns. Load by slot: 100, 150, 350, 350, 150, 100.
AccessProgram six_operators() {
  return small_program(std::vector<std::int64_t>(6, 100), {{100, {0, 5}}, {50, {1, 4}}, {200, {2, 3}}});
}

std::vector<AbsenceCandidate> candidates_of(const AccessProgram& program, const SwapMachine& machine,
                                            std::size_t window = 0) {
  return absence_candidates(program, machine, peak_windows(program), any_size).at(window);
}

Order order_of(AbsenceScoreKind kind, const AccessProgram& program, const SwapMachine& machine) {
  const auto candidates = candidates_of(program, machine);
  return order_by(kind, program, peak_windows(program).at(0), candidates, machine.limit);
}

TEST(AbsenceScores, AbsencesLieAroundThePeak) {
  const AccessProgram program = six_operators();
  const std::vector<PeakWindow> windows = peak_windows(program);
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].peak, 2U);  // the first of two alike
  const auto candidates = candidates_of(program, small_machine(1, 1, Bytes(200)));
  ASSERT_EQ(candidates.size(), 2U);  // the third is used at the peak
  EXPECT_EQ(candidates[0].last, 0U);
  EXPECT_EQ(candidates[0].next, 5U);
  EXPECT_EQ(candidates[0].absence, 400_ns);
  EXPECT_EQ(candidates[1].absence, 200_ns);
}

TEST(AbsenceScores, SmallObjectsStay) {
  const AccessProgram program = six_operators();
  const auto candidates = absence_candidates(program, small_machine(1, 1, Bytes(0)), peak_windows(program),
                                             {.tier = Tier::host, .min_swap = Bytes(51)});
  ASSERT_EQ(candidates.at(0).size(), 1U);
  EXPECT_EQ(candidates[0][0].bytes, Bytes(100));
  EXPECT_EQ(CandidateRequest{}.min_swap, 1_MiB);
}

TEST(AbsenceScores, EachIterationHasItsOwnPeakAndAbsences) {
  const AccessProgram program =
      small_program({10, 10, 10, 10, 10, 10, 10, 10}, {{10, {0, 3, 4, 7}}, {90, {1, 2}}, {90, {6}}}, {0, 4});
  const std::vector<PeakWindow> windows = peak_windows(program);
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].peak, 1U);
  EXPECT_EQ(windows[1].peak, 6U);
  const auto all = absence_candidates(program, small_machine(1, 1, Bytes(0)), windows, any_size);
  ASSERT_EQ(all[0].size(), 1U);
  EXPECT_EQ(all[0][0].next, 3U);
  ASSERT_EQ(all[1].size(), 1U);
  EXPECT_EQ(all[1][0].last, 4U);
}

TEST(AbsenceScores, AMachineWithoutTheLinkIsRefused) {
  const AccessProgram program = six_operators();
  EXPECT_THROW(absence_candidates(program, small_machine(1, 1, Bytes(0)), peak_windows(program), {.tier = Tier::peer}),
               ConfigError);
}

TEST(AbsenceScores, DoaAndAoaByHand) {
  const auto candidates = candidates_of(six_operators(), small_machine(1, 1, Bytes(200)));
  EXPECT_EQ(candidates[0].doa(), 200_ns);  // 400 - 100 - 100
  EXPECT_EQ(candidates[1].doa(), 100_ns);  // 200 - 50 - 50
  EXPECT_EQ(aoa_score(candidates[0]), (AbsenceScore{false, 20'000}));
  EXPECT_EQ(aoa_score(candidates[1]), (AbsenceScore{false, 5'000}));
}

TEST(AbsenceScores, NegativeDoaIsDividedBySize) {
  // Absences of 100 ns; both transfers take twice the size.
  const AccessProgram program = small_program({10, 100, 10}, {{100, {0, 2}}, {400, {0, 2}}, {1, {1}}});
  const auto candidates = candidates_of(program, small_machine(1, 1, Bytes(0)));
  EXPECT_EQ(aoa_score(candidates[0]), (AbsenceScore{true, 100, 100}));
  EXPECT_EQ(aoa_score(candidates[1]), (AbsenceScore{true, 700, 400}));
  EXPECT_LT(aoa_score(candidates[1]), aoa_score(candidates[0]));  // -1.75 < -1
  EXPECT_EQ((AbsenceScore{true, 1, 3}), (AbsenceScore{true, 2, 6}));
  EXPECT_LT((AbsenceScore{true, 1, 1000}), (AbsenceScore{false, 0}));
  EXPECT_EQ((AbsenceScore{true, 0, 7}), (AbsenceScore{false, 0}));
}

TEST(AbsenceScores, WdoaIsTheIntegralOfWhatIsOverTheLimit) {
  const AccessProgram program = six_operators();
  ExcessLoad excess(program, peak_windows(program)[0], Bytes(120));
  EXPECT_TRUE(excess.over(0, 5) == 100 * (30 + 230 + 230 + 30));
  EXPECT_TRUE(excess.over(1, 4) == 100 * (230 + 230));
  excess.take(0, 5, Bytes(100));
  EXPECT_TRUE(excess.over(0, 5) == 100 * (130 + 130));
  EXPECT_TRUE(excess.over(1, 4) == 100 * (130 + 130));
}

TEST(AbsenceScores, TimeBeforeAnOperatorIsIdleWithItsMemory) {
  AccessProgram program = six_operators();
  program.begin[5] += 7_ns;  // load 100, over a limit of 90 by 10
  program.end[5] += 7_ns;
  const ExcessLoad excess(program, peak_windows(program)[0], Bytes(90));
  EXPECT_TRUE(excess.over(0, 5) == 100 * (60 + 260 + 260 + 60) + 7 * 10);
}

TEST(AbsenceScores, SwdoaTakesTheLoadAnewAfterEachChoice) {
  // With object 0 away, objects 1 and 2 have as much over the limit: the lower number goes first.
  const AccessProgram program =
      small_program({100, 100, 100, 100, 100, 100, 100, 100, 100},
                    {{300, {0, 8}}, {300, {0, 7}}, {10, {1, 6}}, {700, {3}}, {700, {4}}, {500, {5}}});
  const SwapMachine machine = small_machine(1000, 1000, Bytes(800));
  EXPECT_EQ(order_of(AbsenceScoreKind::wdoa, program, machine), (Order{0, 1, 2}));
  const auto candidates = candidates_of(program, machine);
  ExcessLoad excess(program, peak_windows(program)[0], machine.limit);
  EXPECT_TRUE(excess.over(0, 8) == 100 * (510 + 510 + 310));
  excess.take(0, 8, Bytes(300));
  EXPECT_TRUE(excess.over(0, 7) == 100 * (210 + 210 + 10));
  EXPECT_TRUE(excess.over(1, 6) == 100 * (210 + 210 + 10));  // alike now: the lower number goes first
  EXPECT_EQ(order_of(AbsenceScoreKind::swdoa, program, machine), (Order{0, 1, 2}));
}

TEST(AbsenceScores, SwdoaAndWdoaDiffer) {
  // Objects 0 and 1 are away in the same slots, object 2 later too: once 0 is away, it has more over the limit than 1.
  const AccessProgram program = small_program(
      std::vector<std::int64_t>(8, 10), {{100, {0, 4}}, {40, {0, 4}}, {20, {2, 7}}, {40, {3}}, {70, {5}}, {70, {6}}});
  // Load: 140 140 160 200 160 90 90 20
  const SwapMachine machine = small_machine(1000, 1000, Bytes(80));
  EXPECT_EQ(order_of(AbsenceScoreKind::wdoa, program, machine), (Order{0, 1, 2}));
  // With 0 away: 140 40 60 100 160 90 90 20, so 20 over in slot 3 for object 1, 120 + 80 + 20 for object 2.
  EXPECT_EQ(order_of(AbsenceScoreKind::swdoa, program, machine), (Order{0, 2, 1}));
}

TEST(AbsenceScores, RanksAddUp) {
  const AccessProgram program = six_operators();
  const SwapMachine machine = small_machine(1, 1, Bytes(120));
  EXPECT_EQ(order_of(AbsenceScoreKind::rank_sum, program, machine), (Order{0, 1}));
  // Object 0 is behind in nothing but AOA.
  const AccessProgram other =
      small_program(std::vector<std::int64_t>(10, 100), {{10, {0, 9}}, {200, {1, 8}}, {500, {4}}});
  const SwapMachine fast = small_machine(100, 100, Bytes(400));
  EXPECT_EQ(order_of(AbsenceScoreKind::doa, other, fast), (Order{0, 1}));
  EXPECT_EQ(order_of(AbsenceScoreKind::aoa, other, fast), (Order{1, 0}));
  EXPECT_EQ(order_of(AbsenceScoreKind::rank_sum, other, fast), (Order{0, 1}));
}

// --- Mistakes of the published code
// ------------------------------------------------------------------------------------

TEST(AbsenceScores, TheSumOfWdoaReachesTheSortKey) {
  // The published code added it up in a copy: every key stayed 0, and objects kept the order they came in.
  const AccessProgram program =
      small_program(std::vector<std::int64_t>(8, 100), {{10, {2, 4}}, {10, {1, 5}}, {10, {0, 6}}, {200, {2, 3, 4}}});
  // Candidates are objects 1 and 2; the second one's absence is the longer, and its key the larger.
  EXPECT_EQ(order_of(AbsenceScoreKind::wdoa, program, small_machine(1, 1, Bytes(5))), (Order{1, 0}));
}

TEST(AbsenceScores, TheTimeToSwapOutIsSubtractedOnce) {
  // 100 bytes: 50 ns out, 20 ns in.
  const auto candidates = candidates_of(six_operators(), small_machine(2, 5, Bytes(200)));
  EXPECT_EQ(candidates[0].out_time.total(), 50_ns);
  EXPECT_EQ(candidates[0].in_time.total(), 20_ns);
  EXPECT_EQ(candidates[0].doa(), 330_ns);
}

TEST(AbsenceScores, APackedTransferTakesThePackedBytesAndItsPacking) {
  SwapMachine machine = small_machine(1, 1, Bytes(200));
  machine.codec = {.ratio_per_mille = 2000,
                   .compress_bytes_per_second = 10'000'000'000,
                   .decompress_bytes_per_second = 20'000'000'000};
  const auto candidates = candidates_of(six_operators(), machine);
  EXPECT_EQ(candidates[0].out_time, (SwapTime{50_ns, 10_ns}));
  EXPECT_EQ(candidates[0].in_time, (SwapTime{50_ns, 5_ns}));
}

// --- Properties ------------------------------------------------------------------------------------------------------

/// By definition, slot by slot.
Wide integral(const AccessProgram& program, const AbsenceCandidate& candidate, Bytes limit) {
  Wide sum = 0;
  for (std::uint32_t slot = candidate.last + 1; slot < candidate.next; ++slot) {
    const Bytes over = program.load[slot] > limit ? program.load[slot] - limit : Bytes(0);
    sum += static_cast<Wide>(over.value) * static_cast<std::uint64_t>((program.end[slot] - program.begin[slot]).value);
  }
  return sum;
}

TEST(AbsenceScores, OrdersFallInWhatTheyOrderBy) {
  EXPECT_TRUE(testing::holds_for(300, [] {
    const AccessProgram program = testing::drawn_program();
    const SwapMachine machine = testing::drawn_machine(program);
    const auto windows = peak_windows(program);
    const auto all = absence_candidates(program, machine, windows, any_size);
    for (std::size_t w = 0; w < windows.size(); ++w) {
      const auto& candidates = all[w];
      const Order doa = order_by(AbsenceScoreKind::doa, program, windows[w], candidates, machine.limit);
      const Order wdoa = order_by(AbsenceScoreKind::wdoa, program, windows[w], candidates, machine.limit);
      for (std::size_t i = 0; i + 1 < doa.size(); ++i) {
        RC_ASSERT(candidates[doa[i]].doa() >= candidates[doa[i + 1]].doa());
        RC_ASSERT(integral(program, candidates[wdoa[i]], machine.limit) >=
                  integral(program, candidates[wdoa[i + 1]], machine.limit));
      }
      for (const AbsenceScoreKind kind : {AbsenceScoreKind::aoa, AbsenceScoreKind::swdoa, AbsenceScoreKind::rank_sum}) {
        Order order = order_by(kind, program, windows[w], candidates, machine.limit), all_of_them(candidates.size());
        std::iota(all_of_them.begin(), all_of_them.end(), 0U);
        std::ranges::sort(order);
        RC_ASSERT(order == all_of_them);
      }
    }
  }));
}

TEST(AbsenceScores, AoaIsOrderedAsItsQuotientsAre) {
  EXPECT_TRUE(testing::holds_for(500, [] {
    const auto drawn = [] {
      return AbsenceCandidate{.object = 0,
                              .id = ObjectId(0),
                              .bytes = Bytes(testing::pick<std::uint64_t>(1, 1000)),
                              .last = 0,
                              .next = 0,
                              .absence = Nanoseconds(testing::pick<std::int64_t>(0, 1000)),
                              .out_time = {Nanoseconds(testing::pick<std::int64_t>(0, 1000)), Nanoseconds(0)},
                              .in_time = {}};
    };
    const AbsenceCandidate a = drawn(), b = drawn();
    const auto value = [](const AbsenceCandidate& c) {
      const auto doa = static_cast<double>(c.doa().value), size = static_cast<double>(c.bytes.value);
      return doa >= 0 ? doa * size : doa / size;  // exact enough for these sizes: quotients differ by 1e-6 at least
    };
    if (value(a) < value(b) - 1e-9) RC_ASSERT(aoa_score(a) < aoa_score(b));
    if (value(a) > value(b) + 1e-9) RC_ASSERT(aoa_score(a) > aoa_score(b));
  }));
}

}  // namespace
}  // namespace vramlab
