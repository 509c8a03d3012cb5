#include "engine/pool/stitched_plan.h"

#include <fmt/format.h>
#include <map>
#include <numeric>
#include <optional>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/pool/page_sharing.h"
#include "engine/pool/stitch.h"

namespace vramlab {
namespace {

constexpr std::uint64_t page = StitchedPlan::page.value;
constexpr std::uint32_t unknown = ~std::uint32_t{0};
// How many earlier lists of pages of the same length are looked at, the latest first.
constexpr std::size_t lists_tried = 32;

using PageList = std::vector<std::uint32_t>;

std::vector<PageRun> runs_of(const PageList& list) {
  std::vector<PageRun> runs;
  for (const std::uint32_t p : list)
    if (!runs.empty() && runs.back().first + runs.back().count == p) {
      ++runs.back().count;
    } else {
      runs.push_back({p, 1});
    }
  return runs;
}

// Gives columns and whole pages their pages in order of time: those that an object of the same length had before, where
// they are free, so that both share a view; else neighbours, so that none is needed; else few runs.
class Assigner {
 public:
  Assigner(const Instance& instance, const PageSharing& sharing)
      : instance_(instance), sharing_(sharing), free_(sharing.peak_pages, true), columns_(sharing.columns) {
    plan_.pages = static_cast<std::uint32_t>(sharing.peak_pages);
    plan_.places.resize(instance.buffers.size());
    lists_.resize(instance.buffers.size());
  }

  StitchedPlan run();

 private:
  struct Column {
    std::uint32_t page = unknown;
    std::uint32_t users = 0;
  };

  void begin(std::uint32_t i);
  void end(std::uint32_t i);
  PageList known(const PageShare& share) const;
  bool fits(const PageList& wanted, const PageList& list) const;
  bool as_before(PageList& list) const;
  bool at_home(PageList& list) const;
  void in_runs(PageList& list) const;
  std::vector<HomePiece> free_runs() const;
  void hold(const PageShare& share, const PageList& list);
  void place(std::uint32_t i, const PageList& list);

  const Instance& instance_;
  const PageSharing& sharing_;
  std::vector<bool> free_;
  std::vector<Column> columns_;
  std::vector<PageList> lists_;                           // of live buffers
  std::map<std::size_t, std::vector<PageList>> earlier_;  // by length
  std::map<std::vector<std::uint32_t>, std::uint32_t> view_of_;
  StitchedPlan plan_;
};

StitchedPlan Assigner::run() {
  struct Event {
    std::uint64_t position;
    bool begins;
    std::uint32_t buffer;
    auto operator<=>(const Event&) const = default;
  };
  std::vector<Event> events;
  for (std::uint32_t i = 0; i < instance_.buffers.size(); ++i) {
    events.push_back({instance_.buffers[i].lower, true, i});
    events.push_back({instance_.buffers[i].upper, false, i});
  }
  std::sort(events.begin(), events.end());
  for (const Event& event : events) event.begins ? begin(event.buffer) : end(event.buffer);
  return std::move(plan_);
}

void Assigner::begin(std::uint32_t i) {
  const PageShare& share = sharing_.shares[i];
  PageList list = known(share);
  if (!as_before(list) && !at_home(list)) in_runs(list);
  hold(share, list);
  place(i, list);
  lists_[i] = std::move(list);
}

void Assigner::end(std::uint32_t i) {
  const PageShare& share = sharing_.shares[i];
  const PageList& list = lists_[i];
  const auto leave = [&](std::uint32_t column) {
    if (column == no_column || --columns_[column].users > 0) return;
    free_[columns_[column].page] = true;
    columns_[column].page = unknown;
  };
  const std::size_t first = share.head != no_column;
  for (std::size_t k = first; k < first + share.whole_pages; ++k) free_[list[k]] = true;
  leave(share.head);
  leave(share.tail);
  lists_[i] = {};
}

// The pages of columns in use; the others are to be found.
PageList Assigner::known(const PageShare& share) const {
  PageList list;
  if (share.head != no_column) list.push_back(columns_[share.head].page);
  list.insert(list.end(), share.whole_pages, unknown);
  if (share.tail != no_column) list.push_back(columns_[share.tail].page);
  return list;
}

bool Assigner::fits(const PageList& wanted, const PageList& list) const {
  for (std::size_t k = 0; k < list.size(); ++k)
    if (list[k] == unknown ? !free_[wanted[k]] : list[k] != wanted[k]) return false;
  return true;
}

bool Assigner::as_before(PageList& list) const {
  const auto found = earlier_.find(list.size());
  if (found == earlier_.end()) return false;
  const std::vector<PageList>& lists = found->second;
  for (std::size_t back = 1; back <= std::min(lists.size(), lists_tried); ++back)
    if (fits(lists[lists.size() - back], list)) {
      list = lists[lists.size() - back];
      return true;
    }
  return false;
}

// Neighbours around the pages that are known, or in the smallest free run that is large enough.
bool Assigner::at_home(PageList& list) const {
  PageList wanted(list.size());
  const auto try_from = [&](std::uint64_t first) {
    if (first + list.size() > free_.size()) return false;
    std::iota(wanted.begin(), wanted.end(), static_cast<std::uint32_t>(first));
    if (!fits(wanted, list)) return false;
    list = wanted;
    return true;
  };
  for (std::size_t k = 0; k < list.size(); ++k)
    if (list[k] != unknown) return list[k] >= k && try_from(list[k] - k);
  std::optional<HomePiece> best;
  for (const HomePiece& run : free_runs())
    if (run.bytes >= list.size() && (!best || run.bytes < best->bytes)) best = run;
  return best && try_from(best->offset);
}

void Assigner::in_runs(PageList& list) const {
  const auto missing = static_cast<std::uint64_t>(std::count(list.begin(), list.end(), unknown));
  auto next = list.begin();
  for (const HomePiece& run : take_runs(free_runs(), missing, StitchOrder::largest_run))
    for (std::uint64_t p = run.offset; p < run.end(); ++p) {
      next = std::find(next, list.end(), unknown);
      *next = static_cast<std::uint32_t>(p);
    }
  VRAMLAB_CHECK(std::find(list.begin(), list.end(), unknown) == list.end(), "more pages are needed than were counted");
}

// Counted in pages.
std::vector<HomePiece> Assigner::free_runs() const {
  std::vector<HomePiece> runs;
  for (std::uint64_t p = 0; p < free_.size(); ++p) {
    if (!free_[p]) continue;
    if (runs.empty() || runs.back().end() != p) runs.push_back({p, 0});
    ++runs.back().bytes;
  }
  return runs;
}

void Assigner::hold(const PageShare& share, const PageList& list) {
  for (const std::uint32_t p : list) free_[p] = false;
  const auto enter = [&](std::uint32_t column, std::uint32_t p) {
    if (column == no_column) return;
    columns_[column].page = p;
    ++columns_[column].users;
  };
  enter(share.head, list.front());
  enter(share.tail, list.back());
}

void Assigner::place(std::uint32_t i, const PageList& list) {
  const PageShare& share = sharing_.shares[i];
  const std::uint64_t into = share.head != no_column ? page - share.head_bytes
                             : share.whole_pages > 0 ? 0
                                                     : share.tail_begin;
  if (list.size() > 1) {
    std::vector<PageList>& lists = earlier_[list.size()];
    if (lists.empty() || lists.back() != list) lists.push_back(list);
  }
  if (list.back() - list.front() + 1 == list.size() && runs_of(list).size() == 1) {
    plan_.places[i] = {no_stitched_view, list.front() * page + into};
    return;
  }
  const auto [view, added] = view_of_.emplace(list, static_cast<std::uint32_t>(plan_.views.size()));
  if (added) plan_.views.push_back(runs_of(list));
  plan_.places[i] = {view->second, into};
}

std::uint64_t pages_of(const StitchedPlan& plan, std::uint32_t view) {
  if (view == no_stitched_view) return plan.pages;
  std::uint64_t pages = 0;
  for (const PageRun& run : plan.views[view]) pages += run.count;
  return pages;
}

// Physical bytes in use, begin -> {end, buffer}.
class Occupied {
 public:
  std::string take(std::uint64_t begin, std::uint64_t bytes, std::uint32_t buffer, const Instance& instance) {
    const auto above = held_.lower_bound(begin);
    if (above != held_.end() && above->first < begin + bytes) return clash(buffer, above->second.second, instance);
    if (above != held_.begin() && std::prev(above)->second.first > begin)
      return clash(buffer, std::prev(above)->second.second, instance);
    held_[begin] = {begin + bytes, buffer};
    return {};
  }
  void leave(std::uint64_t begin) { held_.erase(begin); }

