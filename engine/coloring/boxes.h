#pragma once
// Boxing of equal jobs (Buchsbaum, Karloff, Kenyon, Reingold, Thorup, "OPT versus LOAD in dynamic storage allocation",
// SIAM J. Comput. 33(3), 2004): jobs of one height class go into boxes of a few rows, and a box is a job of the next
// classes.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace vramlab {

/// A buffer, or a box of jobs. Live in [lower, upper), `height` bytes.
struct Job {
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
  std::uint64_t height = 0;
};

/// Where a job of a box lies.
struct Boxed {
  std::uint32_t job = 0;
  std::uint32_t box = 0;
  std::uint64_t offset = 0;  ///< from the box's bottom
};

/// Lifetimes and heights of all jobs, boxes included, in order of making.
struct Boxing {
  std::vector<Job> jobs;
  std::vector<Boxed> contents;  ///< a job is boxed once at most, into a later one
};

struct BoxingShape {
  std::uint32_t rows = 8;             ///< of a box, at most (the paper's H)
  std::uint32_t inverse_epsilon = 1;  ///< the paper's 1 / epsilon
  std::uint64_t seed = 0;             ///< of the critical times
};

/// The paper's Theorem 2 for jobs that count as equally high: appends their boxes. Every box has at most shape.rows
/// rows, each as high as its highest job, and never a time inside at which none of its jobs is live.
/// O(n log^2 n) expected.
void box_equal_jobs(Boxing& boxing, std::vector<std::uint32_t> jobs, const BoxingShape& shape);

/// Boxes from the lowest jobs up, class by class of heights within (1 + epsilon), until the lowest left are higher
/// than `until`. Returns the jobs left outside of boxes, ascending.
std::vector<std::uint32_t> box_low_jobs(Boxing& boxing, std::uint64_t until, const BoxingShape& shape);

}  // namespace vramlab
