#pragma once
// The digest of decisions: XXH3-64 over the 32-byte records in order, the version record first. Two runs decide alike
// exactly when their digests agree; it holds no times, pointers or inputs.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/core/decision.h"

namespace vramlab {

/// Hashes the records it is handed. How they are cut into batches does not matter.
class DigestSink : public EventSink {
 public:
  DigestSink();
  ~DigestSink() override;
  void on_decisions(std::span<const Decision> batch) override;

  /// Of the records handed over so far: flush the log first.
  std::uint64_t value() const;
  /// The value as 16 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vramlab
