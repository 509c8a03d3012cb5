// Which pools are told lifetimes, and what they are told.

#include <gtest/gtest.h>

#include "first_fit_pool.h"

namespace vramlab {
namespace {

using test::request_for;
using test::TraceBuilder;

constexpr OptionSpec options[] = {{.name = "hints",
                                   .kind = OptionKind::choice,
                                   .default_text = "none",
                                   .reason = "for tests",
                                   .choices = "none|recorded"}};

std::vector<std::uint64_t> told;  // lifetimes, in order of allocation

class ListeningPool final : public test::FirstFitPool {
 public:
  using FirstFitPool::FirstFitPool;
  void allocate(const AllocRequest& request) override {
    told.push_back(request.hints.lifetime);
    FirstFitPool::allocate(request);
  }
};

PoolInfo listening(bool takes_hints) {
  PoolInfo pool = test::first_fit();
  pool.options = options;
  pool.takes_hints = takes_hints;
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    return std::make_unique<ListeningPool>(port, test::Flaw::none);
  };
  return pool;
}

/// What the pool heard in one run; `watched` adds a run with the validator, which is left out of it.
std::vector<std::uint64_t> heard(const PoolInfo& pool, const char* hints, bool verify = false) {
  const Trace trace = TraceBuilder().alloc(512).alloc(512).request(0).op(5).free(0).alloc(512).free(1).build();
  ReplayRequest request = request_for(pool);
  request.pool_options.set("hints", hints, "test");
  request.verify = verify;
  told.clear();
  static_cast<void>(replay(trace, request));
  EXPECT_GE(told.size(), 3u);
  told.resize(3);
  return told;
}

using Lifetimes = std::vector<std::uint64_t>;

TEST(ReplayHints, AreTheEventsUntilTheFreeOrTheEndOfTheTrace) {
  EXPECT_EQ(heard(listening(true), "recorded"), (Lifetimes{4, 5, 2}));
}

TEST(ReplayHints, AreTheSameUnderTheValidator) {
  EXPECT_EQ(heard(listening(true), "recorded", true), (Lifetimes{4, 5, 2}));
}

TEST(ReplayHints, AreNotToldUnlessAskedFor) { EXPECT_EQ(heard(listening(true), "none"), (Lifetimes{0, 0, 0})); }

TEST(ReplayHints, AreNotToldToAPoolThatTakesNone) {
  EXPECT_EQ(heard(listening(false), "recorded"), (Lifetimes{0, 0, 0}));
}

}  // namespace
}  // namespace vramlab
