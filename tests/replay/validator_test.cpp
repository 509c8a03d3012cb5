#include "engine/replay/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "decision_script.h"
#include "first_fit_pool.h"

namespace vramlab {
namespace {

using test::allocs;
using test::complaint;
using test::Flaw;
using test::Script;
using test::TraceBuilder;
using testing::HasSubstr;

/// What --verify says of a replay; "" when it finds nothing wrong.
std::string verdict(const PoolInfo& pool, const Trace& trace) {
  ReplayRequest request = test::request_for(pool);
  request.verify = true;
  try {
    return replay(trace, request).verified == true ? "" : "not verified";
  } catch (const InvariantError& error) {
    return error.what();
  }
}

/// Two streams: object 2 on stream 1 gets the memory of object 0 of stream 0.
Trace handed_over() {
  return TraceBuilder().alloc(1 << 19).alloc(1 << 19).request(0).free(0).alloc(1 << 19, 1).free(1).free(2).build();
}

struct Mutant {
  PoolInfo pool;
  const char* message;
};

TEST(Validator, FindsNothingWrongWithARightPool) {
  const PoolInfo pool = test::first_fit();
  EXPECT_EQ(verdict(pool, handed_over()), "");
}

TEST(Validator, CatchesEveryWrongPoolWithTheRightWords) {
  const Mutant mutants[] = {
      {test::first_fit<Flaw::overlaps_by_one_byte>(),
       "event 1 (alloc of object 1): object 1 (bytes 524287 to 1048575 of segment 0) overlaps live object 0 (bytes 0 "
       "to "
       "524288 of segment 0)"},
      {test::first_fit<Flaw::beyond_the_segment>(),
       "event 0 (alloc of object 0): bytes 524289 to 1048577 are not inside"},
      {test::first_fit<Flaw::too_small>(), "is smaller than the 524288 bytes requested"},
      {test::first_fit<Flaw::another_stream>(), "object 0 is placed for stream 7 but requested on stream 0"},
      {test::first_fit<Flaw::no_wait>(),
       "event 4 (alloc of object 2): object 2 (bytes 0 to 524288 of segment 0) uses on stream 1 what stream 0 used "
       "last"},
      {test::first_fit<Flaw::early_token>(), "uses on stream 1 what stream 0 used last, without a wait for it"},
      {test::first_fit<Flaw::unknown_token>(), "token 1000 was never issued"},
      {test::first_fit<Flaw::places_nothing>(), "event 0 (alloc of object 0): object 0 is not placed"},
      {test::first_fit<Flaw::places_twice>(), "event 0 (alloc of object 0): object 0 is placed twice"},
      {test::first_fit<Flaw::releases_nothing>(), "event 3 (free_completed of object 0): object 0 is not released"},
      {test::first_fit<Flaw::releases_at_request>(),
       "event 2 (free_requested of object 0): object 0 is released, but its program still uses it"},
      {test::first_fit<Flaw::releases_another>(), "event 3 (free_completed of object 0): object 1 is released, but"},
      {test::first_fit<Flaw::returns_under_live>(), "segment 0 is given back under live object 1"},
      {test::first_fit<Flaw::wrong_segment_size>(), "segment 0 has 1048576 bytes, but 1048064 are returned"},
  };
  for (const Mutant& mutant : mutants) EXPECT_THAT(verdict(mutant.pool, handed_over()), HasSubstr(mutant.message));
}

TEST(Validator, CatchesTheUseOfAReturnedSegment) {
  const PoolInfo pool = test::first_fit<Flaw::uses_returned_segment>();
  EXPECT_THAT(verdict(pool, TraceBuilder().alloc(100).free(0).alloc(100).build()),
              HasSubstr("event 2 (alloc of object 1): segment 0 is not held"));
}

/// A range of eight pages' length with pages 0 to 3 mapped at its begin.
Script mapped(Trace trace) {
  Script script(std::move(trace));
  script.range(0, 8 * Script::page).pages(0, 4).map(0, 0, 0, 4);
  return script;
}

TEST(Validator, AcceptsAnObjectAcrossMappedPages) {
  EXPECT_EQ(complaint([] { mapped(allocs(1, 9000)).next().place(0, 0, 100, 9000).end(); }), "");
}

TEST(Validator, RefusesAnObjectOnUnmappedBytes) {
  const std::string message = complaint([] { mapped(allocs(1, 9000)).next().place(0, 0, 3 * 4096, 9000); });
  EXPECT_THAT(message, HasSubstr("event 0 (alloc of object 0): byte 16384 of range 0 has no page"));
}

TEST(Validator, RefusesToUnmapOrReleaseUnderALiveObject) {
  const auto placed = [] { return std::move(mapped(allocs(2, 5000)).next().place(0, 0, 4096, 5000)); };
  EXPECT_THAT(complaint([&] { placed().unmap(0, 2, 4096); }), HasSubstr("given back under live object 0"));
  EXPECT_EQ(complaint([&] { placed().unmap(0, 3, 4096); }), "");
  EXPECT_THAT(complaint([&] { placed().say({.kind = DecisionKind::range_release, .segment = 0, .bytes = 8 * 4096}); }),
              HasSubstr("range 0 is released with page 0 mapped in it"));
}

TEST(Validator, ConfusedPagesAreNamed) {
  const auto with = [](auto&& more) {
    return complaint([&] {
      auto script = mapped(allocs(1, 1));
      more(script);
    });
  };
  EXPECT_THAT(with([](Script& s) { s.map(0, 4, 2, 1); }),
              HasSubstr("page 2 is mapped although it is mapped elsewhere"));
  EXPECT_THAT(with([](Script& s) { s.pages(4, 1).map(0, 4, 4, 1, DecisionKind::alias); }),
              HasSubstr("page 4 is aliased although it is not"));
  EXPECT_THAT(with([](Script& s) { s.map(0, 4, 9, 1); }), HasSubstr("page 9 does not exist"));
  EXPECT_THAT(with([](Script& s) { s.pages(4, 1).map(0, 3, 4, 1); }), HasSubstr("where another page is"));
  EXPECT_THAT(with([](Script& s) { s.pages(6, 1); }), HasSubstr("page 6 is new, but the next number is 4"));
  EXPECT_THAT(with([](Script& s) { s.unmap(0, 5, 4096); }), HasSubstr("no page begins at"));
  EXPECT_THAT(with([](Script& s) { s.unmap(0, 3, 1000); }), HasSubstr("page 3 is unmapped in part"));
  EXPECT_THAT(with([](Script& s) { s.map(0, 7, 0, 2); }), HasSubstr("are not inside segment 0"));
  EXPECT_THAT(
      with([](Script& s) { s.say({.kind = DecisionKind::pages_destroy, .object = 1, .offset = 4096, .bytes = 4096}); }),
      HasSubstr("page 1 is destroyed while it is mapped"));
  EXPECT_THAT(with([](Script& s) { s.segment(5, 512); }), HasSubstr("segment 5 is new, but the next number is 1"));
  EXPECT_THAT(with([](Script& s) { s.return_segment(0, 8 * 4096); }), HasSubstr("segment 0 is a virtual range"));
}

TEST(Validator, TwoNamesOfOnePageAreOneMemory) {
  const auto script = [] {
    Script s = mapped(allocs(2, 4096));
    s.map(0, 5, 1, 1, DecisionKind::alias).next().place(0, 0, 4096, 4096);
    return s;
  };
  EXPECT_THAT(complaint([&] { script().next().place(1, 0, 5 * 4096, 4096); }),
              HasSubstr("object 1 (bytes 20480 to 24576 of segment 0) overlaps live object 0 (bytes 4096 to 8192"));
  EXPECT_EQ(complaint([&] { script().unmap(0, 5, 4096); }), "") << "the other name carries the object";
}

TEST(Validator, ConfusedTokensAreNamed) {
  EXPECT_THAT(complaint([] { Script(allocs(1, 1)).record(3, 0); }),
              HasSubstr("before the first event: token 3 is new, but the next number is 0"));
  EXPECT_THAT(complaint([] { Script(allocs(1, 1)).record(0, 0).record(0, 0); }), HasSubstr("token 0 is new"));
  EXPECT_THAT(complaint([] { Script(allocs(1, 1)).wait(0, 0); }), HasSubstr("token 0 was never issued"));
  EXPECT_THAT(complaint([] {
                Script(allocs(1, 1))
                    .segment(0, 512)
                    .say({.kind = DecisionKind::transfer_from, .object = 0, .bytes = 512})
                    .say({.kind = DecisionKind::transfer_to, .object = 1, .bytes = 512});
              }),
              HasSubstr("the destination of transfer 1 does not follow its source"));
}

TEST(Validator, WantsTheVersionRecordFirstAndOnce) {
  const auto validator = make_validator();
  const Decision take{.kind = DecisionKind::segment_take, .bytes = 512};
  EXPECT_THAT(complaint([&] { validator->on_decisions({&take, 1}); }), HasSubstr("do not begin with version"));
  EXPECT_THAT(complaint([] { Script(allocs(1, 1)).say({.kind = DecisionKind::version, .bytes = 1}); }),
              HasSubstr("a second version"));
}

TEST(Validator, AnObjectNobodyAskedForIsRefused) {
  EXPECT_THAT(complaint([] { Script(allocs(2, 512)).segment(0, 4096).next().place(1, 0, 0, 512); }),
              HasSubstr("object 1 is placed, which nobody asks for"));
}

/// A random trace on up to three streams; every allocation gets freed sooner or later, or not.
Trace random_trace() {
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 200);
  TraceBuilder builder;
  std::vector<std::uint32_t> live;
  for (std::uint32_t object = 0; object < count; ++object) {
    builder.alloc(*rc::gen::inRange<std::uint64_t>(1, 300'000), *rc::gen::inRange<std::uint16_t>(0, 3));
    live.push_back(object);
    while (!live.empty() && *rc::gen::inRange(0, 2) == 0) {
      const auto at = *rc::gen::inRange<std::size_t>(0, live.size());
      builder.request(live[at]).free(live[at]);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return builder.build();
}

RC_GTEST_PROP(Validator, AcceptsARightPoolOnAnyTrace, ()) {
  const PoolInfo pool = test::first_fit();
  RC_ASSERT(verdict(pool, random_trace()) == "");
}

RC_GTEST_PROP(Validator, AcceptsEveryRegisteredPoolOnAnyTrace, ()) {
  const Trace trace = random_trace();
  for (const PoolInfo& pool : pools()) {
    const std::string found = verdict(pool, trace);
    if (!found.empty()) RC_FAIL(std::string(pool.name) + ": " + found);
  }
}

}  // namespace
}  // namespace vramlab
