#include "engine/replay/transfer_objects.h"

namespace vramlab {

void TransferObjects::on_decisions(std::span<const Decision> batch) {
  for (const Decision& decision : batch) {
    switch (decision.kind) {
      case DecisionKind::place:
        place(decision);
        break;
      case DecisionKind::release:
        release(decision.object);
        break;
      case DecisionKind::transfer_from:
      case DecisionKind::transfer_to:
        transfer(decision);
        break;
      default:
        break;
    }
  }
}

// Placed anew, it has moved.
void TransferObjects::place(const Decision& decision) {
  if (decision.object >= placed_.size()) {
    placed_.resize(std::size_t{decision.object} + 1);
    place_of_.resize(placed_.size());
  }
  release(decision.object);
  place_of_[decision.object] = {decision.segment, decision.offset};
  placed_[decision.object] = true;
  object_at_[place_of_[decision.object]] = decision.object;
}

void TransferObjects::release(std::uint32_t object) {
  if (object >= placed_.size() || !placed_[object]) return;
  placed_[object] = false;
  const auto at = object_at_.find(place_of_[object]);
  if (at != object_at_.end() && at->second == object) object_at_.erase(at);
}

void TransferObjects::transfer(const Decision& decision) {
  if (decision.tier != Tier::device) return;
  const auto at = object_at_.find({decision.segment, decision.offset});
  if (at == object_at_.end()) return;
  if (decision.object >= moved_.size()) moved_.resize(std::size_t{decision.object} + 1);
  moved_[decision.object] = ObjectId(at->second);
}

ObjectId TransferObjects::moved_by(TokenId token) const {
  return token.value < moved_.size() ? moved_[token.value] : ObjectId::none();
}

}  // namespace vramlab
