#include "engine/coloring/boxes.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

#include "engine/coloring/mix.h"

namespace vramlab {
namespace {

using Jobs = std::vector<std::uint32_t>;

class EqualJobs {
 public:
  EqualJobs(Boxing& boxing, const BoxingShape& shape) : boxing_(boxing), shape_(shape) {}

  // Boxes the jobs, all live inside one section of time between critical times found before. `critical` are more of
  // them, ascending.
  void box(Jobs jobs, std::vector<std::uint64_t> critical) {
    if (jobs.empty()) return;
    add_own_critical_time(jobs, critical);
    Jobs crossing;
    std::vector<Jobs> sections(critical.size() + 1);
    for (const std::uint32_t i : jobs) {
      const std::size_t section = section_of(i, critical);
      (crosses(i, critical, section) ? crossing : sections[section]).push_back(i);
    }
    jobs.clear();
    Jobs unresolved;
    box_crossing(std::move(crossing), critical, unresolved);
    const std::vector<std::uint64_t> gaps = box_rows(std::move(unresolved));
    for (std::size_t s = 0; s < sections.size(); ++s) {
      const auto from = s == 0 ? gaps.begin() : std::upper_bound(gaps.begin(), gaps.end(), critical[s - 1]);
      const auto to = s == critical.size() ? gaps.end() : std::lower_bound(from, gaps.end(), critical[s]);
      box(std::move(sections[s]), std::vector<std::uint64_t>(from, to));
    }
  }

 private:
  const Job& job(std::uint32_t i) const { return boxing_.jobs[i]; }
  bool begins_before(std::uint32_t a, std::uint32_t b) const {
    return std::pair(job(a).lower, a) < std::pair(job(b).lower, b);
  }
  bool ends_after(std::uint32_t a, std::uint32_t b) const {
    return std::pair(job(b).upper, a) < std::pair(job(a).upper, b);
  }
  // The sections are cut before the critical times.
  std::size_t section_of(std::uint32_t i, const std::vector<std::uint64_t>& critical) const {
    return static_cast<std::size_t>(std::upper_bound(critical.begin(), critical.end(), job(i).lower) -
                                    critical.begin());
  }
  // Live at a critical time: it begins at one, or reaches beyond its section.
  bool crosses(std::uint32_t i, const std::vector<std::uint64_t>& critical, std::size_t section) const {
    return (section > 0 && critical[section - 1] == job(i).lower) ||
           (section < critical.size() && critical[section] < job(i).upper);
  }

  // A beginning out of the middle half of all, so that sections shrink by a quarter at least: seeded, as any will do.
  void add_own_critical_time(Jobs& jobs, std::vector<std::uint64_t>& critical) {
    const std::size_t quarter = jobs.size() / 4;
    const std::size_t at = quarter + mix(shape_.seed + choices_++) % (jobs.size() - 2 * quarter);
    std::nth_element(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(at), jobs.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return begins_before(a, b); });
    const std::uint64_t time = job(jobs[at]).lower;
    critical.insert(std::lower_bound(critical.begin(), critical.end(), time), time);
  }

  // Halves the critical times until all jobs at hand are live at the middle one, and boxes those by Lemma 1.
  void box_crossing(Jobs jobs, std::span<const std::uint64_t> critical, Jobs& unresolved) {
    if (jobs.empty()) return;
    const std::uint64_t middle = critical[critical.size() / 2];
    Jobs before, live, after;
    for (const std::uint32_t i : jobs)
      (job(i).upper <= middle ? before : job(i).lower > middle ? after : live).push_back(i);
    jobs.clear();
    box_clique(std::move(live), unresolved);
    box_crossing(std::move(before), critical.first(critical.size() / 2), unresolved);
    box_crossing(std::move(after), critical.subspan(critical.size() / 2 + 1), unresolved);
  }

  // Lemma 1, for jobs that are all live at one time: those that begin first and those that end last stay unresolved;
  // the others go in turn to strips of the first beginnings and strips of the last ends, and a strip into boxes of
  // similar ends or beginnings.
  void box_clique(Jobs jobs, Jobs& unresolved) {
    const std::size_t outer = std::size_t{shape_.rows} * shape_.inverse_epsilon * shape_.inverse_epsilon;
    const std::size_t inner = std::size_t{shape_.rows} * shape_.inverse_epsilon;
    if (jobs.size() <= 2 * outer) {
      unresolved.insert(unresolved.end(), jobs.begin(), jobs.end());
      return;
    }
    const auto first_begun = [this](std::uint32_t a, std::uint32_t b) { return begins_before(a, b); };
    const auto last_ended = [this](std::uint32_t a, std::uint32_t b) { return ends_after(a, b); };
    std::set<std::uint32_t, decltype(first_begun)> by_begin(jobs.begin(), jobs.end(), first_begun);
    std::set<std::uint32_t, decltype(last_ended)> by_end(jobs.begin(), jobs.end(), last_ended);
    const auto cut = [](auto& from, auto& other, std::size_t count) {
      Jobs strip;
      for (; strip.size() < count && !from.empty(); from.erase(from.begin())) {
        strip.push_back(*from.begin());
        other.erase(strip.back());
      }
      return strip;
    };
    for (const Jobs& strip : {cut(by_begin, by_end, outer), cut(by_end, by_begin, outer)})
      unresolved.insert(unresolved.end(), strip.begin(), strip.end());
    while (!by_begin.empty()) {
      box_strip(cut(by_begin, by_end, inner), last_ended);
      box_strip(cut(by_end, by_begin, inner), first_begun);
    }
  }

