#pragma once
// A partial placement as a skyline over the clique path: buffers are only ever put on top of what lies in their
// cliques, so that a height a clique says where its next buffer can begin at the lowest. Every change keeps the
// consequences up to date (lowest places of the buffers left; cliques that nothing can reach as low as they stand), and
// can be undone.

#include <cstdint>
#include <vector>

#include "engine/coloring/clique_path.h"

namespace vramlab {

class Skyline {
 public:
  struct Rules {
    bool raise_floors = true;    ///< lift a clique to the lowest place of its buffers left
    bool no_holes = true;        ///< give up when a hole was left that a buffer left would fit into
    bool release_times = false;  ///< bound a clique by scheduling its buffers left, each from its lowest place
  };

  /// `capacity` in units. THREAD-SAFETY: none; the path is only read.
  Skyline(const CliquePath& path, std::uint64_t capacity, Rules rules);

  /// Puts a buffer at its lowest place. False: a clique would exceed the capacity (undo then).
  bool place(std::uint32_t buffer);
  /// Nothing will lie in the clique below `height`. False as above.
  bool raise(std::uint32_t clique, std::uint64_t height);

  /// A state to come back to; undo() takes those from oldest_mark() on.
  std::size_t mark() const { return forgotten_ + trail_.size(); }
  std::size_t oldest_mark() const { return forgotten_; }
  void undo(std::size_t mark);
  /// All changes made so far: what the work of a search is measured in.
  std::uint64_t changes() const { return changes_; }
  /// Gives up the older half of what could be undone, to bound memory.
  void forget_older_half();

  const CliquePath& path() const { return path_; }
  std::uint64_t capacity() const { return capacity_; }
  /// Below it nothing more is placed.
  std::uint64_t height(std::uint32_t clique) const { return cliques_[clique].height; }
  /// End of the highest buffer placed.
  std::uint64_t top(std::uint32_t clique) const { return cliques_[clique].top; }
  /// Sum of the sizes of its buffers left.
  std::uint64_t left(std::uint32_t clique) const { return cliques_[clique].left; }
  std::uint64_t slack(std::uint32_t clique) const { return capacity_ - height(clique) - left(clique); }
  /// Buffers left whose hull goes across the cut before the clique.
  std::uint32_t crossing(std::uint32_t clique) const { return crossing_[clique]; }
  /// Names the set of buffers left that begin in the clique.
  std::uint64_t set_key(std::uint32_t clique) const { return set_key_[clique]; }

  bool placed(std::uint32_t buffer) const { return buffers_[buffer].placed; }
  /// Lowest aligned place above everything in its cliques; where it lies once placed.
  std::uint64_t lowest(std::uint32_t buffer) const { return buffers_[buffer].lowest; }

 private:
  struct Clique {
    std::uint64_t height = 0;
    std::uint64_t top = 0;
    std::uint64_t left = 0;
  };
  struct State {
    std::uint64_t lowest = 0;
    bool placed = false;
  };
  enum class What : std::uint8_t { height, lowest, witness, placed };
  struct Change {
    std::uint64_t height;
    std::uint64_t top;
    std::uint32_t index;
    What what;
  };
  struct Span {
    std::uint32_t first;
    std::uint32_t last;
  };

  void take(std::uint32_t buffer);
  void give_back(std::uint32_t buffer);
  void note(const Change& change);
  void set_height(std::uint32_t clique, std::uint64_t height, std::uint64_t top);
  bool lift(std::uint32_t buffer, std::uint64_t height, Span& touched);
  bool check(Span touched);
  bool check(std::uint32_t clique);
  void set_witness(std::uint32_t clique, std::uint32_t buffer);
  bool schedule_fits(std::uint32_t clique);
  bool leaves_hole(std::uint32_t clique) const;
  bool fits_below(std::uint32_t buffer) const;

  const CliquePath& path_;
  std::uint64_t capacity_;
  Rules rules_;
  std::vector<Clique> cliques_;
  std::vector<State> buffers_;
  std::vector<std::uint32_t> crossing_;
  std::vector<std::uint32_t> witness_;  // by clique: a buffer that could begin at its height, when last looked at
  std::vector<std::uint32_t> watched_;  // by buffer: cliques whose witness it is
  std::vector<std::uint64_t> set_key_;
  std::vector<Change> trail_;
  std::uint64_t changes_ = 0;
  std::size_t forgotten_ = 0;                                  // changes that came before the trail
  std::vector<std::pair<std::uint64_t, std::uint64_t>> jobs_;  // scratch of schedule_fits
};

}  // namespace vramlab
