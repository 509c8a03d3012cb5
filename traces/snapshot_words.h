#pragma once
// The words of PyTorch's memory snapshots that are read (source: torch.cuda.memory._snapshot of PyTorch 2.1 to 2.11).

#include <array>
#include <string_view>

#include "traces/pickle_words.h"

namespace vramlab::snapshot {

/// Keys first (at most pickle::max_key_word), then values. Same order as word_texts.
enum class Key : pickle::Word {
  unknown,
  // the whole
  segments,
  device_traces,
  allocator_settings,
  // segments and blocks
  device,
  address,
  total_size,
  is_expandable,
  blocks,
  requested_size,
  state,
  // shared by segments, blocks and entries
  size,
  stream,
  frames,
  // trace entries
  action,
  addr,
  device_free,
  time_us,
  // frames
  name,
  filename,
  line,
  // settings
  max_split_size,
  garbage_collection_threshold,
  expandable_segments,
  roundup_power2_divisions,
  first_division,  ///< "1" (MB); the next 15 are its doublings
  last_division = first_division + 15,
};

/// Texts that are values.
enum class Text : pickle::Word {
  alloc = static_cast<pickle::Word>(Key::last_division) + 1,
  free_requested,
  free_completed,
  segment_alloc,
  segment_free,
  segment_map,
  segment_unmap,
  oom,
  snapshot,
  active_allocated,
  active_pending_free,
};

inline constexpr auto word_texts = std::to_array<std::string_view>({"segments",
                                                                    "device_traces",
                                                                    "allocator_settings",
                                                                    "device",
                                                                    "address",
                                                                    "total_size",
                                                                    "is_expandable",
                                                                    "blocks",
                                                                    "requested_size",
                                                                    "state",
                                                                    "size",
                                                                    "stream",
                                                                    "frames",
                                                                    "action",
                                                                    "addr",
                                                                    "device_free",
                                                                    "time_us",
                                                                    "name",
                                                                    "filename",
                                                                    "line",
                                                                    "max_split_size",
                                                                    "garbage_collection_threshold",
                                                                    "expandable_segments",
                                                                    "roundup_power2_divisions",
                                                                    "1",
                                                                    "2",
                                                                    "4",
                                                                    "8",
                                                                    "16",
                                                                    "32",
                                                                    "64",
                                                                    "128",
                                                                    "256",
                                                                    "512",
                                                                    "1024",
                                                                    "2048",
                                                                    "4096",
                                                                    "8192",
                                                                    "16384",
                                                                    "32768",
                                                                    "alloc",
                                                                    "free_requested",
                                                                    "free_completed",
                                                                    "segment_alloc",
                                                                    "segment_free",
                                                                    "segment_map",
                                                                    "segment_unmap",
                                                                    "oom",
                                                                    "snapshot",
                                                                    "active_allocated",
                                                                    "active_pending_free"});
static_assert(word_texts.size() == static_cast<std::size_t>(Text::active_pending_free));
static_assert(static_cast<pickle::Word>(Key::last_division) <= pickle::max_key_word);

inline constexpr pickle::Vocabulary vocabulary{word_texts};

constexpr pickle::Word word(Key key) { return static_cast<pickle::Word>(key); }
constexpr std::string_view text(Key key) { return vocabulary.text(word(key)); }

}  // namespace vramlab::snapshot
