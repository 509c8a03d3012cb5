#include "experiments/plan_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "engine/core/option.h"
#include "experiments/text_table.h"

namespace vramlab {
namespace {

constexpr const char* nothing = "-";

template <class Value, class Get>
FieldValue value_or_null(const std::optional<Value>& value, Get&& get) {
  if (!value) return nullptr;
  return get(*value);
}

bool in_one_heap(const PlanOutcome& o) { return o.heaps <= 1; }

double ratio(Bytes peak, Bytes bound) { return static_cast<double>(peak.value) / static_cast<double>(bound.value); }

/// true, false where proven, null where nobody knows.
FieldValue feasible(const PlanOutcome& o) {
  if (o.within_capacity()) return true;
  if (o.infeasible) return false;
  return nullptr;
}

bool clock_decided(const PlanSearch& search) { return search.stopped && search.time_limit_s > 0; }

void add_search(Row& row, const PlanOutcome& o) {
  const auto& search = o.search;
  row.push_back({"deterministic", value_or_null(search, [](const PlanSearch& s) { return !clock_decided(s); })});
  row.push_back({"steps", value_or_null(search, [](const PlanSearch& s) { return s.steps; })});
  row.push_back({"seed", value_or_null(search, [](const PlanSearch& s) { return s.seed; })});
  row.push_back({"time_limit_s", value_or_null(search, [](const PlanSearch& s) -> FieldValue {
                   if (s.time_limit_s == 0) return nullptr;
                   return s.time_limit_s;
                 })});
}

/// What binds the peak; null without --explain.
void add_explanation(Row& row, const std::optional<Explanation>& told) {
  const auto add = [&](std::string_view name, const std::function<FieldValue(const Explanation&)>& value) {
    row.push_back({name, told ? value(*told) : FieldValue(nullptr)});
  };
  const auto of_heap = [](const std::function<FieldValue(const HeapExplanation&)>& value) {
    return [value](const Explanation& e) { return e.heaps.size() == 1 ? value(e.heaps.front()) : FieldValue(nullptr); };
  };
  add("clique_buffers", [](const Explanation& e) { return std::uint64_t{e.clique.size()}; });
  add("most_live_buffers", [](const Explanation& e) { return e.graph.clique_number; });
  add("overlaps", [](const Explanation& e) { return e.graph.edges; });
  add("components", [](const Explanation& e) { return e.graph.components; });
  add("peak_time", of_heap([](const HeapExplanation& h) { return h.peak_time; }));
  add("load_at_peak_bytes", of_heap([](const HeapExplanation& h) { return h.load_at_peak.value; }));
}

/// What is found out by planning. Null in the row of a failed run.
Row found_fields(const PlanOutcome& o) {
  Row row{{"peak_bytes", o.peak.value},
          {"peak_over_max_load", in_one_heap(o) ? FieldValue(ratio(o.peak, o.load.bytes)) : FieldValue(nullptr)},
          {"optimal", o.optimal},
          {"feasible", feasible(o)},
          {"stopped", value_or_null(o.search, [](const PlanSearch& s) { return s.stopped; })},
          {"seconds", value_or_null(o.search, [](const PlanSearch& s) { return s.seconds; })},
          {"valid", o.valid()},
          {"mistake", o.valid() ? FieldValue(nullptr) : FieldValue(o.mistake)}};
  add_search(row, o);
  row.push_back({"heaps", o.heaps == 0 ? FieldValue(nullptr) : FieldValue(o.heaps)});
  row.push_back({"spilled_bytes", value_or_null(o.spilled, [](Bytes b) { return b.value; })});
  add_explanation(row, o.told);
  return row;
}

// --- The table -------------------------------------------------------------------------------------------------------

struct Shown {
  Column column;
  std::function<Cell(const PlanOutcome&, bool best)> cell;  ///< of an outcome that did not fail
};

std::string percent_over(Bytes peak, Bytes bound) { return fmt::format("{:.3f}%", 100 * (ratio(peak, bound) - 1)); }

Cell over_cell(const PlanOutcome& o, bool best) {
  if (!in_one_heap(o)) return {nothing};
  return {percent_over(o.peak, o.bound.bytes) + (best ? "*" : " "), best ? Tone::best : Tone::plain};
}

Cell result_cell(const PlanOutcome& o, bool) {
  if (!o.valid()) return {"NOT VALID", Tone::bad};
  if (!o.within_capacity()) return {o.infeasible ? "infeasible" : "above capacity", Tone::bad};
  if (o.optimal) return {"optimal"};
  if (o.search && o.search->stopped) return {"stopped"};
  return {o.capacity == unlimited_bytes ? "valid" : "within capacity"};
}

std::vector<Shown> columns_for(const std::vector<PlanOutcome>& outcomes) {
  const auto any = [&outcomes](const std::function<bool(const PlanOutcome&)>& is) {
    return std::any_of(outcomes.begin(), outcomes.end(), [&is](const PlanOutcome& o) { return !o.failed && is(o); });
  };
  const auto right = [](const char* title) { return Column{title, Align::right}; };
  std::vector<Shown> columns{
      {right("buffers"), [](const PlanOutcome& o, bool) { return fmt::format("{}", o.buffers); }},
      {right("max load"), [](const PlanOutcome& o, bool) { return format_bytes(o.load.bytes); }}};
  if (any([](const PlanOutcome& o) { return o.bound.bytes != o.load.bytes; }))
    columns.push_back({right("bound"), [](const PlanOutcome& o, bool) { return format_bytes(o.bound.bytes); }});
  columns.push_back({right("peak"), [](const PlanOutcome& o, bool) { return format_bytes(o.peak); }});
  columns.push_back({right("over bound "), over_cell});
  if (any([](const PlanOutcome& o) { return o.spilled.has_value(); }))
    columns.push_back({right("spilled"), [](const PlanOutcome& o, bool) {
                         return Cell(o.spilled ? format_bytes(*o.spilled) : nothing);
                       }});
  columns.push_back({{"result"}, result_cell});
  columns.push_back({right("seconds"), [](const PlanOutcome& o, bool) {
                       return Cell(o.search ? fmt::format("{:.3f}", o.search->seconds) : nothing);
                     }});
  return columns;
}

LeastOfGroups lowest_peaks(const std::vector<PlanOutcome>& outcomes) {
  LeastOfGroups least;
  for (const PlanOutcome& o : outcomes)
    if (!o.failed && o.valid()) least.add(o.instance_number, o.peak);
  return least;
}

std::string caption(const std::vector<PlanOutcome>& outcomes, bool marks) {
  const PlanOutcome& first = outcomes.front();
  std::string text = fmt::format("{}over bound: peak above the best lower bound known",
                                 marks ? "* lowest peak of its instance; " : "");
  if (first.search) text += fmt::format("; seed {}", first.search->seed);
  const bool clock = std::any_of(outcomes.begin(), outcomes.end(), [](const PlanOutcome& o) {
    return !o.failed && o.search && clock_decided(*o.search);
  });
  if (clock) text += fmt::format("; stopped after {} s: that plan depends on the clock", first.search->time_limit_s);
  return text;
}

}  // namespace

Row plan_row(const PlanOutcome& o) {
  Row row{{"instance", o.instance},
          {"solver", o.solver},
          {"buffers", o.buffers},
          {"max_load_bytes", o.load.bytes.value},
          {"lower_bound_bytes", o.bound.bytes.value}};
  Row found = found_fields(o);
  for (Field& field : found) row.push_back({field.name, o.failed ? FieldValue(nullptr) : std::move(field.value)});
  row.push_back({"max_load_time", o.load.time});
  row.push_back({"lower_bound_name", std::string(o.bound.name)});
  row.push_back({"capacity_bytes", o.capacity == unlimited_bytes ? FieldValue(nullptr) : FieldValue(o.capacity.value)});
  return row;
}

std::string plan_table(const std::vector<PlanOutcome>& outcomes, bool colour) {
  if (outcomes.empty()) return "";
  const std::vector<Shown> shown = columns_for(outcomes);
  const LeastOfGroups lowest = lowest_peaks(outcomes);
  std::vector<Column> columns{{"instance"}, {"solver"}};
  for (const Shown& s : shown) columns.push_back(s.column);
  TextTable table(std::move(columns));
  for (const PlanOutcome& o : outcomes) {
    const bool best = o.good() && lowest.is_least(o.instance_number, o.peak);
    std::vector<Cell> cells{{o.instance}, {o.solver, !o.good() ? Tone::bad : best ? Tone::best : Tone::plain}};
    for (const Shown& s : shown) cells.push_back(o.failed ? Cell(nothing) : s.cell(o, best));
    table.add(std::move(cells));
  }
  std::string text = table.text(colour) + toned(caption(outcomes, lowest.any()), Tone::faint, colour) + '\n';
  for (const PlanOutcome& o : outcomes)
    if (!o.explanation.empty())
      text += fmt::format("\n{}\n{}", toned(fmt::format("{}, {}", o.instance, o.solver), Tone::strong, colour),
                          o.explanation);
  return text;
}

}  // namespace vramlab
