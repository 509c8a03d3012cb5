// Pages and ranges: what their calls cost the host, by size and number of pages.

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "engine/core/error.h"
#include "sim/fit.h"
#include "sim/probe_parts.h"

namespace vramlab::probe {
namespace {

struct Batch {
  std::uint32_t pages = 0;
  bool alias = false;  // mapped a second time, into a range of its own
  PageId first{};
  Bytes offset{};
  SegmentId range{};
};

/// Times by kind of call and number of pages (of ranges: by the pages they have room for).
using CallTimes = std::map<std::pair<CallKind, std::uint32_t>, std::vector<Nanoseconds>>;

/// One pass: batches of pages come and go as a pool of pages lets them. In a replay such calls cost no more between
/// operators than one after the other (measured on an H200): a page is mapped in 23 to 25 us either way.
class PageRound {
 public:
  PageRound(Session& session, Bytes page, CallTimes& times) : session_(session), page_(page), times_(times) {}

  void run(std::vector<Batch>& batches, std::mt19937& random) {
    std::uint32_t pages = 0;
    for (const Batch& batch : batches) pages += batch.pages;
    range_ = reserve(pages);
    pages_ = 0;
    std::shuffle(batches.begin(), batches.end(), random);
    for (Batch& batch : batches) grow(batch);
    std::shuffle(batches.begin(), batches.end(), random);
    for (const Batch& batch : batches) shrink(batch);
    release(range_, pages);
  }

 private:
  template <class Call>
  void timed(CallKind kind, std::uint32_t pages, const Call& call) {
    bool done = true;
    times_[{kind, pages}].push_back(session_.in_calls([&] {
      if constexpr (std::is_same_v<decltype(call()), bool>) {
        done = call();
      } else {
        call();
      }
    }));
    if (!done)
      throw OutOfMemory("the probe got no pages", {}, "end what else uses this GPU's memory, or probe with --quick");
  }

  SegmentId reserve(std::uint32_t pages) {
    const SegmentId range = session_.new_segment();
    timed(CallKind::range_reserve, pages, [&] { return device().reserve_range(range, page_ * pages); });
    return range;
  }
  void release(SegmentId range, std::uint32_t pages) {
    timed(CallKind::range_release, pages, [&] { device().release_range(range, page_ * pages); });
  }
  void map(SegmentId range, Bytes offset, const Batch& batch) {
    timed(CallKind::map, batch.pages,
          [&] { return device().map_pages(range, offset, batch.first, batch.pages, page_); });
  }
  void unmap(SegmentId range, Bytes offset, const Batch& batch) {
    timed(CallKind::unmap, batch.pages, [&] { device().unmap_pages(range, offset, page_ * batch.pages); });
  }

  void grow(Batch& batch) {
    batch.first = session_.new_pages(batch.pages);
    batch.offset = page_ * pages_;
    pages_ += batch.pages;
    timed(CallKind::page_create, batch.pages, [&] { return device().create_pages(batch.first, batch.pages, page_); });
    map(range_, batch.offset, batch);
    if (!batch.alias) return;
    batch.range = reserve(batch.pages);
    map(batch.range, Bytes(0), batch);
  }
  void shrink(const Batch& batch) {
    if (batch.alias) {
      unmap(batch.range, Bytes(0), batch);
      release(batch.range, batch.pages);
    }
    unmap(range_, batch.offset, batch);
    timed(CallKind::page_destroy, batch.pages, [&] { device().destroy_pages(batch.first, batch.pages, page_); });
  }

  RunnableDevice& device() { return session_.device(); }

