#include <algorithm>

#include "engine/core/error.h"
#include "engine/pool/home_space.h"
#include "engine/pool/pool.h"
#include "engine/pool/stitch.h"
#include "engine/pool/stream_fence.h"
#include "engine/pool/views.h"

namespace vramlab {
namespace {

constexpr Bytes granule = 512_B;

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

struct Settings {
  Bytes page;
  bool stitching;
  bool moving;
  std::uint64_t move_share;  // thousandths
  std::size_t view_cache;
  std::uint32_t view_tries;
  std::uint64_t min_stitch;
  StitchOrder order;
  std::uint64_t headroom_ppm;
  std::uint64_t small_limit;
  std::uint32_t scan;

  static Settings from(const OptionValues& values) {
    const Bytes page = values.bytes("page_size");
    if (page.value == 0 || page.value % (2_MiB).value != 0 || page > 1_GiB)
      throw ConfigError("option page_size of pool vmm: a multiple of 2 MiB up to 1 GiB");
    return {
        .page = page,
        .stitching = values.flag("stitching"),
        .moving = values.flag("moving"),
        .move_share = static_cast<std::uint64_t>(values.real("move_share") * 1000),
        .view_cache = static_cast<std::size_t>(values.integer("view_cache")),
        .view_tries = static_cast<std::uint32_t>(values.integer("view_tries")),
        .min_stitch = values.bytes("min_stitch").value,
        .order = values.text("stitch_order") == "smallest_run" ? StitchOrder::smallest_run : StitchOrder::largest_run,
        .headroom_ppm = static_cast<std::uint64_t>(values.real("headroom") * 1e6),
        .small_limit = std::min(values.bytes("small_limit"), page).value,
        .scan = static_cast<std::uint32_t>(values.integer("best_fit_scan"))};
  }
};

// Virtual-memory stitching. All pages have a home in one range, and best fit places objects there. Where no hole is
// large enough although the free bytes would do, the object is laid over several places: their pages are mapped a
// second time, side by side, as a view. Nothing is unmapped for that: who uses the bytes through which addresses is
// ordered by streams and waits. Views are kept, so that a program that repeats itself makes no calls.
// The ideas: pages stitched and stitched blocks kept, GMLake (Guo et al., ASPLOS 2024). Own: mapping a page that is in
// use in part, so that also the free end or beginning of a page serves; growing only within `headroom`.
class VmmPool final : public Pool {
 public:
  VmmPool(Port& port, const Settings& settings, Bytes device_memory)
      : port_(port),
        settings_(settings),
        home_(port, settings.page, std::min(device_memory * 4, max_space), settings.scan),
        views_(port, home_),
        fence_(port) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const std::uint64_t size = round_up(request.bytes, granule).value;
    const NodeIndex n = size < settings_.small_limit ? home_.find_small(size) : home_.find_large(size);
    if (n != no_node) [[likely]]
      return serve_at_home(request, n, size);
    serve_slowly(request, size);
  }

  void release(BlockId slot) override {
    const NodeIndex n = live_.at(slot);
    live_.clear(slot);
    port_.release(slot);
    ++stats_.frees;
    if ((n & view_bit) != 0) return release_view(n & ~view_bit);
    BlockNode& block = home_.graph()[n];
    stats_.allocated -= Bytes(block.size);
    fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
    home_.give_back(n);
  }

  void expect_release(BlockId block, unsigned nearness) const override {
    if (nearness == 0) live_.expect_release(home_.graph(), block, nearness);
  }

  void completed(TokenId token) override;
  void pressure(std::uint32_t used_per_mille) override {
    if (used_per_mille > 800) empty_cache();
  }
  void empty_cache() override;

  Address address_of(BlockId block) const override {
    const NodeIndex n = live_.at(block);
    if ((n & view_bit) == 0) return home_.space().base + Bytes(home_.graph()[n].address);
    const View& view = views_[n & ~view_bit];
    return view.range.base + Bytes(view.begin);
  }

  PoolStats stats() const override {
    PoolStats stats = stats_;
    stats.cached = port_.reserved() - stats_.allocated;
    return stats;
  }

  void validate() const override;

 private:
  static constexpr NodeIndex view_bit = NodeIndex{1} << 31;

  // Pages and views out of service until every stream is done with them.
  struct Retirement {
    std::vector<TokenId> waiting;
    std::vector<NodeIndex> pages;
    std::vector<NodeIndex> addresses;  // that pages have left
    std::vector<ViewIndex> views;
  };

