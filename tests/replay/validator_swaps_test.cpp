// The one way in which a live object may leave the device and come back, and every step of it left out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "decision_script.h"

namespace vramlab {
namespace {

using test::complaint;
using test::Script;
using test::TraceBuilder;
using testing::HasSubstr;

constexpr std::uint64_t size = 512;

TransferEnd on_device(std::uint64_t offset) { return {SegmentId(0), Tier::device, Bytes(offset)}; }
TransferEnd in_host(std::uint64_t offset) { return {SegmentId(1), Tier::host, Bytes(offset)}; }

/// Object 0 is written by operator 0, leaves, comes back elsewhere and is read by operator 1. Tokens in order: 0 a
/// record, 1 the copy out, 2 a record, 3 the copy in. Steps can be left out or changed.
struct Absence {
  bool out_follows_work = true;
  std::uint64_t out_bytes = size;
  bool out = true;
  bool leaving_waits = true;
  bool overwritten = false;
  bool returned = false;
  bool place = true;
  bool in = true;
  bool in_follows_out = true;
  std::uint64_t in_from = 0;
  std::uint64_t in_bytes = size;
  bool use_waits = true;
  std::uint16_t stream = 0;

  void leave(Script& s) const {
    s.record(0, 0);
    if (out_follows_work) s.after(0);
    if (out) s.transfer(1, on_device(0), in_host(0), out_bytes);
    if (leaving_waits && out) s.wait(0, 1);
    s.release(0);
  }
  void come_back(Script& s) const {
    if (overwritten) s.after(1).transfer(2, on_device(4 * size), in_host(0), size);
    if (returned) s.say({.kind = DecisionKind::segment_return, .tier = Tier::host, .segment = 1, .bytes = 8 * size});
    if (place) s.place(0, 0, 2 * size, size, stream);
    if (!in) return;
    s.record(2, 0).after(2);
    if (in_follows_out) s.after(1);
    s.transfer(3, in_host(in_from), on_device(2 * size), in_bytes);
    if (use_waits) s.wait(0, 3);
  }
};

Trace used_twice() { return TraceBuilder().alloc(size).op(10, {}, {0}).op(10, {0}).free(0).build(); }

std::string verdict(const Absence& absence) {
  return complaint([&] {
    Script s(used_twice());
    s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next().launch();
    absence.leave(s);
    s.next();
    absence.come_back(s);
    s.launch().next().release(0).end();
  });
}

TEST(ValidatorSwaps, ALiveObjectMayLeaveAndComeBackElsewhere) { EXPECT_EQ(verdict({}), ""); }

TEST(ValidatorSwaps, EveryStepOfLeavingIsNeeded) {
  EXPECT_THAT(verdict({.out = false}), HasSubstr("object 0 is released, but its program still uses it"));
  EXPECT_THAT(verdict({.out_bytes = size / 2}), HasSubstr("object 0 leaves, but not all of it was copied"));
  EXPECT_THAT(verdict({.out_follows_work = false}),
              HasSubstr("object 0 is copied out without waiting for the work that uses it"));
  EXPECT_THAT(verdict({.leaving_waits = false}),
              HasSubstr("object 0 leaves, but its stream 0 does not wait for transfer 1"));
}

TEST(ValidatorSwaps, EveryStepOfComingBackIsNeeded) {
  EXPECT_THAT(verdict({.place = false, .in = false}), HasSubstr("object 0 is used while it is away"));
  EXPECT_THAT(verdict({.in = false}), HasSubstr("object 0 is used before its bytes have come back"));
  EXPECT_THAT(verdict({.in_from = size}), HasSubstr("object 0 is filled from bytes that are no copy"));
  EXPECT_THAT(verdict({.in_bytes = size / 2}), HasSubstr("object 0 is filled from bytes that are no copy"));
  EXPECT_THAT(verdict({.in_follows_out = false, .stream = 1}), HasSubstr("object 0 comes back to another stream"));
  EXPECT_THAT(verdict({.use_waits = false}),
              HasSubstr("object 0 is used, but stream 0 does not wait for its transfer 3"));
}

TEST(ValidatorSwaps, ACopyThatIsLostIsSeenWhenItIsLost) {
  EXPECT_THAT(verdict({.overwritten = true}), HasSubstr("the only copy of object 0, which is away, is lost"));
  EXPECT_THAT(verdict({.returned = true}), HasSubstr("the only copy of object 0, which is away, is lost"));
}

// The record of stream 0 comes after its wait for the copy out, so that a copy in behind it needs no more.
TEST(ValidatorSwaps, OrderMayBeIndirect) {
  EXPECT_EQ(verdict({.in_follows_out = false}), "");
  EXPECT_THAT(complaint([&] {
                Script s(used_twice());
                s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next().launch();
                Absence{}.leave(s);
                s.next().place(0, 0, 2 * size, size).transfer(2, in_host(0), on_device(2 * size), size);
              }),
              HasSubstr("object 0 comes back without waiting for its copy out"));
}

// Leaves a second time without a transfer: right after a read, wrong after a write.
std::string again(bool written) {
  return complaint([&] {
    Script s(TraceBuilder()
                 .alloc(size)
                 .op(10, {}, {0})
                 .op(10, {0}, written ? std::vector{0u} : std::vector<std::uint32_t>{})
                 .op(10, {0})
                 .build());
    s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next().launch();
    Absence{}.leave(s);
    s.next();
    Absence{}.come_back(s);
    s.launch().release(0).next().place(0, 0, 0, size).record(4, 0).after(4);
    s.transfer(5, in_host(0), on_device(0), size).wait(0, 5).launch().end();
  });
}

TEST(ValidatorSwaps, ACleanCopyIsAsGood) {
  EXPECT_EQ(again(false), "");
  EXPECT_THAT(again(true), HasSubstr("object 0 is released, but its program still uses it"));
}

TEST(ValidatorSwaps, BytesOfATierAreWrittenAfterThoseWhoUsedThem) {
  EXPECT_EQ(complaint([&] {
              Script s(TraceBuilder().alloc(size).alloc(size).op(10, {0, 1}).build());
              s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size);
              s.next().place(1, 0, size, size).next().launch();
              Absence{}.leave(s);
              Absence{}.come_back(s);
              s.record(4, 0).after(4).transfer(5, on_device(size), in_host(0), size);
            }),
            "");
  EXPECT_THAT(complaint([&] {
                Script s(TraceBuilder().alloc(size).alloc(size).op(10, {0, 1}).build());
                s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size);
                s.next().place(1, 0, size, size).next().record(0, 0).after(0);
                s.transfer(1, on_device(0), in_host(0), size).after(0).transfer(2, on_device(size), in_host(0), size);
              }),
              HasSubstr("transfer 2 overwrites bytes that transfer 1 still uses"));
}

