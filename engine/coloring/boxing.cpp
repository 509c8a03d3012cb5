// Boxing as in Buchsbaum, Karloff, Kenyon, Reingold, Thorup, "OPT versus LOAD in dynamic storage allocation", SIAM J.
// Comput. 33(3), 2004; that it works on real programs was shown by idealloc (Lamprakos et al., arXiv:2504.04874).
//
// Carried: Lemma 1 (strips of jobs that share a time), Theorem 2 (critical times; unresolved jobs coloured into rows;
// the rows' gaps as critical times of the sections in between), Corollary 15 (classes of heights), and of Theorem 16
// that boxes of low jobs become jobs of higher classes. Not carried: how Theorem 16 chooses epsilon and H, which is for
// the limit of ever lower jobs; they are options here. Changed: rows are as high as their highest job, boxes as high as
// their rows and split where they hold nothing, which never makes a box larger; high jobs and boxes are then placed by
// best fit instead of the paper's last step, and buffers are put down once more in the order of the places that this
// gave them, each as low as it goes.
//
// What holds: without gaps and pins, and where all alignments are the same, first fit in that order puts no buffer
// above the place that its box gave it (what lies lower in the boxes ends below it there, and by induction here), so
// the peak is at most that of the boxes. The paper's own bound, LOAD + O((h_max / LOAD)^(1/7)) LOAD, needs the parts
// that are not carried.

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

#include "engine/coloring/boxes.h"
#include "engine/coloring/greedy.h"
#include "engine/coloring/mix.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "rows",
     .kind = OptionKind::integer,
     .default_text = "16",
     .reason = "how many jobs live at one time a box holds (H of the paper)",
     .at_least = 2,
     .at_most = 1 << 20},
    {.name = "inverse-epsilon",
     .kind = OptionKind::integer,
     .default_text = "2",
     .reason = "heights within 1 + 1/this are one class; this decides how many outer jobs stay unresolved",
     .at_least = 1,
     .at_most = 1000},
    {.name = "tries",
     .kind = OptionKind::integer,
     .default_text = "1",
     .reason = "boxings with other critical times, and by turns half or a quarter of the rows; the best is kept",
     .at_least = 1,
     .at_most = 1'000'000},
    fit_option("first"),
};

// The instance with its low buffers boxed: what is placed as a whole, and where buffers lie in it.
class BoxedInstance {
 public:
  BoxedInstance(const Instance& instance, const BoxingShape& shape) : instance_(instance) {
    find_boxable();
    box(shape);
    make_outer();
  }
  const Instance& outer() const { return outer_; }

  // Buffers by the place that `plan` of the outer instance gives them.
  std::vector<std::uint32_t> order(const Plan& plan) const {
    std::vector<std::uint64_t> offset(boxing_.jobs.size());
    for (std::size_t k = 0; k < outside_.size(); ++k) offset[outside_[k]] = plan.offsets[k].value;
    // Boxes lie after their contents: from the last one down, every box has its place before its contents look for it.
    for (const Boxed& c : std::views::reverse(boxing_.contents)) offset[c.job] = offset[c.box] + c.offset;
    std::vector<std::uint64_t> lowness(instance_.buffers.size());
    for (std::size_t k = 0; k < boxable_.size(); ++k) lowness[boxable_[k]] = ~offset[k];
    for (std::size_t k = 0; k < fixed_.size(); ++k) lowness[fixed_[k]] = ~plan.offsets[outside_.size() + k].value;
    return buffers_by_falling(instance_, [&](std::uint32_t i) { return lowness[i]; });
  }

 private:
  void find_boxable();
  void box(const BoxingShape& shape);
  void make_outer();

  const Instance& instance_;
  Bytes grain_{1};
  std::vector<std::uint32_t> boxable_;  // job k is buffer boxable_[k]
  std::vector<std::uint32_t> fixed_;    // the other buffers
  Boxing boxing_;
  std::vector<std::uint32_t> outside_;  // jobs in no box
  Instance outer_;                      // first these, then the fixed ones
};

// A box may go anywhere and lives all the time from its first job to its last. So what is pinned, has gaps or needs
// more alignment than all the others stays outside.
void BoxedInstance::find_boxable() {
  grain_ = common_alignment(instance_);
  std::vector<bool> fixed(instance_.buffers.size());
  for (const Pin& pin : instance_.pins) fixed[pin.buffer] = true;
  for (const Gap& gap : instance_.gaps) fixed[gap.buffer] = true;
  for (std::uint32_t i = 0; i < instance_.buffers.size(); ++i)
    (fixed[i] || instance_.buffers[i].alignment != grain_ ? fixed_ : boxable_).push_back(i);
}

void BoxedInstance::box(const BoxingShape& shape) {
  std::uint64_t highest = 0;
  for (const std::uint32_t i : boxable_) {
    const Buffer& b = instance_.buffers[i];
    boxing_.jobs.push_back({b.lower, b.upper, round_up(b.size, grain_).value});
    highest = std::max(highest, boxing_.jobs.back().height);
  }
  outside_ = box_low_jobs(boxing_, highest / shape.rows, shape);
}

void BoxedInstance::make_outer() {
  outer_.name = instance_.name;
  std::vector<std::uint32_t> place(instance_.buffers.size());
  for (const std::uint32_t job : outside_) {
    const Job& j = boxing_.jobs[job];
    outer_.buffers.push_back({j.lower, j.upper, Bytes(j.height), grain_});
  }
  for (const std::uint32_t i : fixed_) {
    place[i] = static_cast<std::uint32_t>(outer_.buffers.size());
    outer_.buffers.push_back(instance_.buffers[i]);
  }
  if (!instance_.pins.empty()) {  // an error of a pin names its buffer
    outer_.names.assign(outside_.size(), "box");
    for (const std::uint32_t i : fixed_) outer_.names.push_back(name_of(instance_, i));
  }
  for (const Gap& gap : instance_.gaps) outer_.gaps.push_back({place[gap.buffer], gap.lower, gap.upper});
  for (const Pin& pin : instance_.pins) outer_.pins.push_back({place[pin.buffer], pin.offset});
}

SolveResult solve_once(const Instance& instance, const SolveRequest& request, const BoxingShape& shape) {
  const BoxedInstance boxed(instance, shape);
  const SolveRequest quiet;
  const SolveResult loose = place_in_order(boxed.outer(), quiet, buffers_by_size(boxed.outer()), Fit::best);
  return place_in_order(instance, request, boxed.order(loose.plan), fit_of(request));
}

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const auto option = [&](std::string_view name) { return static_cast<std::uint32_t>(request.options.integer(name)); };
  const std::uint32_t tries = option("tries"), rows = option("rows");
  const Bytes enough = lower_bound(instance).bytes;
  SolveResult best;
  for (std::uint32_t t = 0; t < tries && (t == 0 || best.plan.peak > enough); ++t) {
    const BoxingShape shape{.rows = std::max(rows >> (t % 3), 2u),
                            .inverse_epsilon = option("inverse-epsilon"),
                            .seed = mix(request.seed + t)};
    SolveResult result = solve_once(instance, request, shape);
    if (t == 0 || result.plan.peak < best.plan.peak) best = std::move(result);
  }
  return best;
}

}  // namespace

SolverInfo boxing_row() {
  return {.name = "boxing",
          .summary = "boxes of similar buffers placed as wholes (Buchsbaum et al. 2004), then squeezed",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
