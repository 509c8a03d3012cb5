#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/replay/validator.h"
#include "first_fit_pool.h"

namespace vramlab::test {

/// Decisions written by hand, event by event: for what no small pool would do.
class Script {
 public:
  explicit Script(Trace trace) : trace_(std::make_unique<Trace>(std::move(trace))), validator_(make_validator()) {
    say({.kind = DecisionKind::version, .bytes = decision_format_version});
  }
  Script& next() {
    validator_->on_event(*trace_, position_++);
    return *this;
  }
  /// The operator of the event at hand is launched.
  Script& launch() {
    validator_->on_launch(*trace_, position_ - 1);
    return *this;
  }
  Script& say(Decision d) {
    validator_->on_decisions({&d, 1});
    return *this;
  }
  void end() { validator_->on_end(*trace_); }

  Script& segment(std::uint32_t id, std::uint64_t bytes) {
    return say({.kind = DecisionKind::segment_take, .segment = id, .bytes = bytes});
  }
  Script& return_segment(std::uint32_t id, std::uint64_t bytes) {
    return say({.kind = DecisionKind::segment_return, .segment = id, .bytes = bytes});
  }
  Script& tier_segment(std::uint32_t id, std::uint64_t bytes, Tier tier = Tier::host) {
    return say({.kind = DecisionKind::segment_take, .tier = tier, .segment = id, .bytes = bytes});
  }
  Script& after(std::uint32_t token) { return say({.kind = DecisionKind::after, .object = token}); }
  /// From and to: tier, segment, offset.
  Script& transfer(std::uint32_t token, const TransferEnd& from, const TransferEnd& to, std::uint64_t bytes) {
    const auto end = [&](DecisionKind kind, const TransferEnd& e) {
      say({.kind = kind,
           .tier = e.tier,
           .object = token,
           .segment = e.segment.value,
           .offset = e.offset.value,
           .bytes = bytes});
    };
    end(DecisionKind::transfer_from, from);
    end(DecisionKind::transfer_to, to);
    return *this;
  }
  Script& range(std::uint32_t id, std::uint64_t bytes) {
    return say({.kind = DecisionKind::range_reserve, .segment = id, .bytes = bytes});
  }
  Script& pages(std::uint32_t first, std::uint64_t count) {
    return say({.kind = DecisionKind::pages_create, .object = first, .offset = page, .bytes = count * page});
  }
  Script& map(std::uint32_t range, std::uint64_t at, std::uint32_t first, std::uint64_t count,
              DecisionKind kind = DecisionKind::map) {
    return say({.kind = kind, .object = first, .segment = range, .offset = at * page, .bytes = count * page});
  }
  Script& unmap(std::uint32_t range, std::uint64_t at, std::uint64_t bytes) {
    return say({.kind = DecisionKind::unmap, .segment = range, .offset = at * page, .bytes = bytes});
  }
  Script& place(std::uint32_t object, std::uint32_t segment, std::uint64_t offset, std::uint64_t bytes,
                std::uint16_t stream = 0) {
    return say({.kind = DecisionKind::place,
                .stream = stream,
                .object = object,
                .segment = segment,
                .offset = offset,
                .bytes = bytes});
  }
  Script& release(std::uint32_t object) { return say({.kind = DecisionKind::release, .object = object}); }
  Script& record(std::uint32_t token, std::uint16_t stream) {
    return say({.kind = DecisionKind::record, .stream = stream, .object = token});
  }
  Script& wait(std::uint16_t stream, std::uint32_t token) {
    return say({.kind = DecisionKind::wait, .stream = stream, .object = token});
  }

  static constexpr std::uint64_t page = 4096;

 private:
  std::unique_ptr<Trace> trace_;  // stays in place when the script moves: the validator knows it
  std::unique_ptr<ReplayWatcher> validator_;
  std::uint64_t position_ = 0;
};

/// What the validator finds wrong; "" for nothing.
template <class Work>
std::string complaint(Work&& work) {
  try {
    work();
  } catch (const InvariantError& error) {
    return error.what();
  }
  return "";
}

inline Trace allocs(std::size_t count, std::uint64_t bytes) {
  TraceBuilder builder;
  for (std::size_t i = 0; i < count; ++i) builder.alloc(bytes);
  return builder.build();
}

}  // namespace vramlab::test