  Session& session_;
  Bytes page_;
  CallTimes& times_;
  SegmentId range_{};
  std::uint32_t pages_ = 0;
};

struct PageFigure {
  CallKind kind;
  const char* name;
  CostCurve CallCosts::* curve;
  Nanoseconds CallCosts::* call;
};
constexpr PageFigure page_figures[] = {
    {CallKind::page_create, "calls.page_create", &CallCosts::page_create, &CallCosts::page_create_call},
    {CallKind::map, "calls.map", &CallCosts::map, &CallCosts::map_call},
    {CallKind::unmap, "calls.unmap", &CallCosts::unmap, &CallCosts::unmap_call},
    {CallKind::page_destroy, "calls.page_destroy", &CallCosts::page_destroy, &CallCosts::page_destroy_call}};

std::vector<BatchSample> samples_of(const CallTimes& times, CallKind kind) {
  std::vector<BatchSample> samples;
  for (const auto& [what, all] : times)
    if (what.first == kind) samples.push_back({what.second, typical(all)});
  return samples;
}

// What a call costs beside its pages is found with the smallest pages, of which there are most.
void fit_pages(Probe& probe, Bytes page, const PageFigure& figure, const CallTimes& times) {
  CallCosts& calls = probe.machine.calls;
  std::vector<BatchSample> samples = samples_of(times, figure.kind);
  if (page == probe.machine.page_granularity) calls.*figure.call = fit_call(samples).call;
  const Nanoseconds call = calls.*figure.call;
  for (BatchSample& sample : samples) sample.time = std::max(sample.time - call, Nanoseconds(1));
  const Nanoseconds each = fit_each(samples);
  (calls.*figure.curve).points.push_back({page, each});
  for (const BatchSample& sample : samples)
    probe.rows.push_back({figure.name, page, sample.count, sample.time + call, call + each * sample.count, false});
}

// Counts as pools of pages have them: most often few.
std::vector<Batch> batches_for(const Probe& probe, Bytes page) {
  constexpr std::uint32_t of_small[] = {1, 1, 1, 1, 2, 2, 3, 4, 4, 5, 6, 6, 8, 12, 16, 26, 48, 96};
  constexpr std::uint32_t of_large[] = {1, 1, 2, 4, 8};
  std::vector<Batch> batches;
  std::uint64_t pages = 0;
  const std::span<const std::uint32_t> counts =
      page == probe.machine.page_granularity ? std::span<const std::uint32_t>(of_small) : of_large;
  for (const std::uint32_t count : counts) {
    if (page * (pages + count) > probe.most() && pages != 0) break;
    batches.push_back({.pages = count, .alias = batches.size() % 2 == 1});
    pages += count;
  }
  return batches;
}

// Of ranges in all sizes; their cost hangs on what was done before, hardly on their size.
void fit_ranges(Probe& probe, CallKind kind, const char* figure, Nanoseconds CallCosts::* cost,
                const CallTimes& times) {
  std::vector<Nanoseconds> all;
  for (const auto& [what, some] : times)
    if (what.first == kind) all.insert(all.end(), some.begin(), some.end());
  probe.machine.calls.*cost = typical(all);
  for (const auto& [what, some] : times)
    if (what.first == kind)
      probe.rows.push_back(
          {figure, probe.machine.page_granularity * what.second, 1, typical(some), probe.machine.calls.*cost, false});
}

}  // namespace

void probe_pages(Probe& probe) {
  CallCosts& calls = probe.machine.calls;
  for (const PageFigure& figure : page_figures) (calls.*figure.curve).points.clear();
  std::mt19937 random(1);
  for (const std::uint64_t granules : {1u, 10u, 128u, 512u}) {
    const Bytes page = probe.machine.page_granularity * granules;
    if (page > probe.most()) continue;
    std::vector<Batch> batches = batches_for(probe, page);
    CallTimes times;
    probe.session.repeat([&](int round) {
      CallTimes unused;
      PageRound(probe.session, page, round == 0 ? unused : times).run(batches, random);
    });
    for (const PageFigure& figure : page_figures) fit_pages(probe, page, figure, times);
    if (granules != 1) continue;
    fit_ranges(probe, CallKind::range_reserve, "calls.range_reserve", &CallCosts::range_reserve, times);
    fit_ranges(probe, CallKind::range_release, "calls.range_release", &CallCosts::range_release, times);
  }
  for (const PageFigure& figure : page_figures)
    calls.*figure.curve = fit_curve(std::move((calls.*figure.curve).points));
}

}  // namespace vramlab::probe
