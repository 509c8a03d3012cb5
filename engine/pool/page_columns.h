#pragma once
// The columns of page_sharing.h while they are filled, in any order of objects.

#include <cstdint>
#include <map>
#include <vector>

#include "engine/pool/page_sharing.h"

namespace vramlab {

/// Live in [first, last), counted in the distinct positions of an instance.
struct Life {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

class PageColumns {
 public:
  /// `weight_sums[t]` = sum of the weights of all positions before t: what a page in use costs. Must outlive this.
  PageColumns(std::uint64_t page, const std::vector<std::uint64_t>& weight_sums, std::size_t objects);

  /// Places an object where it costs least: the pages it adds, each for as long as it is added.
  PageShare place(std::uint64_t bytes, const Life& life);

  std::uint32_t count() const { return static_cast<std::uint32_t>(covers_.size()); }
  /// Calls `each` with every stretch of time in which a column is in use.
  template <class Each>
  void for_each_use(Each&& each) const {
    for (const auto& cover : covers_)
      for (const auto& [first, last] : cover) each(Life{first, last});
  }

 private:
  struct Item {
    std::uint32_t column = 0;
    Life life;
    std::uint64_t begin = 0, end = 0;
  };
  // What a column has free throughout a life.
  struct Offer {
    std::uint32_t column = 0;
    std::uint64_t front = 0, back = 0;     // free bytes at its ends
    std::uint64_t gap_begin = 0, gap = 0;  // the smallest free stretch that holds a small object; gap 0: none
    std::uint64_t cost = 0;
  };
  struct Choice {
    PageShare share;
    std::uint64_t cost = 0;
    std::uint64_t left = 0;  // bytes that stay free beside it
  };

  std::uint64_t weight(const Life& life) const { return weight_sums_[life.last] - weight_sums_[life.first]; }
  // What is left of `bytes`, or of them and a whole page, beside `part`.
  std::uint64_t remainder(std::uint64_t bytes, std::uint64_t part) const {
    return bytes + (part > bytes ? page_ : 0) - part;
  }
  std::size_t bucket(std::uint32_t time) const { return time / bucket_width_; }
  void gather(const Life& life);
  void group_by_column();
  void make_offers(std::uint64_t small, const Life& life);
  std::uint64_t added_cost(std::uint32_t column, const Life& life) const;
  void consider(Choice& best, const Choice& other) const;
  void try_inside(Choice& best) const;
  void try_edges(Choice& best, std::uint64_t bytes, std::uint64_t pages, std::uint64_t fresh) const;
  void try_pairs(Choice& best, std::uint64_t bytes, std::uint64_t pages, std::uint64_t fresh) const;
  void settle(PageShare& share, const Life& life);
  void add(std::uint32_t column, std::uint64_t begin, std::uint64_t end, const Life& life);

  std::uint64_t page_;
  const std::vector<std::uint64_t>& weight_sums_;
  std::uint32_t bucket_width_;
  std::vector<std::vector<Item>> begun_;                        // by bucket of time: what begins in it
  std::vector<std::vector<Item>> carried_;                      // and what is live in it, but began before
  std::vector<std::map<std::uint32_t, std::uint32_t>> covers_;  // by column: when it is in use, first -> last
  std::vector<Item> taken_;                                     // of one gather()
  std::vector<std::uint32_t> groups_;                           // the columns of taken_, ascending
  std::vector<std::size_t> ends_;  // by column: where it ends in grouped_; 0 between two objects
  std::vector<std::pair<std::uint64_t, std::uint64_t>> grouped_;  // [begin, end) of taken_, by column
  std::vector<Offer> offers_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> backs_;  // free backs of offers, ascending
};

}  // namespace vramlab
