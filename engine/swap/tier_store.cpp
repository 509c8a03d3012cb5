#include "engine/swap/tier_store.h"

#include <algorithm>
#include <iterator>

#include "engine/core/check.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

// Small enough to be pinned within 20 ms, large enough that most copies share a segment with others.
constexpr std::uint64_t growth_step = std::uint64_t{64} << 20;

}  // namespace

// Direct transfers from and to a disk are in multiples of its blocks.
TierStore::TierStore(Port& port, Tier tier, Bytes capacity, Bytes reserve_now)
    : port_(port),
      tier_(tier),
      capacity_(capacity),
      reserve_now_(std::min(capacity, reserve_now)),
      granule_(tier == Tier::disk ? 4096 : 512) {}

TierStore::~TierStore() {
  try {
    for (const Space& segment : segments_) port_.return_segment(segment, tier_);
  } catch (const Error&) {
    return;  // a device that is lost has lost its memory too, and has said so already
  }
}

std::uint64_t TierStore::rounded(Bytes bytes) const { return round_up(bytes, Bytes(granule_)).value; }

// --- Growth ----------------------------------------------------------------------------------------------------------

bool TierStore::can_grow(std::uint64_t bytes) const { return bytes <= capacity_.value - taken_ && bytes < refused_; }

std::uint64_t TierStore::growth(std::uint64_t bytes) const {
  const std::uint64_t step = segments_.empty() && reserve_now_.value != 0 ? reserve_now_.value : growth_step;
  return std::max(bytes, std::min(step, capacity_.value - taken_));
}

bool TierStore::take_segment(std::uint64_t bytes, StreamId stream) {
  if (!can_grow(bytes)) return false;
  const std::optional<Space> segment = port_.take_segment(Bytes(bytes), stream, tier_);
  if (!segment) {
    refused_ = bytes;
    return false;
  }
  const Key key(static_cast<std::uint32_t>(segments_.size()), 0);
  segments_.push_back(*segment);
  pieces_.emplace(key, Piece{.bytes = bytes});
  free_.emplace(bytes, key);
  taken_ += bytes;
  return true;
}

// No stream's work comes before it.
void TierStore::reserve() {
  if (segments_.empty() && reserve_now_ > Bytes(0)) take_segment(reserve_now_.value, StreamId(0));
}

bool TierStore::grow(std::uint64_t bytes, StreamId stream) {
  return can_grow(bytes) && (take_segment(growth(bytes), stream) || take_segment(bytes, stream));
}

// --- Places ----------------------------------------------------------------------------------------------------------

std::optional<TierPlace> TierStore::take(Bytes bytes, StreamId stream) {
  const std::uint64_t size = rounded(bytes);
  auto fit = free_.lower_bound({size, Key{}});
  if (fit == free_.end()) {
    if (!grow(size, stream)) return std::nullopt;
    fit = free_.lower_bound({size, Key{}});
  }
  const auto [found, key] = *fit;
  free_.erase(fit);
  pieces_[key] = {.bytes = size, .used = true};
  if (found > size) {
    const Key rest(key.first, key.second + size);
    pieces_[rest] = {.bytes = found - size};
    free_.emplace(found - size, rest);
  }
  held_ += size;
  return TierPlace{key.first, key.second, size};
}

TierStore::Pieces::iterator TierStore::used_piece(const TierPlace& place) {
  const auto piece = pieces_.find({place.segment, place.offset});
  VRAMLAB_CHECK(piece != pieces_.end() && piece->second.used && piece->second.bytes == place.bytes,
                "not a place of this store");
  return piece;
}

// The piece, grown by its free neighbours, which are gone from the index.
TierStore::Pieces::iterator TierStore::merged(Pieces::iterator piece) {
  const auto joins = [&](Pieces::iterator a, Pieces::iterator b) {
    return a->first.first == b->first.first && !a->second.used && !b->second.used;
  };
  if (const auto next = std::next(piece); next != pieces_.end() && joins(piece, next)) {
    free_.erase({next->second.bytes, next->first});
    piece->second.bytes += next->second.bytes;
    pieces_.erase(next);
  }
  if (piece == pieces_.begin() || !joins(std::prev(piece), piece)) return piece;
  const auto before = std::prev(piece);
  free_.erase({before->second.bytes, before->first});
  before->second.bytes += piece->second.bytes;
  pieces_.erase(piece);
  return before;
}

void TierStore::give_back(const TierPlace& place, TokenId last) {
  auto piece = used_piece(place);
  if (last.valid()) set_use(place, last);
  if (piece->second.spare_of.valid()) spare_ -= place.bytes;
  piece->second = {.bytes = place.bytes};
  piece = merged(piece);
  free_.emplace(piece->second.bytes, piece->first);
  held_ -= place.bytes;
}

