#pragma once
// Depth-first search for a placement within a capacity. A node takes one clique in a valley of the skyline and decides
// what lies there at this height: one of the buffers left, or nothing. Within a valley that decision touches no other,
// so no placement is met twice; and the clique with the fewest ways on is decided first.
//
// MiniMalloc (Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning", ASPLOS
// 2023) is where canonical placements, sections, their inference and decomposition come from; branching on a clique
// instead of on the next buffer is ours.

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/coloring/skyline.h"

namespace vramlab {

/// What is tried first, and what is left out. Each can be switched off; none changes what is found in the end.
struct SearchRules {
  enum class Order : std::uint8_t { total_area, total_width, width_area, width_small, area, size, random };
  enum class Choice : std::uint8_t { least_slack, fewest_ways };

  Order order = Order::total_area;      ///< of the buffers that may lie in the chosen clique
  Choice choice = Choice::least_slack;  ///< of the clique
  bool canonical = true;                ///< a buffer lies on the floor or directly on another
  bool symmetry = true;                 ///< of buffers alike in all, only the first is tried
  bool decomposition = true;            ///< parts that share no buffer left are solved apart
  bool spanning_first = true;           ///< on a flat part, a buffer that goes all across it lies at the bottom
  bool memory = true;                   ///< states that failed are remembered, by keys of 63 bits
  Skyline::Rules inference;
};

class Search {
 public:
  enum class Outcome : std::uint8_t { found, none, stopped };

  /// `capacity` in units. `stop` is read at every node; the path must outlive the search.
  Search(const CliquePath& path, std::uint64_t capacity, const SearchRules& rules, std::uint64_t seed,
         const std::atomic<bool>& stop);

  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  /// At most `budget` nodes and about `work` changes of the skyline. `none`: no placement within the capacity exists.
  Outcome run(std::uint64_t budget, std::uint64_t work = unlimited);
  std::uint64_t nodes() const { return nodes_; }
  /// After `found`: in units, by buffer.
  std::vector<std::uint64_t> offsets() const;

 private:
  struct Part {
    std::uint32_t first;
    std::uint32_t last;
  };
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};
  static constexpr std::uint64_t unreachable = ~std::uint64_t{0};

  /// A part still to be solved, a list: parts split off by one decision, then those that waited before it.
  struct Waiting {
    Part part;
    std::uint32_t parent;  ///< node whose decision split it off
    std::uint32_t next;    ///< in waiting_, or nobody
  };
  /// A decision on one clique of a part.
  struct Node {
    Part part;
    std::uint32_t parent;  ///< goes on with its next way when this one has none left
    std::uint32_t rest;    ///< parts that wait besides this one
    std::uint32_t clique;
    bool forced;                ///< one of the candidates lies here
    std::uint64_t height;       ///< of the clique
    std::uint64_t next_floor;   ///< where a buffer of the clique that is no candidate could begin
    std::uint64_t key;          ///< of the state, for the memory
    std::size_t mark, waiting;  ///< to undo its ways by
    std::uint32_t way, candidates_begin, candidates_end;
  };

  void rank_buffers(std::uint64_t seed);
  void find_twins();
  bool fits_at_all() const;
  bool enter(const Waiting& waiting);
  bool backtrack(std::uint32_t node, std::uint32_t& waiting);
  bool try_next_way(Node& node);
  void rewind(std::uint32_t node);
  bool try_none(const Node& node);
  std::uint32_t split(const Node& node, std::uint32_t parent);
  std::uint32_t split(Part whole, std::uint32_t parent, std::uint32_t rest);
  std::uint32_t choose(Part part) const;
  std::uint64_t key_of(Part valley, std::uint32_t clique) const;
  std::uint32_t count_ways(std::uint32_t clique) const;
  bool is_flat(Part part) const;
  void gather(Node& node);
  bool spans(std::uint32_t buffer, const Node& node) const;
  void drop_twins(const Node& node);
  bool rests(std::uint32_t buffer) const;
  std::uint64_t blocked_until(std::uint32_t buffer) const;
  std::uint64_t lifted_to(std::uint32_t buffer, std::uint32_t clique) const;
  std::uint64_t state_key(Part part) const;
  bool failed_before(std::uint64_t key) const;
  void remember(std::uint64_t key);

  const CliquePath& path_;
  SearchRules rules_;
  const std::atomic<bool>& stop_;
  Skyline skyline_;
  std::vector<std::uint32_t> rank_;        // order of trying
  std::vector<std::uint32_t> twins_;       // the same number for buffers alike in all
  std::vector<std::uint64_t> met_;         // by that number: the node that met one last
  std::vector<std::uint32_t> candidates_;  // a stack, by node
  std::vector<Node> nodes_down_;           // the decisions made
  std::vector<Waiting> waiting_;
  std::vector<Part> split_;            // scratch
  std::vector<std::uint64_t> memory_;  // keys of failed states; two places each
  std::uint64_t nodes_ = 0;
  bool gave_up_ = false;  // came back to a decision that was forgotten
};

}  // namespace vramlab
