#pragma once
// One entry of a device's history, out of its dictionary. Entries mostly have the same keys, so their places are
// looked up once.

#include <cstdint>

#include "engine/core/types.h"
#include "traces/snapshot_fields.h"

namespace vramlab::snapshot {

struct Entry {
  Text action{};  ///< Text{} for an action that is not known
  std::uint64_t address = 0;
  Bytes size{};
  std::uint64_t stream = 0;
  std::uint64_t device_free = 0;   ///< oom only
  std::int64_t time_us = 0;        ///< 0 where not recorded
  pickle::List* frames = nullptr;  ///< null where not recorded
  std::uint64_t offset = 0;        ///< byte of its dictionary
};

class EntryReader {
 public:
  explicit EntryReader(const Fields& fields) : fields_(fields) {}
  /// Throws TraceError: a field that the action needs is missing, of the wrong type, negative or too large, or the
  /// block ends beyond the address space; time_us in some entries only.
  Entry read(const pickle::Dict& dict);
  bool has_times() const { return timed_ == 1; }

 private:
  /// Index of a key's value, or no_slot.
  struct Slots {
    std::int8_t action, addr, size, stream, time_us, frames;
  };
  static constexpr std::int8_t no_slot = -1;

  void fit(const pickle::Dict& dict);
  void read_oom(const pickle::Dict& dict, Entry& entry) const;
  void read_memory(const pickle::Dict& dict, Entry& entry) const;
  static pickle::Value at(const pickle::Dict& dict, std::int8_t slot) {
    return slot == no_slot ? pickle::Value() : dict.values[slot];
  }

  const Fields& fields_;
  std::uint64_t keys_ = 0;
  Slots slots_{no_slot, no_slot, no_slot, no_slot, no_slot, no_slot};
  int timed_ = -1;  ///< -1 until the first entry, then whether entries have times
};

}  // namespace vramlab::snapshot