void TierStore::mark_spare(const TierPlace& place, ObjectId owner) {
  Piece& piece = used_piece(place)->second;
  if (piece.spare_of.valid()) spare_ -= piece.bytes;
  if (owner.valid()) spare_ += piece.bytes;
  piece.spare_of = owner;
}

TransferEnd TierStore::end_of(const TierPlace& place) const {
  return {segments_[place.segment].id, tier_, Bytes(place.offset)};
}

// --- Spare copies ----------------------------------------------------------------------------------------------------

// What lies free or spare from `first` on, until it is enough.
TierStore::Run TierStore::run_from(Pieces::const_iterator first, std::uint64_t bytes) const {
  Run run;
  for (auto it = first; it != pieces_.end() && it->first.first == first->first.first && run.bytes < bytes; ++it) {
    const Piece& piece = it->second;
    if (piece.used && !piece.spare_of.valid()) break;
    run.bytes += piece.bytes;
    if (!piece.used) continue;
    run.spare += piece.bytes;
    run.owners.push_back(piece.spare_of);
  }
  return run;
}

std::vector<ObjectId> TierStore::in_the_way(Bytes bytes) const {
  const std::uint64_t size = rounded(bytes);
  Run best;
  if (spare_ == 0 || taken_ - held_ + spare_ < size) return {};
  for (auto it = pieces_.begin(); it != pieces_.end(); ++it) {
    Run run = run_from(it, size);
    if (run.bytes >= size && (best.bytes == 0 || run.spare < best.spare)) best = std::move(run);
  }
  return best.owners;
}

bool TierStore::fits(Bytes bytes) const {
  const std::uint64_t size = rounded(bytes);
  return free_.lower_bound({size, Key{}}) != free_.end() || can_grow(size) || !in_the_way(bytes).empty();
}

// --- Last uses -------------------------------------------------------------------------------------------------------

std::map<TierStore::Key, TierStore::Use>::const_iterator TierStore::first_use(const TierPlace& place) const {
  auto it = uses_.lower_bound({place.segment, place.offset});
  if (it == uses_.begin()) return it;
  const auto before = std::prev(it);
  const auto& [key, use] = *before;
  return key.first == place.segment && key.second + use.bytes > place.offset ? before : it;
}

void TierStore::last_uses(const TierPlace& place, std::vector<TokenId>& after) const {
  const Key end(place.segment, place.offset + place.bytes);
  for (auto it = first_use(place); it != uses_.end() && it->first < end; ++it)
    if (std::find(after.begin(), after.end(), it->second.token) == after.end()) after.push_back(it->second.token);
}

void TierStore::set_use(const TierPlace& place, TokenId token) {
  const Key end(place.segment, place.offset + place.bytes);
  for (auto it = first_use(place); it != uses_.end() && it->first < end;) {
    const auto [key, use] = *it;
    it = uses_.erase(it);
    const std::uint64_t use_end = key.second + use.bytes;
    if (key.second < place.offset) uses_[key] = {place.offset - key.second, use.token};
    if (use_end > end.second) uses_[end] = {use_end - end.second, use.token};
  }
  uses_[{place.segment, place.offset}] = {place.bytes, token};
}

// --- Validation ------------------------------------------------------------------------------------------------------

void TierStore::validate() const {
  std::vector<std::uint64_t> covered(segments_.size(), 0);
  std::uint64_t held = 0, free_pieces = 0, taken = 0, spare = 0;
  bool after_free = false;
  for (const auto& [key, piece] : pieces_) {
    VRAMLAB_CHECK(key.second == covered[key.first], "pieces of a segment overlap or leave a hole");
    VRAMLAB_CHECK(piece.used || key.second == 0 || !after_free, "two free pieces side by side");
    VRAMLAB_CHECK(piece.used || free_.contains({piece.bytes, key}), "a free piece is not in the index");
    covered[key.first] += piece.bytes;
    held += piece.used ? piece.bytes : 0;
    free_pieces += piece.used ? 0 : 1;
    spare += piece.spare_of.valid() ? piece.bytes : 0;
    after_free = !piece.used;
  }
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    VRAMLAB_CHECK(covered[i] == segments_[i].bytes.value, "pieces do not cover a segment");
    taken += segments_[i].bytes.value;
  }
  VRAMLAB_CHECK(free_pieces == free_.size(), "the index of free pieces holds others");
  VRAMLAB_CHECK(held == held_ && taken == taken_ && spare == spare_, "the sums of bytes are wrong");
  VRAMLAB_CHECK(taken_ <= capacity_.value, "more was taken than the capacity");
}

}  // namespace vramlab
