#include "engine/swap/doa_scorer.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <numeric>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "engine/swap/pressure_level.h"

namespace vramlab {
namespace {

constexpr std::uint64_t one = 1'000'000;              // a whole factor
constexpr std::uint64_t longest = 1'000'000'000'000;  // beyond it, a half counts nothing more: keeps products in range
constexpr std::uint32_t no_row = ~std::uint32_t{0};

using FactorMatrix = Eigen::Matrix<std::int32_t, Eigen::Dynamic, 4>;
using Weights = Eigen::Matrix<std::int32_t, 4, 1>;
using Scores = Eigen::Matrix<std::int32_t, Eigen::Dynamic, 1>;

/// value / (value + half), in millionths. REQUIRES: half > 0.
std::uint32_t saturating(std::uint64_t value, std::uint64_t half) {
  value = std::min(value, longest);
  return static_cast<std::uint32_t>(value * one / (value + half));
}

}  // namespace

void check(const DOASettings& settings) {
  const auto refuse = [](const char* what, const char* mend) { throw ConfigError(what, {}, mend); };
  if (std::ranges::all_of(settings.weights, [](std::uint32_t weight) { return weight == 0; }))
    refuse("all weights of the DOA score are 0", "give at least one factor a weight");
  if (std::ranges::any_of(settings.weights, [](std::uint32_t weight) { return weight > 1000; }))
    refuse("a weight of the DOA score is above 1000 per mille", "weights are scaled to add up to 1000");
  if (std::ranges::any_of(settings.patterns, [](std::uint32_t figure) { return figure > 1000; }))
    refuse("a pattern's figure is above 1000 per mille", "give 0 to 1000");
  const std::uint64_t most = longest;
  if (settings.recency_half < 1 || settings.frequency_half < 1 || settings.size_half.value < 1 ||
      settings.recency_half > most || settings.frequency_half > most || settings.size_half.value > most)
    refuse("a half of the DOA score is outside 1 to 10^12", "it is where a factor counts a half");
}

namespace {

/// Scaled to add up to 1000 at most, so that scores stay within 10^9.
Weights scaled(const std::array<std::uint32_t, 4>& weights) {
  const std::uint32_t sum = std::accumulate(weights.begin(), weights.end(), 0U);
  Weights result;
  for (int i = 0; i < 4; ++i) result[i] = static_cast<std::int32_t>(weights[static_cast<std::size_t>(i)] * 1000 / sum);
  return result;
}

/// Orders as candidates() promises: class, score, lower id, all in one number; higher goes first.
std::uint64_t key_of(SwapPriority priority, std::int32_t score, ObjectId object) {
  const auto rank = static_cast<std::uint64_t>(priority) - static_cast<std::uint64_t>(SwapPriority::high);
  return rank << 62 | static_cast<std::uint64_t>(score) << 32 | static_cast<std::uint32_t>(~object.value);
}

}  // namespace

/// Rows by object in no particular order: what is removed is replaced by the last row.
struct DOAScorer::Parts {
  struct Row {
    ObjectId object{};
    Bytes bytes{};
    SwapPriority priority{};
    std::uint32_t pins = 0;
    std::uint64_t since = 0;  ///< last access, or when it was added
    std::uint64_t first = 0;  ///< position of the first access kept
    std::uint64_t kept = 0;
    std::uint32_t pattern_factor = 0, size_factor = 0;
  };

  DOASettings settings;
  Weights weights;
  std::vector<std::uint32_t> row_of;  ///< by ObjectId
  std::vector<Row> rows;
  std::vector<AccessRecord> records;  ///< apart: scoring does not read them
  std::uint64_t latest = 0;
  FactorMatrix factors;  ///< of those that may go; kept between calls for its memory
  Scores scores;
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> chosen;

  std::uint32_t row(ObjectId object) const {
    const bool known = object.value < row_of.size() && row_of[object.value] != no_row;
    VRAMLAB_CHECK(known, fmt::format("object {} was not added to the scorer", object.value));
    return row_of[object.value];
  }

  std::uint32_t pattern_factor(const AccessRecord& record) const {
    return settings.patterns[static_cast<std::size_t>(record.figures().pattern)] * 1000;
  }

  Factors factors_of(const Row& row, std::uint64_t position) const {
    const std::uint64_t absence = position > row.since ? position - row.since : 0;
    std::uint32_t frequency = one;
    if (row.kept > 0) {
      const std::uint64_t span = std::min(position > row.first ? position - row.first : 0, longest) + 1;
      frequency = static_cast<std::uint32_t>(span * one / (span + settings.frequency_half * row.kept));
    }
    return {saturating(absence, settings.recency_half), frequency, row.pattern_factor, row.size_factor};
  }

  void fill(Eigen::Index line, const Factors& f) {
    factors(line, 0) = static_cast<std::int32_t>(f.recency);
    factors(line, 1) = static_cast<std::int32_t>(f.frequency);
    factors(line, 2) = static_cast<std::int32_t>(f.pattern);
    factors(line, 3) = static_cast<std::int32_t>(f.size);
  }

  void choose(PressureLevel level) {
    chosen.clear();
    for (std::uint32_t i = 0; i < rows.size(); ++i)
      if (rows[i].pins == 0 && may_swap(level, rows[i].priority)) chosen.push_back(i);
  }

