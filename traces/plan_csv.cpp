#include "traces/plan_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <iterator>

#include "engine/core/check.h"
#include "traces/buffer_rows.h"

namespace vramlab {
namespace {

/// Which optional columns an instance needs.
struct PlanColumns {
  bool alignment, gaps, heap;

  explicit PlanColumns(const Instance& instance)
      : alignment(std::any_of(instance.buffers.begin(), instance.buffers.end(),
                              [](const Buffer& b) { return b.alignment != Bytes(1); })),
        gaps(!instance.gaps.empty()),
        heap(!instance.heaps.empty()) {}

  std::string header() const {
    return fmt::format("id,lower,upper,size{}{}{},offset\n", alignment ? ",alignment" : "", gaps ? ",gaps" : "",
                       heap ? ",heap" : "");
  }
};

/// "2-4 7-9"; moves `gap` behind the gaps of buffer i.
std::string gaps_text(std::uint32_t i, std::vector<Gap>::const_iterator& gap, std::vector<Gap>::const_iterator end) {
  std::string text;
  for (; gap != end && gap->buffer == i; ++gap)
    text += fmt::format("{}{}-{}", text.empty() ? "" : " ", gap->lower, gap->upper);
  return text;
}

std::uint8_t heap_of(const Plan& plan, std::size_t i) { return plan.heaps.empty() ? std::uint8_t{0} : plan.heaps[i]; }

class PlanReader {
 public:
  PlanReader(std::span<const std::byte> bytes, const std::string& name, const Instance& instance)
      : rows_(bytes, name), instance_(instance) {
    if (!rows_.has(BufferField::offset))
      rows_.fail("column 'offset' is missing", "a plan has id,lower,upper,size,offset");
    const std::size_t n = instance.buffers.size();
    file_.plan.solver = name;
    file_.plan.offsets.resize(n);
    if (!instance.heaps.empty()) file_.plan.heaps.resize(n);
    file_.plan.heap_peaks.resize(instance.heaps.size());
    numbers_.reserve(n);
    names_.reserve(n);
    for (std::size_t i = 0; i < n; ++i) names_.push_back(name_of(instance, i));
    for (std::size_t i = 0; i < n; ++i) numbers_.emplace(names_[i], i);
  }

  PlanFile run() {
    std::vector<bool> seen(instance_.buffers.size());
    while (rows_.next()) {
      const auto number = numbers_.find(rows_.row().id);
      if (number == numbers_.end()) {
        note(fmt::format("the instance has no buffer {}", rows_.row().id));
        continue;
      }
      seen[number->second] = true;
      take(number->second);
    }
    const auto missing = std::find(seen.begin(), seen.end(), false);
    if (missing != seen.end())
      note(fmt::format("buffer {} has no offset", names_[static_cast<std::size_t>(missing - seen.begin())]));
    if (!instance_.heaps.empty()) file_.plan.peak = file_.plan.heap_peaks.front();
    return std::move(file_);
  }

 private:
  /// The first mistake counts.
  void note(std::string mistake) {
    if (file_.mistake.empty()) file_.mistake = std::move(mistake);
  }

  void take(std::size_t i) {
    const Buffer& here = rows_.row().buffer;
    const Buffer& there = instance_.buffers[i];
    if (here.lower != there.lower || here.upper != there.upper || here.size != there.size)
      note(fmt::format("buffer {} is [{}, {}) of size {}, in the instance [{}, {}) of size {}", names_[i], here.lower,
                       here.upper, here.size.value, there.lower, there.upper, there.size.value));
    file_.plan.offsets[i] = rows_.row().offset;
    const Bytes end = rows_.row().offset + there.size;
    if (instance_.heaps.empty()) {
      file_.plan.peak = std::max(file_.plan.peak, end);
      return;
    }
    file_.plan.heaps[i] = heap_named(names_[i], rows_.row().heap);
    Bytes& peak = file_.plan.heap_peaks[file_.plan.heaps[i]];
    peak = std::max(peak, end);
  }

  std::uint8_t heap_named(const std::string& buffer, std::string_view name) {
    const auto& heaps = instance_.heaps;
    if (!rows_.has(BufferField::heap) && heaps.size() == 1) return 0;
    if (!rows_.has(BufferField::heap)) rows_.fail("column 'heap' is missing", "there are several heaps to lie in");
    const auto found = std::find_if(heaps.begin(), heaps.end(), [name](const Heap& heap) { return heap.name == name; });
    if (found != heaps.end()) return static_cast<std::uint8_t>(found - heaps.begin());
    note(fmt::format("buffer {} lies in heap {}, which is none", buffer, name));
    return 0;
  }

  BufferRows rows_;
  const Instance& instance_;
  PlanFile file_;
  std::vector<std::string> names_;
  boost::unordered_flat_map<std::string_view, std::size_t> numbers_;  // names -> buffers
};

}  // namespace

std::string plan_to_csv(const Instance& instance, const Plan& plan) {
  VRAMLAB_CHECK(plan.offsets.size() == instance.buffers.size(), "a plan must have an offset for each buffer");
  const PlanColumns columns(instance);
  std::string out = columns.header();
  auto gap = instance.gaps.begin();
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    const Buffer& b = instance.buffers[i];
    const std::string name = name_of(instance, i);
    VRAMLAB_CHECK(name.find_first_of(",\r\n") == std::string::npos, "a buffer's name would end its column");
    fmt::format_to(std::back_inserter(out), "{},{},{},{}", name, b.lower, b.upper, b.size.value);
    if (columns.alignment) fmt::format_to(std::back_inserter(out), ",{}", b.alignment.value);
    if (columns.gaps) out += ',' + gaps_text(i, gap, instance.gaps.end());
    if (columns.heap) out += ',' + instance.heaps[heap_of(plan, i)].name;
    fmt::format_to(std::back_inserter(out), ",{}\n", plan.offsets[i].value);
  }
  return out;
}

PlanFile read_plan_csv(std::span<const std::byte> bytes, const std::string& name, const Instance& instance) {
  return PlanReader(bytes, name, instance).run();
}

}  // namespace vramlab
