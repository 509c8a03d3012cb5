#pragma once
// Views: pages of several places mapped side by side, so that an object over them is contiguous. A view outlives its
// object: where the same bytes are free again it serves without a call to the device.

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "engine/pool/home_space.h"

namespace vramlab {

using ViewIndex = std::uint32_t;
inline constexpr ViewIndex no_view = ~ViewIndex{0};

struct View {
  Space range;
  std::uint64_t begin = 0;        ///< of the object, in the range
  std::uint64_t bytes = 0;        ///< of the pieces
  std::vector<HomePiece> pieces;  ///< at home, in order
  std::vector<NodeIndex> blocks;  ///< at home, of the object that lives here; empty = idle
  std::uint64_t used = 0;         ///< bytes of that object
  std::uint64_t last_use = 0;
  std::uint64_t mapped_pages = 0;
  bool idle() const { return blocks.empty(); }
};

/// Commands go through the Port; who is done with what is the caller's care: `discard` unmaps at once.
class Views {
 public:
  Views(Port& port, HomeSpace& home) : port_(port), home_(home) {}

  const View& operator[](ViewIndex v) const { return views_[v]; }
  std::size_t count() const { return views_.size() - unused_.size(); }

  /// An idle view of at least `size` bytes whose first `size` are free at home, among the `tries` smallest that are
  /// large enough; or no_view.
  ViewIndex find(std::uint64_t size, std::uint32_t tries) const;
  /// Maps a new view over `pieces`, which are free. no_view: refused, nothing changed.
  ViewIndex make(const std::vector<HomePiece>& pieces);
  /// The first `size` bytes become live at home.
  void occupy(ViewIndex v, std::uint64_t size);
  void vacate(ViewIndex v);

  /// Takes the idle view used longest ago out of service, for `discard`; no_view where all are in use.
  ViewIndex retire_oldest();
  /// The same for every idle view that has a page for which `has(page number)` is true.
  template <class Has>
  std::vector<ViewIndex> retire_over(Has&& has);
  void discard(ViewIndex v);

  /// Whether a view that is in use has the page mapped: it must stay as it is.
  bool pins(std::uint64_t page_number) const { return page_number < pins_.size() && pins_[page_number] > 0; }

 private:
  bool map_pieces(View& view);
  bool alias(View& view, std::uint64_t first_page, std::uint64_t last_page);
  bool free_at_home(const View& view, std::uint64_t size) const;
  ViewIndex add(View&& view);
  void retire(ViewIndex v);
  void pin(const View& view, bool pinned);

  Port& port_;
  HomeSpace& home_;
  std::vector<View> views_;
  std::vector<ViewIndex> unused_;
  std::set<std::pair<std::uint64_t, ViewIndex>> idle_;  // by size
  std::vector<std::uint32_t> pins_;                     // by page number: views in use that have it
  std::uint64_t clock_ = 0;
};

template <class Has>
std::vector<ViewIndex> Views::retire_over(Has&& has) {
  const auto touches = [&](const View& view) {
    for (const HomePiece& piece : view.pieces)
      for (std::uint64_t p = piece.offset / home_.page(); p * home_.page() < piece.end(); ++p)
        if (has(p)) return true;
    return false;
  };
  std::vector<ViewIndex> retired;
  for (const auto& key : idle_)
    if (touches(views_[key.second])) retired.push_back(key.second);
  for (ViewIndex v : retired) retire(v);
  return retired;
}

}  // namespace vramlab