  /// Keys of what was chosen, in the order of a heap.
  void score_chosen(std::uint64_t position) {
    const auto count = static_cast<Eigen::Index>(chosen.size());
    if (factors.rows() < count) factors.resize(std::max<Eigen::Index>(count, 2 * factors.rows()), 4);
    for (Eigen::Index line = 0; line < count; ++line)
      fill(line, factors_of(rows[chosen[static_cast<std::size_t>(line)]], position));
    scores.noalias() = factors.topRows(count) * weights;
    keys.resize(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Row& row = rows[chosen[i]];
      keys[i] = key_of(row.priority, scores[static_cast<Eigen::Index>(i)], row.object);
    }
    std::ranges::make_heap(keys);
  }
};

DOAScorer::DOAScorer(const DOASettings& settings) : parts_(std::make_unique<Parts>()) {
  check(settings);
  parts_->settings = settings;
  parts_->weights = scaled(settings.weights);
}
DOAScorer::~DOAScorer() = default;
DOAScorer::DOAScorer(DOAScorer&&) noexcept = default;
DOAScorer& DOAScorer::operator=(DOAScorer&&) noexcept = default;

void DOAScorer::add(ObjectId object, Bytes bytes, SwapPriority priority) {
  Parts& p = *parts_;
  VRAMLAB_CHECK(object.valid(), "an object without a number was added to the scorer");
  VRAMLAB_CHECK(!knows(object), fmt::format("object {} was added to the scorer twice", object.value));
  if (object.value >= p.row_of.size())
    p.row_of.resize(std::max<std::size_t>(object.value + 1, 2 * p.row_of.size()), no_row);
  p.rows.reserve(p.rows.size() == p.rows.capacity() ? 2 * p.rows.size() + 16
                                                    : 0);  // so that nothing below throws halfway
  p.records.reserve(p.rows.capacity());
  p.rows.push_back({.object = object,
                    .bytes = bytes,
                    .priority = priority,
                    .since = p.latest,
                    .pattern_factor = p.pattern_factor({}),
                    .size_factor = saturating(bytes.value, p.settings.size_half.value)});
  p.records.emplace_back();
  p.row_of[object.value] = static_cast<std::uint32_t>(p.rows.size() - 1);
}

void DOAScorer::remove(ObjectId object) {
  Parts& p = *parts_;
  const std::uint32_t row = p.row(object);
  p.row_of[p.rows.back().object.value] = row;
  p.row_of[object.value] = no_row;
  p.rows[row] = p.rows.back();
  p.records[row] = p.records.back();
  p.rows.pop_back();
  p.records.pop_back();
}

bool DOAScorer::knows(ObjectId object) const {
  return object.value < parts_->row_of.size() && parts_->row_of[object.value] != no_row;
}

std::size_t DOAScorer::objects() const { return parts_->rows.size(); }

void DOAScorer::record_access(ObjectId object, Bytes offset, Bytes length, std::uint64_t position) {
  Parts& p = *parts_;
  const std::uint32_t index = p.row(object);
  Parts::Row& row = p.rows[index];
  p.latest = std::max(p.latest, position);
  AccessRecord& record = p.records[index];
  record.record({p.latest, offset, length.value == 0 ? row.bytes : length});
  row.since = p.latest;
  row.first = record.at(0).position;
  row.kept = record.kept();
  row.pattern_factor = p.pattern_factor(record);
}

void DOAScorer::pin(ObjectId object) { ++parts_->rows[parts_->row(object)].pins; }

void DOAScorer::unpin(ObjectId object) {
  std::uint32_t& pins = parts_->rows[parts_->row(object)].pins;
  VRAMLAB_CHECK(pins > 0, fmt::format("object {} is not pinned", object.value));
  --pins;
}

bool DOAScorer::pinned(ObjectId object) const { return parts_->rows[parts_->row(object)].pins > 0; }

void DOAScorer::set_priority(ObjectId object, SwapPriority priority) {
  parts_->rows[parts_->row(object)].priority = priority;
}

SwapPriority DOAScorer::priority(ObjectId object) const { return parts_->rows[parts_->row(object)].priority; }

DOAScorer::Factors DOAScorer::factors(ObjectId object, std::uint64_t position) const {
  return parts_->factors_of(parts_->rows[parts_->row(object)], position);
}

std::uint32_t DOAScorer::score(ObjectId object, std::uint64_t position) const {
  const Factors f = factors(object, position);
  const Eigen::Matrix<std::int32_t, 1, 4> line(static_cast<std::int32_t>(f.recency),
                                               static_cast<std::int32_t>(f.frequency),
                                               static_cast<std::int32_t>(f.pattern), static_cast<std::int32_t>(f.size));
  return static_cast<std::uint32_t>(line.dot(parts_->weights));
}

std::vector<ObjectId> DOAScorer::candidates(Bytes wanted, PressureLevel level, std::uint64_t position,
                                            const std::function<bool(ObjectId)>& may_go) const {
  Parts& p = *parts_;
  std::vector<ObjectId> result;
  p.choose(level);
  p.score_chosen(position);
  Bytes together{};
  for (auto end = p.keys.end(); end != p.keys.begin() && together < wanted;) {
    std::pop_heap(p.keys.begin(), end);
    const ObjectId object(~static_cast<std::uint32_t>(*--end));
    if (may_go && !may_go(object)) continue;
    result.push_back(object);
    together += p.rows[p.row(object)].bytes;
  }
  return result;
}

std::uint64_t DOAScorer::absence(ObjectId object, std::uint64_t position) const {
  const std::uint64_t since = parts_->rows[parts_->row(object)].since;
  return position > since ? position - since : 0;
}

std::optional<std::uint64_t> DOAScorer::expected_access(ObjectId object) const {
  const AccessRecord& record = accesses(object);
  if (record.kept() < 2) return std::nullopt;
  return record.latest().position + record.usual_gap();
}

AccessFigures DOAScorer::access_figures(ObjectId object) const { return accesses(object).figures(); }

const AccessRecord& DOAScorer::accesses(ObjectId object) const { return parts_->records[parts_->row(object)]; }

}  // namespace vramlab
