#include "engine/swap/operation_list.h"

#include <algorithm>

namespace vramlab {

void OperationList::add(const SwapOperation& operation) {
  if (operations_.size() == 2 * kept) {
    operations_.erase(operations_.begin(), operations_.begin() + kept);
    dropped_ += kept;
    while (!transfers_.empty() && transfers_.front().second < dropped_) transfers_.pop_front();
  }
  if (operation.token.valid()) transfers_.emplace_back(operation.token, dropped_ + operations_.size());
  operations_.push_back(operation);
}

bool OperationList::measured(TokenId token, Nanoseconds time) {
  const auto found = std::lower_bound(transfers_.begin(), transfers_.end(), token,
                                      [](const auto& transfer, TokenId wanted) { return transfer.first < wanted; });
  if (found == transfers_.end() || found->first != token) return false;
  SwapOperation& operation = operations_[found->second - dropped_];
  if (operation.succeeded) return false;
  operation.time = time;
  operation.succeeded = true;
  return true;
}

std::span<const SwapOperation> OperationList::latest() const {
  return std::span(operations_).last(std::min(operations_.size(), kept));
}

}  // namespace vramlab