 private:
  static std::string clash(std::uint32_t a, std::uint32_t b, const Instance& instance) {
    return fmt::format("buffers {} and {} are live in the same physical bytes", name_of(instance, a),
                       name_of(instance, b));
  }
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> held_;
};

std::string check_place(const Instance& instance, const StitchedPlan& plan, std::uint32_t i) {
  const StitchedPlace& place = plan.places[i];
  if (place.view != no_stitched_view && place.view >= plan.views.size())
    return fmt::format("buffer {} lies in a view that does not exist", name_of(instance, i));
  if (place.offset % 512 != 0) return fmt::format("buffer {} is misaligned", name_of(instance, i));
  if (place.offset + instance.buffers[i].size.value > pages_of(plan, place.view) * page)
    return fmt::format("buffer {} reaches beyond its view", name_of(instance, i));
  return {};
}

}  // namespace

StitchedPlan plan_stitched(const Instance& instance) {
  if (!instance.gaps.empty() || !instance.pins.empty() || !instance.heaps.empty())
    throw ConfigError("a stitched plan knows no gaps, pins or heaps", {}, "take the contiguous layout");
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i)
    if (512 % instance.buffers[i].alignment.value != 0)
      throw ConfigError(fmt::format("buffer {} asks for an alignment of {}", name_of(instance, i),
                                    format_bytes(instance.buffers[i].alignment)),
                        {}, "a stitched plan aligns to 512 bytes");
  const PageSharing sharing = share_pages(instance, page);
  return Assigner(instance, sharing).run();
}

std::string check_stitched(const Instance& instance, const StitchedPlan& plan) {
  if (plan.places.size() != instance.buffers.size()) return "the plan is of another instance";
  for (const auto& view : plan.views)
    for (const PageRun& run : view)
      if (run.first + run.count > plan.pages) return "a view has a page beyond the last";
  std::vector<std::pair<std::pair<std::uint64_t, bool>, std::uint32_t>> events;
  for (std::uint32_t i = 0; i < plan.places.size(); ++i) {
    if (std::string problem = check_place(instance, plan, i); !problem.empty()) return problem;
    events.push_back({{instance.buffers[i].lower, true}, i});
    events.push_back({{instance.buffers[i].upper, false}, i});
  }
  std::sort(events.begin(), events.end());
  Occupied occupied;
  std::string problem;
  for (const auto& [when, i] : events)
    plan.for_each_stretch(plan.places[i], instance.buffers[i].size.value, [&](std::uint64_t at, std::uint64_t bytes) {
      if (!when.second) return occupied.leave(at);
      if (problem.empty()) problem = occupied.take(at, bytes, i, instance);
    });
  return problem;
}

}  // namespace vramlab
