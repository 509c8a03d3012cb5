#include "engine/replay/fragmentation.h"

#include <algorithm>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/core/error.h"
#include "engine/replay/validator_memory.h"

namespace vramlab {
namespace {

using validation::MemoryAccount;
using validation::Piece;
using validation::Stretch;

double share(Bytes part, Bytes whole) {
  return whole == Bytes(0) ? 0 : static_cast<double>(part.value) / static_cast<double>(whole.value);
}

/// Walks over held memory in the order of addresses and adds up live and free bytes.
class Walk {
 public:
  /// `live`: apart from each other, ascending.
  Walk(std::span<const Piece> live, Bytes request) : live_(live), request_(request) {}

  void visit(const Stretch& stretch) {
    const bool continues = stretch.addressed && stretch.space == space_ && stretch.offset == end_ && addressed_;
    if (!continues) end_block();
    if (!stretch.addressed || stretch.space != space_ || !addressed_) begin_space(stretch);
    end_ = stretch.offset + (stretch.physical.end - stretch.physical.begin);
    if (!seen_.insert(stretch.physical.begin).second) return end_block();  // a page mapped elsewhere too
    cut(stretch.physical);
  }

  HeldMemory finish() {
    end_block();
    return sums_;
  }

 private:
  void begin_space(const Stretch& stretch) {
    space_ = stretch.space;
    addressed_ = stretch.addressed;
    any_live_ = false;
    since_live_ = Bytes(0);
  }

  // Cuts one piece of physical memory into live and free parts.
  void cut(Piece piece) {
    sums_.held += Bytes(piece.end - piece.begin);
    auto live = std::upper_bound(live_.begin(), live_.end(), piece.begin,
                                 [](std::uint64_t at, const Piece& p) { return at < p.end; });
    for (std::uint64_t at = piece.begin; at < piece.end;) {
      const bool is_free = live == live_.end() || at < live->begin;
      const std::uint64_t stop =
          live == live_.end() ? piece.end : std::min(piece.end, is_free ? live->begin : live->end);
      if (is_free) {
        block_ += Bytes(stop - at);
      } else {
        add_live(Bytes(stop - at));
        ++live;
      }
      at = stop;
    }
  }

  void add_live(Bytes bytes) {
    end_block();
    if (any_live_) sums_.between += since_live_;
    any_live_ = true;
    since_live_ = Bytes(0);
    sums_.live += bytes;
  }

  void end_block() {
    since_live_ += block_;
    sums_.largest_free = std::max(sums_.largest_free, block_);
    if (block_ < request_) sums_.unusable += block_;
    block_ = Bytes(0);
  }

  std::span<const Piece> live_;
  Bytes request_;
  HeldMemory sums_;
  std::set<std::uint64_t> seen_;  ///< physical beginnings
  std::uint32_t space_ = 0;
  bool addressed_ = false;
  std::uint64_t end_ = 0;  ///< offset in the space
  bool any_live_ = false;
  Bytes since_live_{};  ///< free bytes above the last live one of this space
  Bytes block_{};       ///< free bytes up to here without a break
};

// Sorted, and joined where they touch or overlap.
std::vector<Piece> joined(std::vector<Piece> pieces) {
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  std::vector<Piece> apart;
  for (const Piece& piece : pieces) {
    if (apart.empty() || apart.back().end < piece.begin) apart.push_back(piece);
    apart.back().end = std::max(apart.back().end, piece.end);
  }
  return apart;
}

}  // namespace

Fragmentation fragmentation_of(const FragmentationBasis& basis, const FragmentationWeights& weights) {
  const HeldMemory& clique = basis.at_peak_requested;
  const HeldMemory& peak = basis.at_peak_reserved;
  const Bytes free = peak.held - peak.live;
  Fragmentation told;
  told.interval_graph = share(clique.between, clique.live + clique.between);
  told.pool = share(free, peak.held);
  told.external = share(free - peak.largest_free, free);
  told.largest_free = peak.largest_free;
  if (!basis.memory) return told;
  const Bytes unreserved = *basis.memory - std::min(*basis.memory, peak.held);
  const Bytes too_small = unreserved < basis.request ? unreserved : Bytes(0);
  told.device = share(peak.unusable + too_small, free + unreserved);
  told.weighted =
      weights.interval_graph * told.interval_graph + weights.pool * told.pool + weights.device * *told.device;
  return told;
}

class HeldMemoryMeter::Account {
 public:
  void apply(const Decision& d);
  HeldMemory held(Bytes request) const {
    std::vector<Piece> live;
    for (const auto& [object, place] : placed_) {
      const std::vector<Piece> pieces = memory_.pieces(place.segment, place.offset, place.bytes);
      live.insert(live.end(), pieces.begin(), pieces.end());
    }
    live = joined(std::move(live));
    Walk walk(live, request);
    for (const Stretch& stretch : memory_.device_stretches()) walk.visit(stretch);
    return walk.finish();
  }

 private:
  MemoryAccount memory_;
  std::unordered_map<std::uint32_t, Decision> placed_;  ///< by object; the order of the table decides nothing
};

void HeldMemoryMeter::Account::apply(const Decision& d) {
  switch (d.kind) {
    case DecisionKind::place:
      placed_[d.object] = d;
      return;
    case DecisionKind::release:
      placed_.erase(d.object);
      return;
    case DecisionKind::segment_take:
      return memory_.take_segment(d);
    case DecisionKind::segment_return:
      static_cast<void>(memory_.return_segment(d));
      return;
    case DecisionKind::range_reserve:
      return memory_.reserve_range(d);
    case DecisionKind::range_release:
      return memory_.release_range(d);
    case DecisionKind::pages_create:
      return memory_.create_pages(d);
    case DecisionKind::pages_destroy:
      static_cast<void>(memory_.destroy_pages(d));
      return;
    case DecisionKind::map:
    case DecisionKind::alias:
      return memory_.map(d);
    case DecisionKind::unmap:
      return memory_.unmap(d);
    case DecisionKind::version:
    case DecisionKind::transfer_from:
    case DecisionKind::transfer_to:
    case DecisionKind::after:
    case DecisionKind::record:
    case DecisionKind::wait:
    case DecisionKind::clear:
      return;
  }
}

HeldMemoryMeter::HeldMemoryMeter() : account_(std::make_unique<Account>()) {}
HeldMemoryMeter::~HeldMemoryMeter() = default;

void HeldMemoryMeter::on_decisions(std::span<const Decision> batch) {
  try {
    for (const Decision& d : batch) account_->apply(d);
  } catch (const validation::Complaint& complaint) {
    throw InvariantError(complaint.what());
  }
}

HeldMemory HeldMemoryMeter::held(Bytes request) const { return account_->held(request); }

}  // namespace vramlab
