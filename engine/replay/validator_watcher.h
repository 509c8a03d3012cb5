#pragma once
// The validator itself: each decision judged by the accounts of memory, order, moves and swaps.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/replay/replay.h"
#include "engine/replay/validator_memory.h"
#include "engine/replay/validator_moves.h"
#include "engine/replay/validator_order.h"
#include "engine/replay/validator_swaps.h"

namespace vramlab::validation {

/// Where an object lives.
struct Placed {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint16_t stream = 0;
  std::vector<Piece> pieces;
};

class Validator : public ReplayWatcher {
 public:
  void on_event(const Trace& trace, std::uint64_t position) override;
  void on_decisions(std::span<const Decision> batch) override;
  void on_launch(const Trace& trace, std::uint64_t position) override;
  void on_end(const Trace& trace) override;

 private:
  void apply(const Decision& d);
  void check_version(const Decision& d);
  void place(const Decision& d);
  void arrive(const Decision& d);
  void settle(const Decision& d);
  void check_size(const Decision& d) const;
  void check_request(const Decision& d) const;
  void claim(const Decision& d, Piece piece);
  void release(const Decision& d);
  void depart(std::uint32_t object, const Placed& placed);
  void return_segment(const Decision& d);
  void transfer_from(const Decision& d);
  void transfer_to(const Decision& d);
  void cross_tiers(const Decision& from, const Decision& to);
  std::optional<std::uint32_t> object_at(const Decision& end) const;
  void come_back(const Decision& d);
  void finish_event();
  void check_order(std::uint32_t object);
  template <class Work>
  void judge(Work&& work);
  std::string event_text() const;
  std::string place_text(std::uint32_t object, std::uint32_t segment, std::uint64_t offset, std::uint64_t bytes) const;

  const Trace* trace_ = nullptr;  ///< null before the first event
  std::uint64_t position_ = 0;
  bool done_ = false;  ///< the event's object was placed or released
  bool begun_ = false;

  MemoryAccount memory_;
  OrderAccount order_;
  MoveAccount moves_;
  SwapAccount swaps_;
  std::vector<std::uint64_t> used_;  ///< by object: the operators' stream's time when one used it last
  std::unordered_map<std::uint32_t, Placed> live_;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> owners_;  ///< physical byte -> end, object
  std::vector<std::uint32_t> after_;                                         ///< tokens of the next transfer
  std::optional<Decision> transfer_source_;  ///< a transfer_from without its transfer_to
};

// Adds the event to whatever is found wrong.
template <class Work>
void Validator::judge(Work&& work) {
  try {
    work();
  } catch (const Complaint& complaint) {
    throw InvariantError(fmt::format("verify: {}: {}", event_text(), complaint.what()), {},
                         "the pool is wrong, or who moves its objects; not the trace");
  }
}

}  // namespace vramlab::validation
