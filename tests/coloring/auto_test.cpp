// The solver that picks by itself, and what it makes of real recordings.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "generated_instances.h"
#include "small_instances.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using testing::BruteForce;
using testing::generated_instance;
using testing::holds_for;
using testing::pick;
using testing::pick_bool;
using testing::random_instance;
using testing::small_instance;

SolveRequest request_with(const char* rounds, std::uint64_t seed = 1, unsigned threads = 1) {
  return testing::request_to("auto", {{"rounds", rounds}}, seed, threads);
}

SolveResult plan(const Instance& instance, const SolveRequest& request) {
  return testing::answer_of("auto", instance, request);
}

TEST(Auto, IsValidAndNeverAboveTheGreedySolversItTries) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance =
        random_instance({.most_buffers = 30, .alignments = pick_bool(), .gaps = pick_bool(), .pins = pick_bool()});
    const SolveResult result = plan(instance, request_with("1"));
    RC_ASSERT(check_plan(instance, result.plan) == "");
    for (const std::string_view greedy : {"best-fit", "first-fit", "by-load", "by-lifetime"})
      RC_ASSERT(result.plan.peak <= testing::solve_by(greedy, instance).plan.peak);
  }));
}

TEST(Auto, FindsAndProvesTheLeastPeakOfSmallInstances) {
  EXPECT_TRUE(holds_for(300, [] {
    const Instance instance = small_instance({.alignments = pick_bool(), .gaps = pick_bool(), .pins = pick_bool()});
    const SolveResult result = plan(instance, request_with("8"));
    RC_LOG() << testing::text_of(instance);
    RC_ASSERT(result.plan.peak == BruteForce(instance).least_peak());
    RC_ASSERT(result.optimal);
  }));
}

TEST(Auto, DecidesWhetherACapacitySuffices) {
  EXPECT_TRUE(holds_for(300, [] {
    const Instance instance = small_instance({.alignments = pick_bool(), .gaps = pick_bool(), .pins = pick_bool()});
    const Bytes least = BruteForce(instance).least_peak();
    SolveRequest request = request_with("8");
    request.capacity = Bytes(pick(lower_bound(instance).bytes.value, least.value + 3));
    const SolveResult result = plan(instance, request);
    RC_LOG() << testing::text_of(instance) << " capacity " << request.capacity.value;
    RC_ASSERT(check_plan(instance, result.plan) == "");
    RC_ASSERT(result.infeasible == (request.capacity < least));
    RC_ASSERT((result.plan.peak <= request.capacity) == (least <= request.capacity));
  }));
}

TEST(Auto, MakesTheSamePlanForTheSameSeedWhateverTheThreads) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance({.most_buffers = 20});
    const auto seed = pick<std::uint64_t>(0, 3);
    const SolveResult one = plan(instance, request_with("2", seed, 1));
    for (const unsigned threads : {2u, 4u}) {
      const SolveResult other = plan(instance, request_with("2", seed, threads));
      RC_ASSERT(other.plan.offsets == one.plan.offsets);
      RC_ASSERT(other.lower_bound == one.lower_bound);
      RC_ASSERT(other.steps == one.steps);
    }
  }));
}

TEST(Auto, ImprovesPieceByPieceWhatHasMoreBuffersThanItMaySearch) {
  const Instance instance = generated_instance(5000);
  SolveRequest request = request_with("1");
  request.options.set("most_searched", "1000", "test");
  const SolveResult result = plan(instance, request);
  EXPECT_EQ(check_plan(instance, result.plan), "");
  EXPECT_LT(result.plan.peak, testing::solve_by("best-fit", instance).plan.peak);
  EXPECT_LT(result.plan.peak, testing::solve_by("by-load", instance).plan.peak);
}

Instance recorded(const std::string& file) {
  return to_instance(read_traces(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + file).front());
}

class RecordedRun : public ::testing::TestWithParam<const char*> {};

constexpr const char* recordings[] = {"alexnet-train-b256.pickle.xz",  "alexnet-train-b256.ops.csv.xz",
                                      "vgg16-train-b64.pickle.xz",     "gnn-train-var.pickle.xz",
                                      "resnet50-train-b64.ops.csv.xz", "resnet50-train-prefetch-stream.pickle.xz",
                                      "unet-train-var.ops.csv.xz",     "bert-train-var-cap.pickle.xz"};

INSTANTIATE_TEST_SUITE_P(Bundled, RecordedRun, ::testing::ValuesIn(recordings));

TEST_P(RecordedRun, IsPlannedWithinItsMaximumLoad) {
  const Instance instance = recorded(GetParam());
  const SolveResult result = plan(instance, testing::request_to("auto", {}, 0, 0));
  EXPECT_EQ(check_plan(instance, result.plan), "");
  EXPECT_EQ(result.plan.peak, max_load(instance).bytes);
  EXPECT_TRUE(result.optimal);
}

TEST(RecordedGeneration, IsPlannedWithinItsMaximumLoadByOneGreedyOrder) {
  const Instance instance = recorded("llama-generate-var.vlt");
  const SolveResult result = testing::solve_by("by-load", instance);
  EXPECT_EQ(check_plan(instance, result.plan), "");
  EXPECT_EQ(result.plan.peak, max_load(instance).bytes);
}

}  // namespace
}  // namespace vramlab