  void serve_at_home(const AllocRequest& request, NodeIndex n, std::uint64_t size) {
    home_.take(n, size);
    BlockNode& block = home_.graph()[n];
    block.stream = request.stream.value;
    fence_.use(block.address, size, request.stream);
    note_served(request, n, size);
    port_.place(request.block, home_.space().id, Bytes(block.address), Bytes(size), request.stream);
  }

  // A hole that best fit did not see: it looks at some blocks of a class only.
  bool serve_in_hole(const AllocRequest& request, const HomePiece& hole) {
    serve_at_home(request, home_.block_at(hole.offset), hole.bytes);
    return true;
  }

  void serve_in_view(const AllocRequest& request, ViewIndex v, std::uint64_t size) {
    views_.occupy(v, size);
    const View& view = views_[v];
    for (NodeIndex n : view.blocks) {
      BlockNode& block = home_.graph()[n];
      block.stream = request.stream.value;
      fence_.use(block.address, block.size, request.stream);
    }
    note_served(request, v | view_bit, size);
    port_.place(request.block, view.range.id, Bytes(view.begin), Bytes(size), request.stream);
  }

  void note_served(const AllocRequest& request, NodeIndex where, std::uint64_t size) {
    live_.set(request.block, where);
    stats_.allocated += Bytes(size);
    ++stats_.allocations;
    peak_live_ = std::max(peak_live_, stats_.allocated);
    if (!seen_.contains(request.stream)) [[unlikely]]
      seen_.add(request.stream);
  }

  void release_view(ViewIndex v) {
    const View& view = views_[v];
    stats_.allocated -= Bytes(view.used);
    for (NodeIndex n : view.blocks) {
      const BlockNode& block = home_.graph()[n];
      fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
    }
    views_.vacate(v);
    limit_views();
  }

  void serve_slowly(const AllocRequest& request, std::uint64_t size);
  bool serve_small(const AllocRequest& request, std::uint64_t size);
  bool serve_by_view(const AllocRequest& request, std::uint64_t size);
  bool serve_by_growth(const AllocRequest& request, std::uint64_t size, bool within_headroom);
  bool serve_by_moving(const AllocRequest& request, std::uint64_t size);
  std::vector<HomePiece> movable_pages(const HomeSpace::Growth& growth, std::uint64_t pages);
  bool serve_after_growth(const AllocRequest& request, std::uint64_t size);
  bool serve_by_stitch(const AllocRequest& request, std::uint64_t size);
  std::vector<HomePiece> free_places() const;
  std::uint64_t allowance(std::uint64_t size) const;
  void mark_pages(const std::vector<HomePiece>& runs, std::vector<bool>& marks) const;
  void limit_views();
  void start(Retirement retirement);
  void carry_out(const Retirement& retirement);
  bool call_back_retired();

  // The streams that ever used this pool: few.
  class Streams {
   public:
    bool contains(StreamId stream) const { return stream == last_ || holds(stream); }
    void add(StreamId stream) {
      all_.push_back(stream);
      last_ = stream;
    }
    const std::vector<StreamId>& all() const { return all_; }

   private:
    bool holds(StreamId stream) const { return std::find(all_.begin(), all_.end(), stream) != all_.end(); }
    std::vector<StreamId> all_;
    StreamId last_;
  };

