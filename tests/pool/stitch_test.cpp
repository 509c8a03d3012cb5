#include "engine/pool/stitch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace vramlab {
namespace {

constexpr std::uint64_t page = 8 * 512;

// Disjoint free blocks with something between any two.
std::vector<HomePiece> random_free() {
  std::vector<HomePiece> free;
  std::uint64_t at = 0;
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    at += 512 * *rc::gen::inRange<std::uint64_t>(1, 20);
    free.push_back({at, 512 * *rc::gen::inRange<std::uint64_t>(1, 40)});
    at = free.back().end();
  }
  return free;
}

bool inside_one(const HomePiece& piece, const std::vector<HomePiece>& free) {
  return std::any_of(free.begin(), free.end(),
                     [&](const HomePiece& f) { return f.offset <= piece.offset && piece.end() <= f.end(); });
}

// Pages side by side show the pieces as one: each but the first begins, each but the last ends at a boundary.
void check_places(std::uint64_t size, const std::vector<HomePiece>& pieces, const std::vector<HomePiece>& free) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    sum += pieces[i].bytes;
    RC_ASSERT(pieces[i].bytes > 0u);
    RC_ASSERT(inside_one(pieces[i], free));
    if (i > 0) RC_ASSERT(pieces[i].offset % page == 0u);
    if (i + 1 < pieces.size()) RC_ASSERT(pieces[i].end() % page == 0u);
    for (std::size_t j = 0; j < i; ++j)
      RC_ASSERT(pieces[i].end() <= pieces[j].offset || pieces[j].end() <= pieces[i].offset);
  }
  RC_ASSERT(sum == size);
}

// The most bytes that can be laid out at all: the longest end, every whole page, the longest beginning. An end and a
// beginning never share bytes with each other or with whole pages.
std::uint64_t most(const std::vector<HomePiece>& free) {
  std::uint64_t end = 0, whole = 0, beginning = 0, single = 0;
  for (const HomePiece& f : free) {
    single = std::max(single, f.bytes);
    const std::uint64_t first = (f.offset + page - 1) / page * page, last = f.end() / page * page;
    if (first > last) continue;
    end = std::max(end, first - f.offset);
    whole += last - first;
    beginning = std::max(beginning, f.end() - last);
  }
  return std::max(single, end + whole + beginning);
}

TEST(Stitch, LaysPiecesSideBySideInFreeBytes) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<HomePiece> free = random_free();
    const std::uint64_t size = 512 * *rc::gen::inRange<std::uint64_t>(1, 200);
    const auto order = *rc::gen::element(StitchOrder::smallest_run, StitchOrder::largest_run);
    const auto [pieces, missing] = stitch(size, free, page, order);
    if (!pieces.empty()) check_places(size, pieces, free);
    RC_ASSERT(pieces.empty() == (missing > 0));
    if (size > most(free)) RC_ASSERT(pieces.empty());
  }));
}

TEST(Stitch, ServesWhatTheMissingPagesAllow) {
  EXPECT_TRUE(rc::check([] {
    std::vector<HomePiece> free = random_free();
    const std::uint64_t size = 512 * *rc::gen::inRange<std::uint64_t>(1, 200);
    const std::uint64_t missing = stitch(size, free, page, StitchOrder::smallest_run).missing_pages;
    if (missing == 0) return;
    free.push_back({(free.empty() ? 0 : free.back().end() / page + 2) * page, missing * page});
    RC_ASSERT(!stitch(size, free, page, StitchOrder::smallest_run).pieces.empty());
  }));
}

TEST(Stitch, FillsTheEndsOfPagesThatAreInUseInPart) {
  // Free: the upper half of page 0, page 2, the lower half of page 4.
  const std::vector<HomePiece> free{{page / 2, page / 2}, {2 * page, page}, {4 * page, page / 2}};
  const std::vector<HomePiece> expected{{page / 2, page / 2}, {2 * page, page}, {4 * page, page / 2}};
  EXPECT_EQ(stitch(2 * page, free, page, StitchOrder::smallest_run).pieces, expected);
  EXPECT_TRUE(stitch(2 * page + 512, free, page, StitchOrder::smallest_run).pieces.empty());
  EXPECT_EQ(stitch(2 * page + 512, free, page, StitchOrder::smallest_run).missing_pages, 1u);
}

TEST(Stitch, UsesNothingInsideOfOnePage) {
  const std::vector<HomePiece> free{{512, 1024}, {page + 512, 1024}};
  EXPECT_TRUE(stitch(2048, free, page, StitchOrder::smallest_run).pieces.empty());
}

}  // namespace
}  // namespace vramlab
