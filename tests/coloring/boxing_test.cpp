#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/coloring/boxes.h"
#include "engine/coloring/greedy.h"
#include "instances.h"

namespace vramlab {
namespace {

using testing::make_instance;
using testing::random_instance;
using testing::RandomShape;
using testing::solve_by;

constexpr RandomShape plain{.most_buffers = 300, .alignments = false, .gaps = false, .pins = false};

Boxing jobs_of(const Instance& instance) {
  Boxing boxing;
  for (const Buffer& b : instance.buffers) boxing.jobs.push_back({b.lower, b.upper, b.size.value});
  return boxing;
}

BoxingShape random_shape() {
  return {.rows = *rc::gen::inRange(2u, 9u),
          .inverse_epsilon = *rc::gen::inRange(1u, 4u),
          .seed = *rc::gen::arbitrary<std::uint64_t>()};
}

bool overlap(const Boxing& boxing, const Boxed& a, const Boxed& b) {
  const Job& x = boxing.jobs[a.job];
  const Job& y = boxing.jobs[b.job];
  return x.lower < y.upper && y.lower < x.upper && a.offset < b.offset + y.height && b.offset < a.offset + x.height;
}

/// "" where the contents of every box lie inside it, apart from each other, and leave it empty at no time.
std::string complaint(const Boxing& boxing) {
  std::vector<std::vector<Boxed>> contents(boxing.jobs.size());
  for (const Boxed& c : boxing.contents) {
    const Job& job = boxing.jobs[c.job];
    const Job& box = boxing.jobs[c.box];
    if (c.job >= c.box) return "a box comes before its contents";
    if (job.lower < box.lower || job.upper > box.upper || c.offset + job.height > box.height) return "a job sticks out";
    for (const Boxed& other : contents[c.box])
      if (overlap(boxing, c, other)) return "two jobs of a box overlap";
    contents[c.box].push_back(c);
  }
  for (std::size_t box = 0; box < contents.size(); ++box)
    for (std::uint64_t time = boxing.jobs[box].lower; !contents[box].empty() && time < boxing.jobs[box].upper; ++time)
      if (std::ranges::none_of(contents[box], [&](const Boxed& c) {
            return boxing.jobs[c.job].lower <= time && time < boxing.jobs[c.job].upper;
          }))
        return "a box is empty for a while";
  return "";
}

TEST(BoxEqualJobs, BoxesEveryJobOnceInsideItsBox) {
  EXPECT_TRUE(rc::check([] {
    Boxing boxing = jobs_of(random_instance(plain));
    const std::size_t n = boxing.jobs.size();
    std::vector<std::uint32_t> all(n);
    std::iota(all.begin(), all.end(), 0u);
    box_equal_jobs(boxing, all, random_shape());
    RC_ASSERT(complaint(boxing) == "");
    std::vector<int> times(boxing.jobs.size());
    for (const Boxed& c : boxing.contents) ++times[c.job];
    for (std::size_t i = 0; i < times.size(); ++i) RC_ASSERT(times[i] == (i < n ? 1 : 0));
  }));
}

TEST(BoxEqualJobs, KeepsWithinTheRows) {
  EXPECT_TRUE(rc::check([] {
    RandomShape unit = plain;
    unit.largest = 1;
    Boxing boxing = jobs_of(random_instance(unit));
    const std::size_t n = boxing.jobs.size();
    std::vector<std::uint32_t> all(n);
    std::iota(all.begin(), all.end(), 0u);
    const BoxingShape shape = random_shape();
    box_equal_jobs(boxing, all, shape);
    for (std::size_t box = n; box < boxing.jobs.size(); ++box) RC_ASSERT(boxing.jobs[box].height <= shape.rows);
  }));
}

// Jobs live at one time: the boxes of Lemma 1 add nothing to the load where lifetimes are the same.
TEST(BoxEqualJobs, FillsItsBoxesWithJobsOfOneLifetime) {
  Boxing boxing;
  boxing.jobs.assign(160, Job{3, 9, 5});
  std::vector<std::uint32_t> all(160);
  std::iota(all.begin(), all.end(), 0u);
  box_equal_jobs(boxing, all, {.rows = 8, .inverse_epsilon = 1, .seed = 0});
  EXPECT_EQ(boxing.jobs.size(), 160u + 20u);
  for (std::size_t box = 160; box < boxing.jobs.size(); ++box) EXPECT_EQ(boxing.jobs[box].height, 40u);
}

/// The plan that boxes alone give: best fit of what is outside, and everything inside where its box is.
Plan loose_plan(const Instance& instance, const Boxing& boxing, const std::vector<std::uint32_t>& outside) {
  Instance outer = make_instance({});
  for (const std::uint32_t i : outside) {
    const Job& job = boxing.jobs[i];
    outer.buffers.push_back({job.lower, job.upper, Bytes(job.height), Bytes(1)});
  }
  const Plan placed = place_in_order(outer, {}, buffers_by_size(outer), Fit::best).plan;
  std::vector<Bytes> offsets(boxing.jobs.size());
  for (std::size_t k = 0; k < outside.size(); ++k) offsets[outside[k]] = placed.offsets[k];
  for (auto c = boxing.contents.rbegin(); c != boxing.contents.rend(); ++c)
    offsets[c->job] = offsets[c->box] + Bytes(c->offset);
  Plan plan;
  plan.offsets.assign(offsets.begin(), offsets.begin() + static_cast<std::ptrdiff_t>(instance.buffers.size()));
  for (std::size_t i = 0; i < instance.buffers.size(); ++i)
    plan.peak = std::max(plan.peak, plan.offsets[i] + instance.buffers[i].size);
  return plan;
}

TEST(BoxLowJobs, LeavesAPlanThatIsValidAsItStandsAndThatFirstFitInItsOrderOnlyLowers) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance(plain);
    Boxing boxing = jobs_of(instance);
    const std::vector<std::uint32_t> outside =
        box_low_jobs(boxing, *rc::gen::element<std::uint64_t>(0, 1, 10, 50, 100), random_shape());
    RC_ASSERT(complaint(boxing) == "");
    const Plan loose = loose_plan(instance, boxing, outside);
    RC_ASSERT(check_plan(instance, loose) == "");
    const auto order = buffers_by_falling(instance, [&](std::uint32_t i) { return ~loose.offsets[i].value; });
    const Plan squeezed = place_in_order(instance, {}, order, Fit::first).plan;
    for (std::size_t i = 0; i < instance.buffers.size(); ++i) RC_ASSERT(squeezed.offsets[i] <= loose.offsets[i]);
  }));
}

