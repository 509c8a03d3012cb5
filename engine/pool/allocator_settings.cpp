#include "engine/pool/allocator_settings.h"

#include <array>
#include <bit>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "cached_size",
     .kind = OptionKind::bytes,
     .default_text = "4MiB",
     .reason = "requests up to this are served from their stream's cache; larger ones go to the pool"},
    {.name = "size_steps",
     .kind = OptionKind::integer,
     .default_text = "8",
     .reason = "cached sizes are rounded up to a power of two cut into so many steps: fewer hit more often, more waste "
               "less; a power of two",
     .at_least = 1,
     .at_most = 2048},
    {.name = "stream_blocks",
     .kind = OptionKind::integer,
     .default_text = "100",
     .reason = "blocks a stream's cache keeps; grows by half while little memory is used and blocks overflow",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "stream_bytes",
     .kind = OptionKind::bytes,
     .default_text = "64MiB",
     .reason = "bytes a stream's cache keeps whatever else it has"},
    {.name = "live_share",
     .kind = OptionKind::integer,
     .default_text = "16",
     .reason = "a cache may hold 1/N of what its stream has live; 0 keeps to stream_bytes",
     .at_least = 0,
     .at_most = 1e9},
    {.name = "leak_warning",
     .kind = OptionKind::integer,
     .default_text = "1000",
     .reason = "blocks allocated and not freed beyond which statistics warn of a leak",
     .at_least = 0,
     .at_most = 1e18},
    {.name = "debug_history",
     .kind = OptionKind::flag,
     .default_text = "false",
     .reason = "keep what was asked, for errors, advice and traces; costs a lock that all streams share"},
    {.name = "history_events",
     .kind = OptionKind::integer,
     .default_text = "1048576",
     .reason = "events that debug_history keeps, 32 bytes each",
     .at_least = 1,
     .at_most = 1e10},
};

}  // namespace

std::span<const OptionSpec> allocator_options() { return options; }

std::span<const OptionSpec> program_allocator_options() {
  static constexpr auto table = [] {
    auto copy = std::to_array(options);
    copy.front().default_text = "64KiB";
    return copy;
  }();
  static_assert(table.front().name == "cached_size");
  return table;
}

AllocatorSettings AllocatorSettings::from(const OptionValues& values) {
  const auto number = [&](std::string_view name) { return static_cast<std::uint64_t>(values.integer(name)); };
  const std::uint64_t steps = number("size_steps");
  if (!std::has_single_bit(steps))
    throw ConfigError("option size_steps of the allocator: " + std::to_string(steps) + " is not a power of two", {},
                      "take 8, 16 or 32");
  if (values.bytes("cached_size") > 1_GiB)
    throw ConfigError("option cached_size of the allocator: more than " + format_bytes(1_GiB));
  return {.cached_size = values.bytes("cached_size"),
          .size_steps = static_cast<std::uint32_t>(steps),
          .stream_cache = {static_cast<std::uint32_t>(number("stream_blocks")), values.bytes("stream_bytes")},
          .live_share = number("live_share"),
          .leak_warning = number("leak_warning"),
          .debug_history = values.flag("debug_history"),
          .history_events = number("history_events")};
}

AllocatorSettings AllocatorSettings::defaults() { return from(OptionValues("allocator", allocator_options())); }

}  // namespace vramlab
