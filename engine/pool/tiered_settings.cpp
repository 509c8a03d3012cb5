#include "engine/pool/tiered_settings.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace vramlab::tiered {
namespace {

constexpr OptionSpec options[] = {
    {.name = "small_below",
     .kind = OptionKind::bytes,
     .default_text = "1MiB",
     .reason = "requests smaller than this are small: packed by themselves, they cannot pin the pages of large ones"},
    {.name = "medium_below",
     .kind = OptionKind::bytes,
     .default_text = "16MiB",
     .reason = "requests from small_below to this are medium"},
    {.name = "large_up_to",
     .kind = OptionKind::bytes,
     .default_text = "256MiB",
     .reason = "requests from medium_below up to this are large, larger ones huge"},
    {.name = "enable_advanced_pooling",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "false: one tier serves all sizes"},
    {.name = "best_fit_scan",
     .kind = OptionKind::integer,
     .default_text = "16",
     .reason = "how many blocks of a size class best fit compares; classes differ by 1/32",
     .at_least = 1,
     .at_most = 1e6},
    {.name = "enable_predictive_allocation",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "a tier that must grow also takes what its recent demand says will be needed soon: fewer device calls"},
    {.name = "prediction_window",
     .kind = OptionKind::integer,
     .default_text = "512",
     .reason = "requests that a prediction looks back on",
     .at_least = 8,
     .at_most = 1e12},
    {.name = "small_step",
     .kind = OptionKind::bytes,
     .default_text = "32MiB",
     .reason = "the most that tier small grows ahead of demand"},
    {.name = "medium_step",
     .kind = OptionKind::bytes,
     .default_text = "128MiB",
     .reason = "the most that tier medium grows ahead of demand"},
    {.name = "large_step",
     .kind = OptionKind::bytes,
     .default_text = "256MiB",
     .reason = "the most that tier large grows ahead of demand"},
    {.name = "huge_step",
     .kind = OptionKind::bytes,
     .default_text = "0",
     .reason =
         "the most that tier huge grows ahead of demand: requests so large are few, and a wrong guess costs most"},
    {.name = "enable_auto_defragmentation",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "free pages are given to the tier that needs them, and to the device when far too many are free"},
    {.name = "move_on_growth",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "with defragmentation: a tier grows out of free pages anywhere before new ones are created"},
    {.name = "share_tiers",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "requests that are not small use free blocks of each other's tiers before memory grows or pages move"},
    {.name = "slack",
     .kind = OptionKind::integer,
     .default_text = "64",
     .reason =
         "new pages rather than moved ones while this part (one in N) of the recent peak is not exceeded; 0 = none",
     .at_least = 0,
     .at_most = 1e9},
    {.name = "fragmentation_threshold",
     .kind = OptionKind::real,
     .default_text = "0.3",
     .reason = "free over held bytes from which on idle pages go back to the device",
     .at_least = 0,
     .at_most = 1},
    {.name = "memory_pressure_threshold",
     .kind = OptionKind::real,
     .default_text = "0.85",
     .reason = "used over all of the device's memory from which on all idle pages go back",
     .at_least = 0,
     .at_most = 1},
    {.name = "optimization_interval",
     .kind = OptionKind::integer,
     .default_text = "65536",
     .reason = "requests between two checks (30 s at 2000 requests a second); a tick of the driver is a check at once",
     .at_least = 1,
     .at_most = 1e12},
    {.name = "target_fragmentation_reduction",
     .kind = OptionKind::real,
     .default_text = "0.133",
     .reason = "share of the fragmentation that an optimization is to remove for its target to count as achieved",
     .at_least = 0,
     .at_most = 1},
    {.name = "place_by_lifetime",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "where hints tell lifetimes: beside the neighbour that is expected to die at nearly the same time"},
    {.name = "move_budget",
     .kind = OptionKind::bytes,
     .default_text = "1GiB",
     .reason = "bytes of relocatable objects that one defragmentation copies at most"},
    {.name = "hints",
     .kind = OptionKind::choice,
     .default_text = "none",
     .reason = "recorded: a replay tells each object's lifetime beforehand, which a program would have to know",
     .choices = "none|recorded"},
};

std::uint32_t parts_of(double share, double whole) { return static_cast<std::uint32_t>(std::lround(share * whole)); }

}  // namespace

std::span<const OptionSpec> option_table() { return options; }

Settings Settings::from(const OptionValues& values) {
  const auto bytes = [&](std::string_view name) { return values.bytes(name).value; };
  const auto count = [&](std::string_view name) { return static_cast<std::uint64_t>(values.integer(name)); };
  Settings s;
  s.below = {bytes("small_below"), bytes("medium_below"), bytes("large_up_to"), ~std::uint64_t{0}};
  if (!std::is_sorted(s.below.begin(), s.below.end()))
    throw ConfigError("pool tiered: the bounds of the tiers do not ascend", {},
                      "small_below <= medium_below <= large_up_to");
  s.step = {bytes("small_step"), bytes("medium_step"), bytes("large_step"), bytes("huge_step")};
  s.one_tier = !values.flag("enable_advanced_pooling");
  s.scan = static_cast<std::uint32_t>(values.integer("best_fit_scan"));
  s.predict = values.flag("enable_predictive_allocation");
  s.defragment = values.flag("enable_auto_defragmentation");
  s.move_on_growth = s.defragment && values.flag("move_on_growth");
  s.fragmentation_threshold = parts_of(values.real("fragmentation_threshold"), 1e6);
  s.pressure_threshold = parts_of(values.real("memory_pressure_threshold"), 1e3);
  s.target_reduction = parts_of(values.real("target_fragmentation_reduction"), 1e6);
  s.interval = count("optimization_interval");
  s.window = count("prediction_window");
  s.slack = count("slack");
  s.share_tiers = values.flag("share_tiers");
  s.by_lifetime = values.flag("place_by_lifetime");
  s.move_budget = bytes("move_budget");
  return s;
}

}  // namespace vramlab::tiered
