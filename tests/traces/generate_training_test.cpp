#include "traces/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "generated.h"

namespace vramlab {
namespace {

using namespace vramlab::test;

std::size_t count_of(const std::vector<std::string>& ops, const std::string& name) {
  return static_cast<std::size_t>(std::count(ops.begin(), ops.end(), name));
}

class TrainingGenerator : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, TrainingGenerator, ::testing::Values("transformer", "cnn", "variable-length", "moe"),
                         [](const auto& parameter) {
                           return parameter.param == std::string("variable-length") ? "variable_length"
                                                                                    : parameter.param;
                         });

TEST_P(TrainingGenerator, KeepsNothingOfAStepButParametersAndOptimizerStates) {
  const std::map<std::string, std::size_t> kept{{"sgd", 1}, {"momentum", 2}, {"adam", 4}};
  for (const auto& [optimizer, blocks] : kept) {
    const auto steps = steps_of(made(GetParam(), 40'000, 1, {{"optimizer", optimizer}}));
    ASSERT_GE(steps.size(), 3u);
    const std::size_t parameters = steps[0].live_at_begin;
    EXPECT_GT(parameters, 0u);
    for (std::size_t i = 1; i < steps.size(); ++i) EXPECT_EQ(steps[i].live_at_begin, parameters * blocks) << optimizer;
  }
}

TEST_P(TrainingGenerator, RunsTheOptimizerOnceAStepForEachParameter) {
  for (const Step& step : steps_of(made(GetParam(), 20'000, 1)))
    EXPECT_EQ(count_of(step.ops, "adam_step"), steps_of(made(GetParam(), 1, 1)).front().live_at_begin);
}

TEST_P(TrainingGenerator, LetsEveryBlockOfAStepBeWrittenBeforeItIsRead) {
  const Trace trace = made(GetParam(), 20'000, 1);
  const Operators& operators = trace.operators;
  std::vector<bool> written(trace.object_count());
  const std::size_t parameters = steps_of(trace).front().live_at_begin;
  std::fill_n(written.begin(), parameters, true);
  for (std::size_t op = 0; op < operators.size(); ++op) {
    const bool is_optimizer = operators.names[operators.name[op]] == "adam_step";  // its new states begin as zeros
    for (auto i = operators.reads.begin_of(op); i < operators.reads.ends[op]; ++i)
      EXPECT_TRUE(is_optimizer || written[operators.reads.values[i]]) << operators.names[operators.name[op]];
    for (auto i = operators.writes.begin_of(op); i < operators.writes.ends[op]; ++i)
      written[operators.writes.values[i]] = true;
  }
}

TEST_P(TrainingGenerator, GivesEachOperatorTheTimeOfItsArithmeticOrItsMemory) {
  const auto total = [&](const Settings& settings) {
    Nanoseconds sum{};
    for (const Nanoseconds time : made(GetParam(), 1, 1, settings).operators.gpu_time) sum += time;
    return sum;
  };
  const Settings slow{{"tflops", "1"}, {"bandwidth", "10"}, {"kernel_floor", "0"}};
  const Settings fast{{"tflops", "2"}, {"bandwidth", "20"}, {"kernel_floor", "0"}};
  const Settings floored{{"tflops", "1000000"}, {"bandwidth", "1000000"}, {"kernel_floor", "1000000000"}};
  EXPECT_NEAR(static_cast<double>(total(slow).value) / static_cast<double>(total(fast).value), 2, 1e-3);
  EXPECT_EQ(total(floored).value % 1'000'000'000, 0);
}

TEST(Transformer, StoresTwoScoreMatricesALayerUnlessAttentionIsFused) {
  const Settings shape{{"batch", "2"}, {"sequence", "100"}, {"heads", "3"}, {"layers", "4"}, {"hidden", "60"}};
  const std::uint64_t scores = 2ull * 3 * 100 * 100 * 2;
  Settings fused = shape;
  fused.emplace_back("attention", "fused");
  const auto count = [scores](const Trace& trace) {
    return std::count(trace.sizes.begin(), trace.sizes.end(), Bytes(scores));
  };
  EXPECT_EQ(count(made("transformer", 1, 0, shape)), 4 * 2 * 2);  // forward, and their gradients
  EXPECT_EQ(count(made("transformer", 1, 0, fused)), 0);
}

TEST(Transformer, RepeatsItsStepsExactlyOnceTheOptimizerHasItsStates) {
  const auto steps = steps_of(made("transformer", 30'000, 0));
  ASSERT_GE(steps.size(), 4u);
  EXPECT_GT(steps[0].alloc_sizes.size(), steps[1].alloc_sizes.size());
  for (std::size_t i = 2; i < steps.size(); ++i) EXPECT_EQ(steps[i].alloc_sizes, steps[1].alloc_sizes);
}

TEST(Transformer, DoublesItsActivationsWithFp32) {
  const Trace half = made("transformer", 1, 0, {{"dtype", "bf16"}, {"optimizer", "sgd"}});
  const Trace single = made("transformer", 1, 0, {{"dtype", "fp32"}, {"optimizer", "sgd"}});
  ASSERT_EQ(half.object_count(), single.object_count());
  EXPECT_EQ(half.sizes[0] * 2, single.sizes[0]);
}

TEST(VariableLength, DrawsPaddedLengthsWithinTheirSpan) {
  const auto steps =
      steps_of(made("variable-length", 100'000, 3,
                    {{"batch", "1"}, {"min_sequence", "101"}, {"max_sequence", "300"}, {"multiple", "50"}}));
  std::set<std::uint64_t> lengths;
  for (const Step& step : steps) lengths.insert(step.alloc_sizes.front() / 8);  // the batch's token numbers
  EXPECT_THAT(lengths, ::testing::ElementsAre(150, 200, 250, 300));
}

TEST(MixtureOfExperts, SendsEveryExpertOtherNumbersOfTokensAtEveryStep) {
  const auto steps = steps_of(made("moe", 20'000, 3, {{"layers", "2"}, {"experts", "5"}}));
  ASSERT_GE(steps.size(), 3u);
  EXPECT_EQ(count_of(steps[1].ops, "gather_tokens"), 10u);
  EXPECT_EQ(steps[1].alloc_sizes.size(), steps[2].alloc_sizes.size());
  EXPECT_NE(steps[1].alloc_sizes, steps[2].alloc_sizes);
}

TEST(Cnn, TriesWorkspacesInItsFirstStepOnly) {
  const auto steps = steps_of(made("cnn", 5000, 3, {{"trials", "2"}}));
  ASSERT_GE(steps.size(), 2u);
  EXPECT_EQ(count_of(steps[0].ops, "try_algorithm"), 2 * count_of(steps[0].ops, "convolution"));
  EXPECT_EQ(count_of(steps[0].ops, "convolution"), 20u);  // as many as ResNet-18 has, shortcuts included
  EXPECT_EQ(count_of(steps[1].ops, "try_algorithm"), 0u);
}

TEST(Cnn, KeepsWorkspacesWithinTheirLimit) {
  const auto largest = [](const char* limit) {
    const Trace trace = made("cnn", 1, 3, {{"batch", "8"}, {"optimizer", "sgd"}, {"workspace_limit", limit}});
    return *std::max_element(trace.sizes.begin(), trace.sizes.end());
  };
  EXPECT_LT(largest("1KiB"), largest("1GiB"));  // the columns of the largest convolution are the largest block
}

}  // namespace
}  // namespace vramlab
