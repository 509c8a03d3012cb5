#pragma once
// Which buffers of a changing set are live together with a given one. Enumerates exactly those, each once: the ones
// live at its beginning from a segment tree over time, the ones that begin later from a bitmap in order of beginning.
// Adding costs O(log n), asking O(log n + found + span / 64), removing O(log n lists).

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "engine/coloring/time_slots.h"
#include "engine/core/instance.h"

namespace vramlab {

/// THREAD-SAFETY: for_each() may run in several threads while nothing is added or removed.
class OverlapIndex {
 public:
  /// Empty. REQUIRES: check_instance() passed. Does not keep `instance`.
  explicit OverlapIndex(const Instance& instance)
      : slots_(instance), tree_(slots_), buffer_of_(slots_.parts()), starting_before_(slots_.count() + 1) {
    for (std::uint32_t i = 0; i < instance.buffers.size(); ++i)
      std::fill_n(buffer_of_.begin() + slots_.first_part(i), slots_.parts_of(i).size(), i);
    order_by_beginning();
    held_.resize((slots_.parts() + 63) / 64);
    partial_.resize(tree_.buckets());
    whole_.resize(tree_.nodes());
  }

  bool contains(std::uint32_t buffer) const {
    const std::uint32_t rank = rank_[slots_.first_part(buffer)];
    return (held_[rank / 64] >> (rank % 64) & 1) != 0;
  }

  /// REQUIRES: not contains(buffer).
  void add(std::uint32_t buffer) {
    for_each_list(buffer, [](std::vector<std::uint32_t>& list, std::uint32_t part) { list.push_back(part); });
  }

  /// REQUIRES: contains(buffer).
  void remove(std::uint32_t buffer) {
    for_each_list(buffer, [](std::vector<std::uint32_t>& list, std::uint32_t part) {
      *std::find(list.begin(), list.end(), part) = list.back();
      list.pop_back();
    });
  }

  /// Calls each(other) for every other buffer of the set that is live at some time at which `buffer` is, which need
  /// not be of the set itself. The order is arbitrary, but the same for the same history of the set.
  template <class Each>
  void for_each(std::uint32_t buffer, Each&& each) const {
    const std::uint32_t first = slots_.first_part(buffer);
    const auto parts = static_cast<std::uint32_t>(slots_.parts_of(buffer).size());
    for (std::uint32_t part = first; part < first + parts; ++part)
      for_each_part(part, [&](std::uint32_t other) {
        if (buffer_of_[other] != buffer && is_first_meeting(part, other)) each(buffer_of_[other]);
      });
  }

 private:
  void order_by_beginning() {
    for (std::uint32_t part = 0; part < slots_.parts(); ++part) ++starting_before_[slots_.part(part).from + 1];
    std::partial_sum(starting_before_.begin(), starting_before_.end(), starting_before_.begin());
    std::vector<std::uint32_t> next = starting_before_;
    rank_.resize(slots_.parts());
    order_.resize(slots_.parts());
    for (std::uint32_t part = 0; part < slots_.parts(); ++part) {
      rank_[part] = next[slots_.part(part).from]++;
      order_[rank_[part]] = part;
    }
  }

  // Flips the buffer's bits, and calls change(list, part) for every list that its parts are to be in.
  template <class Change>
  void for_each_list(std::uint32_t buffer, Change&& change) {
    std::uint32_t number = slots_.first_part(buffer);
    for (const SlotSpan& part : slots_.parts_of(buffer)) {
      held_[rank_[number] / 64] ^= std::uint64_t{1} << (rank_[number] % 64);
      SlotTree::for_each_partial(part, [&](std::size_t bucket) { change(partial_[bucket], number); });
      tree_.for_each_whole(part, [&](std::size_t node) { change(whole_[node], number); });
      ++number;
    }
  }

  // Every part of the set that meets the part, each once.
  template <class Each>
  void for_each_part(std::uint32_t number, Each&& each) const {
    const SlotSpan part = slots_.part(number);
    const std::size_t bucket = SlotTree::bucket_of(part.from);
    for (const std::uint32_t other : partial_[bucket])
      if (slots_.part(other).from <= part.from && part.from < slots_.part(other).to) each(other);
    for (std::size_t node = tree_.leaf(bucket); node > 0; node /= 2)
      for (const std::uint32_t other : whole_[node]) each(other);
    for_each_held(starting_before_[part.from + 1], starting_before_[part.to], each);
  }

  template <class Each>
  void for_each_held(std::size_t from, std::size_t to, Each&& each) const {
    for (std::size_t word = from / 64; word * 64 < to; ++word) {
      std::uint64_t bits = held_[word];
      if (word == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
      if (to - word * 64 < 64) bits &= (std::uint64_t{1} << (to - word * 64)) - 1;
      for (; bits != 0; bits &= bits - 1) each(order_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
    }
  }

  // Buffers with gaps can meet several times: only the first time counts.
  bool is_first_meeting(std::uint32_t part, std::uint32_t other) const {
    const std::uint32_t first = slots_.first_part(buffer_of_[part]);
    const std::uint32_t others_first = slots_.first_part(buffer_of_[other]);
    for (std::uint32_t i = first, j = others_first; i < part || j < other;) {
      if (meet(slots_.part(i), slots_.part(j))) return false;
      if (slots_.part(i).to < slots_.part(j).to) {
        ++i;
      } else {
        ++j;
      }
    }
    return true;
  }

  TimeSlots slots_;
  SlotTree tree_;
  std::vector<std::uint32_t> buffer_of_;             // by part
  std::vector<std::uint32_t> starting_before_;       // by slot: how many parts begin before it
  std::vector<std::uint32_t> order_;                 // parts by beginning
  std::vector<std::uint32_t> rank_;                  // its inverse
  std::vector<std::uint64_t> held_;                  // bit r: part order_[r] is in the set
  std::vector<std::vector<std::uint32_t>> partial_;  // by bucket: parts that cover it, but not whole
  std::vector<std::vector<std::uint32_t>> whole_;    // by node: parts that cover it whole
};

}  // namespace vramlab