TEST(BoxLowJobs, BoxesNothingBelowItsLimit) {
  Boxing boxing;
  boxing.jobs.assign(100, Job{0, 4, 7});
  EXPECT_EQ(box_low_jobs(boxing, 6, {}).size(), 100u);
  EXPECT_TRUE(boxing.contents.empty());
  EXPECT_LT(box_low_jobs(boxing, 7, {}).size(), 100u);
}

TEST(Boxing, IsNoWorseForMoreTries) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance({.most_buffers = 100});
    RC_ASSERT(solve_by("boxing", instance, {{"rows", "4"}, {"tries", "6"}}).plan.peak <=
              solve_by("boxing", instance, {{"rows", "4"}, {"tries", "1"}}).plan.peak);
  }));
}

TEST(Boxing, PlansValidlyWithEveryOption) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance({.most_buffers = 150});
    for (const char* fit : {"first", "best"})
      for (const char* rows : {"2", "5"})
        for (const char* inverse_epsilon : {"1", "3"}) {
          const auto options = std::vector<std::pair<std::string, std::string>>{
              {"fit", fit}, {"rows", rows}, {"inverse-epsilon", inverse_epsilon}};
          RC_ASSERT(check_plan(instance, solve_by("boxing", instance, options).plan) == "");
        }
  }));
}

TEST(Boxing, DrawsOtherCriticalTimesFromAnotherSeed) {
  std::vector<Buffer> buffers;
  for (std::uint64_t i = 0; i < 400; ++i)
    buffers.push_back({i * 7 % 97, i * 7 % 97 + 1 + i * 13 % 31, Bytes(1 + i * 11 % 17 + (i % 20 == 0 ? 500 : 0))});
  const Instance instance = make_instance(std::move(buffers));
  const auto offsets = [&](std::uint64_t seed) { return solve_by("boxing", instance, {}, seed).plan.offsets; };
  EXPECT_EQ(offsets(1), offsets(1));
  EXPECT_NE(offsets(1), offsets(2));
}

}  // namespace
}  // namespace vramlab
