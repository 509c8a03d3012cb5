#include "engine/pool/page_columns.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vramlab {
namespace {
// Short lives look through few objects, and long ones, of which there are few, through many buckets.
constexpr std::size_t objects_a_bucket = 8;
constexpr std::size_t most_buckets = 4096;
// How many backs are tried for each front, the smallest that suffices first.
constexpr std::ptrdiff_t pair_tries = 12;
// An object below this share of a page is not cut in two: a mapping of its own is not worth it.
constexpr std::uint64_t smallest_cut = 8;
}  // namespace

PageColumns::PageColumns(std::uint64_t page, const std::vector<std::uint64_t>& weight_sums, std::size_t objects)
    : page_(page), weight_sums_(weight_sums) {
  const std::size_t wanted = std::clamp<std::size_t>(objects / objects_a_bucket, 1, most_buckets);
  bucket_width_ = static_cast<std::uint32_t>((weight_sums.size() + wanted - 1) / wanted);
  begun_.resize(weight_sums.size() / bucket_width_ + 1);
  carried_.resize(begun_.size());
}

PageShare PageColumns::place(std::uint64_t bytes, const Life& life) {
  const std::uint64_t pages = bytes / page_, rest = bytes % page_, fresh = weight(life);
  PageShare whole{.whole_pages = pages};
  if (rest == 0) return whole;
  gather(life);
  make_offers(pages == 0 ? rest : 0, life);
  whole.tail = count();
  whole.tail_bytes = rest;
  Choice best{whole, (pages + 1) * fresh + 1, page_ - rest};  // a little more: what is there is taken first
  if (pages == 0) {
    try_inside(best);
    if (rest * smallest_cut >= page_) try_pairs(best, rest, 0, fresh);
  } else {
    try_edges(best, rest, pages, fresh);
    try_pairs(best, rest, pages, fresh);
    try_pairs(best, rest + page_, pages - 1, fresh);
  }
  settle(best.share, life);
  return best.share;
}

// What is live at any time of `life`, each once.
void PageColumns::gather(const Life& life) {
  taken_.clear();
  const auto take = [&](const std::vector<Item>& items) {
    for (const Item& item : items)
      if (item.life.first < life.last && life.first < item.life.last) taken_.push_back(item);
  };
  const std::size_t first = bucket(life.first), last = bucket(life.last - 1);
  take(carried_[first]);
  for (std::size_t b = first; b <= last; ++b) take(begun_[b]);
  group_by_column();
}

// As a counting sort: nothing dearer would do for so many.
void PageColumns::group_by_column() {
  groups_.clear();
  ends_.resize(count());
  for (const Item& item : taken_)
    if (ends_[item.column]++ == 0) groups_.push_back(item.column);
  std::sort(groups_.begin(), groups_.end());
  std::size_t begin = 0;
  for (const std::uint32_t column : groups_) begin += std::exchange(ends_[column], begin);
  grouped_.resize(taken_.size());
  for (const Item& item : taken_) grouped_[ends_[item.column]++] = {item.begin, item.end};
}

void PageColumns::make_offers(std::uint64_t small, const Life& life) {
  offers_.clear();
  backs_.clear();
  std::size_t from = 0;
  for (const std::uint32_t column : groups_) {
    const std::size_t until = std::exchange(ends_[column], 0);
    const auto first = grouped_.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = grouped_.begin() + static_cast<std::ptrdiff_t>(until);
    from = until;
    Offer offer{.column = column, .front = page_};
    std::uint64_t end = 0;
    if (small > 0) std::sort(first, last);
    const auto fit = [&](std::uint64_t to) {
      if (small > 0 && to >= end + small && (offer.gap == 0 || to - end < offer.gap))
        offer.gap_begin = end, offer.gap = to - end;
    };
    for (auto taken = first; taken != last; ++taken) {
      fit(taken->first);
      end = std::max(end, taken->second);
      offer.front = std::min(offer.front, taken->first);
    }
    fit(page_);
    offer.back = page_ - end;
    if (offer.front == 0 && offer.back == 0 && offer.gap == 0) continue;
    offer.cost = added_cost(offer.column, life);
    if (offer.back > 0) backs_.emplace_back(offer.back, static_cast<std::uint32_t>(offers_.size()));
    offers_.push_back(offer);
  }
  std::sort(backs_.begin(), backs_.end());
}

std::uint64_t PageColumns::added_cost(std::uint32_t column, const Life& life) const {
  std::uint64_t cost = weight(life);
  const auto& cover = covers_[column];
  auto use = cover.upper_bound(life.first);
  if (use != cover.begin()) --use;
  for (; use != cover.end() && use->first < life.last; ++use) {
    const Life both{std::max(life.first, use->first), std::min(life.last, use->second)};
    if (both.first < both.last) cost -= weight(both);
  }
  return cost;
}