TEST(ValidatorSwaps, AnObjectOnItsWayIsFreedBehindItsTransfers) {
  const auto freed = [](bool waits) {
    return complaint([&] {
      Script s(TraceBuilder().alloc(size).op(10, {}, {0}).free(0).build());
      s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next().launch();
      s.record(0, 0).after(0).transfer(1, on_device(0), in_host(0), size).next();
      if (waits) s.wait(0, 1);
      s.release(0).end();
    });
  };
  EXPECT_EQ(freed(true), "");
  EXPECT_THAT(freed(false), HasSubstr("object 0 is freed, but its stream 0 does not wait for transfer 1"));
}

TEST(ValidatorSwaps, WhatIsAwayMayBeFreedAndPlacedByNobodyElse) {
  const auto ends = [](bool placed) {
    return complaint([&] {
      Script s(TraceBuilder().alloc(size).op(10, {}, {0}).free(0).alloc(size).build());
      s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next().launch();
      Absence{}.leave(s);
      s.next().next();
      if (placed) s.place(0, 0, size, size);
      s.place(1, 0, 0, size).end();
    });
  };
  EXPECT_EQ(ends(false), "");
  EXPECT_THAT(ends(true), HasSubstr("object 0 is placed, which nobody asks for"));
}

// Stream 1 had the memory last, to which object 0 comes back.
TEST(ValidatorSwaps, ItComesBackAfterThoseWhoHadThePlace) {
  const auto back = [](bool waits) {
    return complaint([&] {
      Script s(TraceBuilder().alloc(size).alloc(size, 1).op(10, {}, {0}).free(1).op(10, {0}).build());
      s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next();
      s.place(1, 0, 2 * size, size, 1).next().launch();
      Absence{}.leave(s);
      s.next().release(1).next().record(2, 1).place(0, 0, 2 * size, size);
      if (waits) s.wait(0, 2);
      s.record(3, 0).after(3).after(1).transfer(4, in_host(0), on_device(2 * size), size).wait(0, 4).launch().end();
    });
  };
  EXPECT_EQ(back(true), "");
  EXPECT_THAT(back(false), HasSubstr("object 0 comes back over what stream 1 used last, without a wait for it"));
}

TEST(ValidatorSwaps, NothingIsCopiedOverAnObjectThatIsThere) {
  EXPECT_THAT(complaint([&] {
                Script s(used_twice());
                s.segment(0, 8 * size).tier_segment(1, 8 * size).next().place(0, 0, 0, size).next().launch();
                s.transfer(0, in_host(0), on_device(0), size);
              }),
              HasSubstr("transfer 0 overwrites object 0, which is not away"));
}

}  // namespace
}  // namespace vramlab