  template <class Before>
  void box_strip(Jobs strip, Before&& before) {
    std::sort(strip.begin(), strip.end(), before);
    for (std::size_t from = 0; from < strip.size(); from += shape_.rows) {
      std::vector<Jobs> rows;
      for (std::size_t i = from; i < std::min(strip.size(), from + shape_.rows); ++i) rows.push_back({strip[i]});
      make_boxes(rows);
    }
  }

  // Colours the interval graph of the jobs with as few rows as can be, and boxes the rows. Returns the ends of the
  // times at which a row is empty, ascending: the critical times of the sections in between.
  std::vector<std::uint64_t> box_rows(Jobs jobs) {
    std::sort(jobs.begin(), jobs.end(), [this](std::uint32_t a, std::uint32_t b) { return begins_before(a, b); });
    std::vector<Jobs> rows;
    using EndOfRow = std::pair<std::uint64_t, std::uint32_t>;
    std::priority_queue<EndOfRow, std::vector<EndOfRow>, std::greater<>> busy;
    std::set<std::uint32_t> free;
    for (const std::uint32_t i : jobs) {
      for (; !busy.empty() && busy.top().first <= job(i).lower; busy.pop()) free.insert(busy.top().second);
      auto row = static_cast<std::uint32_t>(rows.size());
      if (free.empty()) {
        rows.emplace_back();
      } else {
        row = *free.begin();
        free.erase(free.begin());
      }
      rows[row].push_back(i);
      busy.emplace(job(i).upper, row);
    }
    for (std::size_t from = 0; from < rows.size(); from += shape_.rows)
      make_boxes(std::span(rows).subspan(from, std::min<std::size_t>(shape_.rows, rows.size() - from)));
    return gaps_of(rows);
  }

  std::vector<std::uint64_t> gaps_of(std::span<const Jobs> rows) const {
    std::vector<std::uint64_t> ends;
    for (const Jobs& row : rows)
      for (std::size_t k = 0; k < row.size(); ++k) {
        if (k == 0 || job(row[k - 1]).upper < job(row[k]).lower) ends.push_back(job(row[k]).lower);
        if (k + 1 == row.size() || job(row[k]).upper < job(row[k + 1]).lower) ends.push_back(job(row[k]).upper);
      }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
  }

  // One box, or several one after the other where no row holds a job in between.
  void make_boxes(std::span<const Jobs> rows) {
    struct InRow {
      std::uint32_t job;
      std::uint32_t row;
    };
    std::vector<InRow> all;
    for (std::uint32_t row = 0; row < rows.size(); ++row)
      for (const std::uint32_t i : rows[row]) all.push_back({i, row});
    std::sort(all.begin(), all.end(), [this](const InRow& a, const InRow& b) { return begins_before(a.job, b.job); });
    for (std::size_t from = 0, to = 0; from < all.size(); from = to) {
      std::uint64_t upper = job(all[from].job).upper;
      std::vector<std::uint64_t> heights(rows.size());
      for (; to < all.size() && (to == from || job(all[to].job).lower < upper); ++to) {
        upper = std::max(upper, job(all[to].job).upper);
        heights[all[to].row] = std::max(heights[all[to].row], job(all[to].job).height);
      }
      std::uint64_t height = 0;
      for (std::uint64_t& h : heights) height += std::exchange(h, height);
      const auto box = static_cast<std::uint32_t>(boxing_.jobs.size());
      for (std::size_t k = from; k < to; ++k) boxing_.contents.push_back({all[k].job, box, heights[all[k].row]});
      boxing_.jobs.push_back({job(all[from].job).lower, upper, height});
    }
  }

  Boxing& boxing_;
  BoxingShape shape_;
  std::uint64_t choices_ = 0;
};

}  // namespace

void box_equal_jobs(Boxing& boxing, std::vector<std::uint32_t> jobs, const BoxingShape& shape) {
  EqualJobs(boxing, shape).box(std::move(jobs), {});
}

std::vector<std::uint32_t> box_low_jobs(Boxing& boxing, std::uint64_t until, const BoxingShape& shape) {
  // Lowest first. A box enters when it is made, and may be of the next class already.
  using ByHeight = std::pair<std::uint64_t, std::uint32_t>;
  std::priority_queue<ByHeight, std::vector<ByHeight>, std::greater<>> left;
  std::size_t entered = 0;
  const auto enter = [&] {
    for (; entered < boxing.jobs.size(); ++entered)
      left.emplace(boxing.jobs[entered].height, static_cast<std::uint32_t>(entered));
  };
  enter();
  for (std::uint64_t limit = 0; limit < until && !left.empty() && left.top().first <= until; enter()) {
    limit = std::max(limit, left.top().first);
    limit += std::max<std::uint64_t>(limit / shape.inverse_epsilon, 1);
    Jobs level;
    for (; !left.empty() && left.top().first <= limit; left.pop()) level.push_back(left.top().second);
    box_equal_jobs(boxing, std::move(level), {shape.rows, shape.inverse_epsilon, mix(shape.seed ^ limit)});
  }
  Jobs outside;
  for (; !left.empty(); left.pop()) outside.push_back(left.top().second);
  std::sort(outside.begin(), outside.end());
  return outside;
}

}  // namespace vramlab