void PageColumns::consider(Choice& best, const Choice& other) const {
  if (std::tie(other.cost, other.left) < std::tie(best.cost, best.left)) best = other;
}

// A small object, inside of a page, beside what is there: the ends of pages are for the ends of large ones.
void PageColumns::try_inside(Choice& best) const {
  const std::uint64_t bytes = best.share.tail_bytes;
  for (const Offer& offer : offers_) {
    if (offer.gap < bytes) continue;
    PageShare share = best.share;
    share.tail = offer.column;
    share.tail_begin = offer.gap_begin == 0 ? offer.gap - bytes : offer.gap_begin;
    share.tail_bytes = bytes;
    consider(best, {share, offer.cost, offer.gap - bytes});
  }
}

// What is left of a large object, `bytes` beyond whole pages, all of it at one end; or an end of a page filled up and
// the rest in a page of its own, whose other end stays free for others: a hole in the middle would be for small ones
// only.
void PageColumns::try_edges(Choice& best, std::uint64_t bytes, std::uint64_t pages, std::uint64_t fresh) const {
  for (const Offer& offer : offers_) {
    if (offer.front >= bytes) {
      const PageShare share{.tail = offer.column, .tail_bytes = bytes, .whole_pages = pages};
      consider(best, {share, pages * fresh + offer.cost, offer.front - bytes});
    }
    if (offer.back >= bytes) {
      const PageShare share{.head = offer.column, .head_bytes = bytes, .whole_pages = pages};
      consider(best, {share, pages * fresh + offer.cost, offer.back - bytes});
    }
    if (offer.back > 0 && offer.back != bytes) {
      const std::uint64_t rest = remainder(bytes, offer.back);
      const PageShare share{.head = offer.column,
                            .tail = count(),
                            .head_bytes = offer.back,
                            .tail_bytes = rest,
                            .whole_pages = pages - (offer.back > bytes)};
      consider(best, {share, (share.whole_pages + 1) * fresh + offer.cost, 0});
    }
    if (offer.front > 0 && offer.front != bytes) {
      const std::uint64_t rest = remainder(bytes, offer.front);
      const PageShare share{.head = count(),
                            .tail = offer.column,
                            .head_bytes = rest,
                            .tail_bytes = offer.front,
                            .whole_pages = pages - (offer.front > bytes)};
      consider(best, {share, (share.whole_pages + 1) * fresh + offer.cost, 0});
    }
  }
}

// `bytes` cut into a head and a tail, `pages` whole ones between them.
void PageColumns::try_pairs(Choice& best, std::uint64_t bytes, std::uint64_t pages, std::uint64_t fresh) const {
  for (const Offer& tail : offers_) {
    if (tail.front == 0 || tail.front >= bytes) continue;
    auto back = std::lower_bound(backs_.begin(), backs_.end(), std::pair(bytes - tail.front, std::uint32_t{0}));
    for (std::ptrdiff_t tries = 0; back != backs_.end() && tries < pair_tries; ++back, ++tries) {
      const Offer& head = offers_[back->second];
      if (head.column == tail.column || head.back >= bytes) continue;
      const PageShare share{.head = head.column,
                            .tail = tail.column,
                            .head_bytes = head.back,
                            .tail_bytes = bytes - head.back,
                            .whole_pages = pages};
      consider(best, {share, pages * fresh + head.cost + tail.cost, tail.front + head.back - bytes});
    }
  }
}

void PageColumns::settle(PageShare& share, const Life& life) {
  if (share.tail == count() || share.head == count()) covers_.emplace_back();
  if (share.head != no_column) add(share.head, page_ - share.head_bytes, page_, life);
  if (share.tail != no_column) add(share.tail, share.tail_begin, share.tail_begin + share.tail_bytes, life);
}

void PageColumns::add(std::uint32_t column, std::uint64_t begin, std::uint64_t end, const Life& life) {
  const std::size_t first = bucket(life.first), last = bucket(life.last - 1);
  begun_[first].push_back({column, life, begin, end});
  for (std::size_t b = first + 1; b <= last; ++b) carried_[b].push_back({column, life, begin, end});
  auto& cover = covers_[column];
  Life all = life;
  auto use = cover.upper_bound(life.first);
  if (use != cover.begin() && std::prev(use)->second >= life.first) --use;
  while (use != cover.end() && use->first <= life.last) {
    all = {std::min(all.first, use->first), std::max(all.last, use->second)};
    use = cover.erase(use);
  }
  cover.emplace(all.first, all.last);
}

}  // namespace vramlab
