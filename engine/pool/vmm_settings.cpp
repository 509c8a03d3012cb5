#include "engine/pool/vmm_settings.h"

#include <algorithm>

#include "engine/core/error.h"

namespace vramlab::vmm {
namespace {

constexpr OptionSpec options[] = {
    {.name = "page_size",
     .kind = OptionKind::bytes,
     .default_text = "2MiB",
     .reason = "physical memory is created and mapped in pages of this size"},
    {.name = "stitching",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "lay an object over free bytes of several places where no hole is large enough"},
    {.name = "moving",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "give idle pages a new home where they make a hole together, instead of creating pages"},
    {.name = "move_share",
     .kind = OptionKind::real,
     .default_text = "0.25",
     .reason = "most pages moved for an object, as a share of its own; else stitching costs less",
     .at_least = 0,
     .at_most = 1},
    {.name = "view_cache",
     .kind = OptionKind::integer,
     .default_text = "4096",
     .reason = "mappings kept after their object is gone, to serve again without a call to the device",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "view_tries",
     .kind = OptionKind::integer,
     .default_text = "32",
     .reason = "how many kept mappings are looked at before a new one is made",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "min_stitch",
     .kind = OptionKind::bytes,
     .default_text = "1MiB",
     .reason = "smaller objects are not worth a mapping of their own"},
    {.name = "stitch_order",
     .kind = OptionKind::choice,
     .default_text = "smallest_run",
     .reason = "which runs of free pages a mapping uses up first",
     .choices = "smallest_run|largest_run"},
    {.name = "headroom",
     .kind = OptionKind::real,
     .default_text = "0.005",
     .reason = "how far above the most live bytes so far it grows rather than stitches; growing is paid once",
     .at_least = 0,
     .at_most = 10},
    {.name = "patience",
     .kind = OptionKind::real,
     .default_text = "4",
     .reason = "how many times the memory held may be mapped anew; each further time `headroom` grows by itself",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "small_limit",
     .kind = OptionKind::bytes,
     .default_text = "256KiB",
     .reason = "objects below this share pages of their own, so that they do not cut up the rest"},
    {.name = "best_fit_scan",
     .kind = OptionKind::integer,
     .default_text = "16",
     .reason = "how many blocks of a size class best fit compares; classes differ by 1/32",
     .at_least = 1,
     .at_most = 1e6},
};

}  // namespace

std::span<const OptionSpec> option_table() { return options; }

Settings Settings::from(const OptionValues& values) {
  const Bytes page = values.bytes("page_size");
  if (page.value == 0 || page.value % (2_MiB).value != 0 || page > 1_GiB)
    throw ConfigError("option page_size of pool vmm: a multiple of 2 MiB up to 1 GiB");
  return {.page = page,
          .stitching = values.flag("stitching"),
          .moving = values.flag("moving"),
          .move_share = static_cast<std::uint64_t>(values.real("move_share") * 1000),
          .view_cache = static_cast<std::size_t>(values.integer("view_cache")),
          .view_tries = static_cast<std::uint32_t>(values.integer("view_tries")),
          .min_stitch = values.bytes("min_stitch").value,
          .order = values.text("stitch_order") == "smallest_run" ? StitchOrder::smallest_run : StitchOrder::largest_run,
          .headroom_ppm = static_cast<std::uint64_t>(values.real("headroom") * 1e6),
          .patience = static_cast<std::uint64_t>(values.real("patience") * 1000),
          .small_limit = std::min(values.bytes("small_limit"), page).value,
          .scan = static_cast<std::uint32_t>(values.integer("best_fit_scan"))};
}

}  // namespace vramlab::vmm
