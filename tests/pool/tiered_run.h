#pragma once
// Pool tiered with everything in reach that its tests look at or meddle with.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/pool/tiered.h"
#include "pool_harness.h"

namespace vramlab::testing {

using Options = std::vector<std::pair<std::string, std::string>>;

inline tiered::Settings tiered_settings(const Options& options) {
  OptionValues values("tiered", tiered::option_table());
  for (const auto& [name, text] : options) values.set(name, text, "test");
  return tiered::Settings::from(values);
}

/// Keeps all decisions.
class DecisionList : public EventSink {
 public:
  std::vector<Decision> all;
  void on_decisions(std::span<const Decision> batch) override { all.insert(all.end(), batch.begin(), batch.end()); }
  std::size_t count(DecisionKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [kind](const Decision& d) { return d.kind == kind; }));
  }
};

/// Object i is served in slot i. Completions come when the test says so.
class TieredRun {
 public:
  explicit TieredRun(const Options& options = {}, Bytes capacity = unlimited_bytes)
      : port(device, log, capacity), pool(port, tiered_settings(options), 16_GiB) {
    log.add_sink(decisions);
  }

  BlockId alloc(std::uint64_t bytes, AllocHints hints = {}, std::uint16_t stream = 0) {
    const BlockId slot(next_++);
    port.bind(slot, ObjectId(slot.value));
    pool.allocate({slot, ObjectId(slot.value), Bytes(bytes), StreamId(stream), hints});
    pool.validate();
    log.flush();
    return slot;
  }
  void free(BlockId slot) {
    pool.release(slot);
    pool.validate();
    log.flush();
  }
  /// All tokens issued so far are complete.
  void complete() {
    for (; completed_ < port.tokens_issued(); ++completed_) pool.completed(TokenId(completed_));
    pool.validate();
    log.flush();
  }
  std::uint64_t address(BlockId slot) const { return pool.address_of(slot).value; }
  TierReport tier(std::size_t t) const { return pool.report().tiers[t]; }

 private:
  std::uint32_t next_ = 0;
  std::uint32_t completed_ = 0;

 public:
  ScriptedDevice device;
  DecisionLog log;
  DecisionList decisions;
  Port port;
  TieredPool pool;
};

}  // namespace vramlab::testing