  Port& port_;
  Settings settings_;
  HomeSpace home_;
  Views views_;
  LiveBlocks live_;
  StreamFence fence_;
  Streams seen_;
  std::vector<Retirement> retiring_;
  Bytes peak_live_{};
  PoolStats stats_;
};

// --- Where no hole is large enough -----------------------------------------------------------------------------------

void VmmPool::serve_slowly(const AllocRequest& request, std::uint64_t size) {
  if (size < settings_.small_limit && serve_small(request, size)) return;
  do {
    if (serve_by_view(request, size)) return;
    if (serve_by_growth(request, size, true)) return;
    if (serve_by_moving(request, size)) return;
    if (serve_by_stitch(request, size)) return;
    if (serve_by_growth(request, size, false)) return;
  } while (call_back_retired());
  out_of_memory("vmm", request.bytes, port_, stats_.allocated);
}

// In a page that becomes one for small objects; else in any hole.
bool VmmPool::serve_small(const AllocRequest& request, std::uint64_t size) {
  if (home_.add_small_page()) {
    serve_at_home(request, home_.find_small(size), size);
    return true;
  }
  const NodeIndex n = home_.find_large(size);
  if (n == no_node) return false;
  serve_at_home(request, n, size);
  return true;
}

bool VmmPool::serve_by_view(const AllocRequest& request, std::uint64_t size) {
  const ViewIndex v = views_.find(size, settings_.view_tries);
  if (v == no_view) return false;
  serve_in_view(request, v, size);
  ++stats_.cache_hits;
  return true;
}

// How many pages may be created while an object of `size` is served.
std::uint64_t VmmPool::allowance(std::uint64_t size) const {
  const std::uint64_t live = std::max(peak_live_.value, (stats_.allocated + Bytes(size)).value);
  const std::uint64_t most = live + live / 1'000'000 * settings_.headroom_ppm + settings_.page.value;
  const std::uint64_t held = port_.reserved().value;
  return held < most ? (most - held) / settings_.page.value : 0;
}

bool VmmPool::serve_by_growth(const AllocRequest& request, std::uint64_t size, bool within_headroom) {
  const HomeSpace::Growth growth = home_.growth_for(size);
  if (growth.unmapped == no_node) return false;
  if (within_headroom && growth.pages > allowance(size)) return false;
  return home_.grow(growth) && serve_after_growth(request, size);
}

bool VmmPool::serve_after_growth(const AllocRequest& request, std::uint64_t size) {
  if (size < settings_.small_limit && serve_small(request, size)) return true;
  const NodeIndex n = home_.find_large(size);
  if (n == no_node) return false;  // best fit looks at some of a class only
  serve_at_home(request, n, size);
  return true;
}

// Idle pages get a new home where they make a hole together; only what is missing then is created.
bool VmmPool::serve_by_moving(const AllocRequest& request, std::uint64_t size) {
  if (!settings_.moving) return false;
  const HomeSpace::Growth growth = home_.growth_for(size);
  if (growth.unmapped == no_node) return false;
  const std::uint64_t allowed = allowance(size);
  const std::vector<HomePiece> moved =
      movable_pages(growth, growth.pages - std::min<std::uint64_t>(allowed, growth.pages));
  std::uint64_t pages = 0;
  for (const HomePiece& run : moved) pages += run.bytes / settings_.page.value;
  if (pages == 0 || growth.pages > pages + allowed) return false;
  if (pages * 1000 > size / settings_.page.value * settings_.move_share) return false;
  std::vector<bool> leaving;
  mark_pages(moved, leaving);
  std::uint64_t home = home_.graph()[growth.unmapped].address;
  std::optional<std::vector<NodeIndex>> left = home_.grow(growth, moved);
  if (!left) return false;
  for (const HomePiece& run : moved) {
    fence_.move(run.offset, home, run.bytes);
    home += run.bytes;
  }
  start({.waiting = {}, .pages = {}, .addresses = std::move(*left), .views = views_.retire_over([&](std::uint64_t p) {
           return p < leaving.size() && leaving[p];
         })});
  return serve_after_growth(request, size);
}

void VmmPool::mark_pages(const std::vector<HomePiece>& runs, std::vector<bool>& marks) const {
  for (const HomePiece& run : runs) {
    const std::uint64_t last = run.end() / settings_.page.value;
    if (marks.size() < last) marks.resize(last);
    for (std::uint64_t p = run.offset / settings_.page.value; p < last; ++p) marks[p] = true;
  }
}

// Runs of idle pages, `pages` in all if there are so many, that are not beside the place that grows.
std::vector<HomePiece> VmmPool::movable_pages(const HomeSpace::Growth& growth, std::uint64_t pages) {
  const std::uint64_t page = settings_.page.value;
  const BlockNode& place = home_.graph()[growth.unmapped];
  std::vector<HomePiece> runs;
  home_.for_each_touching([&](const HomePiece& block) {
    if (block.end() == place.address || block.offset == place.address + place.size) return;
    const std::uint64_t last = block.end() / page;
    for (std::uint64_t p = (block.offset + page - 1) / page; p < last;) {
      std::uint64_t until = p;
      while (until < last && !views_.pins(until)) ++until;
      if (until > p) runs.push_back({p * page, (until - p) * page});
      p = until + 1;
    }
  });
  return take_runs(std::move(runs), pages * page, settings_.order);
}

std::vector<HomePiece> VmmPool::free_places() const {
  std::vector<HomePiece> free;
  home_.for_each_touching([&](const HomePiece& block) { free.push_back(block); });
  return free;
}

// Only what is missing is created, wherever there are addresses for it.
bool VmmPool::serve_by_stitch(const AllocRequest& request, std::uint64_t size) {
  if (!settings_.stitching || size < settings_.min_stitch) return false;
  if (const std::uint64_t missing = pages_missing(size, free_places(), settings_.page.value); missing > 0) {
    const HomeSpace::Growth growth = home_.growth_of_pages(static_cast<std::uint32_t>(missing));
    if (growth.unmapped == no_node || !home_.grow(growth)) return false;
  }
  const std::vector<HomePiece> places = stitch(size, free_places(), settings_.page.value, settings_.order);
  if (places.empty()) return false;
  if (places.size() == 1) return serve_in_hole(request, places.front());
  const ViewIndex v = views_.make(places);
  if (v == no_view) return false;
  serve_in_view(request, v, size);
  ++stats_.stitches;
  ++stats_.cache_misses;
  return true;
}

// --- Giving back -----------------------------------------------------------------------------------------------------

void VmmPool::limit_views() {
  while (views_.count() > settings_.view_cache) {
    const ViewIndex v = views_.retire_oldest();
    if (v == no_view) return;
    start({.waiting = {}, .pages = {}, .addresses = {}, .views = {v}});
  }
}

// Idle pages go once all streams are done with what they do now; so do the views over them.
void VmmPool::empty_cache() {
  home_.return_small_pages();
  Retirement retirement;
  retirement.pages = home_.take_idle_pages([this](std::uint64_t p) { return !views_.pins(p); });
  if (retirement.pages.empty()) return;
  std::vector<HomePiece> runs;
  for (NodeIndex n : retirement.pages) runs.push_back({home_.graph()[n].address, home_.graph()[n].size});
  std::vector<bool> leaving;
  mark_pages(runs, leaving);
  retirement.views = views_.retire_over([&](std::uint64_t p) { return p < leaving.size() && leaving[p]; });
  start(std::move(retirement));
}

void VmmPool::start(Retirement retirement) {
  // Later retirements complete later: who waits for the same streams is served in order.
  for (StreamId stream : seen_.all()) retirement.waiting.push_back(port_.record(stream));
  if (retirement.waiting.empty()) return carry_out(retirement);
  retiring_.push_back(std::move(retirement));
}

void VmmPool::completed(TokenId token) {
  for (std::size_t i = 0; i < retiring_.size(); ++i) {
    if (std::erase(retiring_[i].waiting, token) == 0) continue;
    if (!retiring_[i].waiting.empty()) return;
    const Retirement done = std::move(retiring_[i]);
    retiring_.erase(retiring_.begin() + static_cast<std::ptrdiff_t>(i));
    return carry_out(done);
  }
}

void VmmPool::carry_out(const Retirement& retirement) {
  for (ViewIndex v : retirement.views) views_.discard(v);
  for (NodeIndex n : retirement.addresses) home_.forget_addresses(n);
  for (NodeIndex n : retirement.pages) {
    fence_.forget(home_.graph()[n].address, home_.graph()[n].size);
    home_.destroy(n);
  }
}

// Pages on their way out that are needed again. Their views go on leaving.
bool VmmPool::call_back_retired() {
  bool any = false;
  for (Retirement& retirement : retiring_) {
    for (NodeIndex n : retirement.pages) home_.give_back(n);
    any |= !retirement.pages.empty();
    retirement.pages.clear();
  }
  return any;
}

void VmmPool::validate() const {
  const Bytes held = home_.validate();
  Bytes live{}, retiring{};
  for (NodeIndex n : live_.table()) {
    if (n == no_node) continue;
    live += Bytes((n & view_bit) != 0 ? views_[n & ~view_bit].used : home_.graph()[n].size);
  }
  for (const Retirement& retirement : retiring_)
    for (NodeIndex n : retirement.pages) retiring += Bytes(home_.graph()[n].size);
  VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
  VRAMLAB_CHECK(held == live + retiring, "blocks live at home and objects differ");
  VRAMLAB_CHECK(Bytes(home_.free_bytes()) + held == port_.reserved(), "pages held and bytes reserved differ");
}

}  // namespace

PoolInfo vmm_row() {
  return {
      .name = "vmm",
      .summary = "virtual memory: best fit in one range; free places are stitched by mapping their pages side by side",
      .options = options,
      .make = [](Port& port, const OptionValues& values, const PoolContext& context) -> std::unique_ptr<Pool> {
        if (context.device_memory.value == 0)
          throw ConfigError("pool vmm needs a machine with memory, from which it takes the size of its range");
        return std::make_unique<VmmPool>(port, Settings::from(values), context.device_memory);
      }};
}

}  // namespace vramlab
