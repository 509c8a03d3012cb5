#include "experiments/replay_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "experiments/text_table.h"

namespace vramlab {
namespace {

constexpr std::size_t identifying_fields = 6;  // trace, pool, swap, device, machine, seed
constexpr const char* nothing = "-";

std::string mebibytes(Bytes bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes.value) / (1 << 20)); }

std::string milliseconds(std::optional<Nanoseconds> time) {
  return time ? fmt::format("{:.3f}", static_cast<double>(time->value) / 1e6) : nothing;
}

template <class Value>
std::string or_nothing(const std::optional<Value>& value, const std::function<std::string(const Value&)>& text) {
  return value ? text(*value) : nothing;
}

struct Shown {
  Column column;
  std::function<Cell(const ReplayOutcome&, bool best)> cell;  ///< of an outcome that did not fail
};

bool any(const std::vector<ReplayOutcome>& outcomes, const std::function<bool(const Report&)>& has) {
  return std::any_of(outcomes.begin(), outcomes.end(), [&has](const ReplayOutcome& o) { return has(o.report); });
}

Cell verified_cell(const Report& report) {
  if (!report.verified) return {nothing};
  return *report.verified ? Cell("yes") : Cell("NO", Tone::bad);
}

Cell mismatch_cell(const ReplayOutcome& outcome) {
  const auto& count = outcome.report.recorded_address_mismatches;
  if (!count) return {nothing};
  return {fmt::format("{}", *count), *count == 0 ? Tone::plain : Tone::bad};
}

Cell ratio_cell(const Report& report, bool best) {
  return {fmt::format("{:.3f}{}", report.reserved_over_requested, best ? "*" : " "), best ? Tone::best : Tone::plain};
}

/// Columns of every table.
std::vector<Shown> usual_columns() {
  const auto right = [](const char* title) { return Column{title, Align::right}; };
  return {
      {right("requested"), [](const ReplayOutcome& o, bool) { return mebibytes(o.report.peak_requested); }},
      {right("reserved"), [](const ReplayOutcome& o, bool) { return mebibytes(o.report.peak_reserved); }},
      {right("ratio "), [](const ReplayOutcome& o, bool best) { return ratio_cell(o.report, best); }},
      {right("fragmentation"),
       [](const ReplayOutcome& o, bool) { return fmt::format("{:.1f}%", o.report.fragmentation * 100); }},
      {right("segments"), [](const ReplayOutcome& o, bool) { return fmt::format("{}", o.report.segments); }},
      {right("calls ms"),
       [](const ReplayOutcome& o, bool) {
         return fmt::format("{:.1f}", static_cast<double>(o.report.device_call_time.value) / 1e6);
       }},
      {right("Mevents/s"),
       [](const ReplayOutcome& o, bool) { return fmt::format("{:.1f}", 1000 / o.report.wall_ns_per_event); }},
  };
}

std::string percent(double share) { return fmt::format("{:.2f}%", share * 100); }

bool somebody_swaps(const Report& report) { return report.swap != "none"; }

/// Columns of a table in which somebody swaps. What passed the links is the program's bytes.
std::vector<Shown> swap_columns() {
  const auto right = [](const char* title) { return Column{title, Align::right}; };
  return {
      {right("max load"), [](const ReplayOutcome& o, bool) { return mebibytes(o.report.max_load); }},
      {right("limit"), [](const ReplayOutcome& o, bool) { return or_nothing<Bytes>(o.limit, mebibytes); }},
      {right("device"),
       [](const ReplayOutcome& o, bool best) {
         return Cell(or_nothing<Bytes>(o.report.peak_device, mebibytes) + (best ? "*" : " "),
                     best ? Tone::best : Tone::plain);
       }},
      {right("reduction"),
       [](const ReplayOutcome& o, bool) { return or_nothing<double>(o.report.memory_reduction, percent); }},
      {right("overhead"), [](const ReplayOutcome& o, bool) { return or_nothing<double>(o.report.overhead, percent); }},
      {right("stall ms"), [](const ReplayOutcome& o, bool) { return Cell(milliseconds(o.report.stall)); }},
      {right("out"), [](const ReplayOutcome& o, bool) { return or_nothing<Bytes>(o.report.swapped_out, mebibytes); }},
      {right("in"), [](const ReplayOutcome& o, bool) { return or_nothing<Bytes>(o.report.swapped_in, mebibytes); }},
  };
}

/// With columns that only some traces or options fill.
std::vector<Shown> columns_for(const std::vector<ReplayOutcome>& outcomes) {
  std::vector<Shown> columns = any(outcomes, somebody_swaps) ? swap_columns() : usual_columns();
  if (any(outcomes, [](const Report& r) { return r.recorded_peak_reserved.has_value(); }))
    columns.push_back({{"recorded", Align::right}, [](const ReplayOutcome& o, bool) {
                         return Cell(or_nothing<Bytes>(o.report.recorded_peak_reserved, mebibytes));
                       }});
  if (any(outcomes, [](const Report& r) { return r.recorded_address_mismatches.has_value(); }))
    columns.push_back({{"mismatches", Align::right}, [](const ReplayOutcome& o, bool) { return mismatch_cell(o); }});
  if (any(outcomes, [](const Report& r) { return r.verified.has_value(); }))
    columns.push_back({{"verified"}, [](const ReplayOutcome& o, bool) { return verified_cell(o.report); }});
  return columns;
}

LeastOfGroups least_reserved(const std::vector<ReplayOutcome>& outcomes) {
  LeastOfGroups least;
  for (const ReplayOutcome& o : outcomes)
    if (!o.failed) least.add(o.trace, o.report.peak_reserved);
  return least;
}

// --- Predicted and measured -----------------------------------------------------------------------------------------

// "predicted / measured ms, error".
Cell compared_cell(std::optional<Nanoseconds> predicted, std::optional<Nanoseconds> measured) {
  const std::optional<double> error = relative_error(predicted, measured);
  return {fmt::format("{} / {} {:>7}", milliseconds(predicted), milliseconds(measured),
                      error ? fmt::format("{:+.1f}%", *error * 100) : nothing)};
}

// A line for each kind of call that was made.
void add_calls(const Report& report, TextTable& table) {
  const Fidelity& f = *report.fidelity;
  for (std::size_t kind = 0; kind < call_kinds; ++kind) {
    const CallAccount& measured = f.measured.by_kind[kind];
    if (measured.calls == 0) continue;
    const auto predicted = f.predicted ? std::optional(f.predicted->by_kind[kind].time) : std::nullopt;
    table.add({{report.trace},
               {report.pool},
               {std::string(call_names[kind])},
               {fmt::format("{}", measured.calls)},
               {measured.pages == 0 ? nothing : fmt::format("{}", measured.pages)},
               compared_cell(predicted, measured.time)});
  }
}

std::vector<Cell> fidelity_cells(const Report& report) {
  const Fidelity& f = *report.fidelity;
  const RunTimes predicted = f.predicted.value_or(RunTimes());
  const auto sum = [&f](Nanoseconds time) { return f.predicted ? std::optional(time) : std::nullopt; };
  return {
      {report.trace},
      {report.pool},
      compared_cell(mean_iteration(predicted.window, f.iterations), mean_iteration(f.measured.window, f.iterations)),
      compared_cell(sum(predicted.calls), f.measured.calls),
      compared_cell(sum(predicted.transfers), f.measured.transfers),
      compared_cell(predicted.stall, f.measured.stall),
      {fmt::format("{} / {}", f.pacing.late, f.pacing.held)}};
}

std::string fidelity_table(const std::vector<ReplayOutcome>& outcomes, bool colour) {
  TextTable table({{"trace"},
                   {"pool"},
                   {"iteration", Align::right},
                   {"calls", Align::right},
                   {"transfers", Align::right},
                   {"stall", Align::right},
                   {"late / held", Align::right}});
  TextTable calls(
      {{"trace"}, {"pool"}, {"call"}, {"calls", Align::right}, {"pages", Align::right}, {"time", Align::right}});
  bool any = false;
  for (const ReplayOutcome& o : outcomes) {
    if (o.failed || !o.report.fidelity) continue;
    table.add(fidelity_cells(o.report));
    add_calls(o.report, calls);
    any = true;
  }
  if (!any) return "";
  const std::string legend =
      "predicted / measured ms and the prediction's error; iteration: mean of those with operators; late, held: "
      "completions after and before the model's time";
  return '\n' + table.text(colour) + '\n' + calls.text(colour) + toned(legend, Tone::faint, colour) + '\n';
}

// Only where it was asked for and something waited.
std::string stalls_text(const std::vector<ReplayOutcome>& outcomes, bool colour) {
  TextTable table = new_stall_table();
  bool asked = false, waited = false;
  for (const ReplayOutcome& o : outcomes) {
    if (!o.stalls) continue;
    asked = true;
    for (const StallLine& line : *o.stalls) waited = waited || line.count > 0;
    add_stalls(*o.stalls, {o.report.trace, o.report.pool, o.report.swap}, table);
  }
  if (waited) return '\n' + table.text(colour);
  return asked ? toned("nothing waited for memory", Tone::faint, colour) + '\n' : "";
}

std::string swap_caption(const Report& first, bool marks) {
  return fmt::format(
      "MiB; {}device: at its peak; reduction: of the max load of the stretch with operators; out, in: swapped; machine "
      "{} ({}), seed {}",
      marks ? "* least of its trace; " : "", first.machine, first.device, first.seed);
}

std::string caption(const Report& first, bool marks) {
  return fmt::format("MiB at peak; {}calls: time in calls to the device; machine {} ({}), swap {}, seed {}",
                     marks ? "* least reserved of its trace; " : "", first.machine, first.device, first.swap,
                     first.seed);
}

}  // namespace

Row outcome_row(const ReplayOutcome& outcome) {
  Row row = to_row(outcome.report);
  const FieldValue limit = outcome.limit ? FieldValue(outcome.limit->value) : FieldValue(nullptr);
  row.push_back({"limit_bytes", limit});
  append_stalls(outcome.stalls, row);
  if (!outcome.failed) return row;
  for (std::size_t i = identifying_fields; i < row.size(); ++i)
    if (row[i].name != "verified" && row[i].name != "pool_options" && row[i].name != "limit_bytes")
      row[i].value = nullptr;
  return row;
}

std::string replay_table(const std::vector<ReplayOutcome>& outcomes, bool colour) {
  if (outcomes.empty()) return "";
  const std::vector<Shown> shown = columns_for(outcomes);
  const LeastOfGroups least = least_reserved(outcomes);
  const bool swapping = any(outcomes, somebody_swaps);
  std::vector<Column> columns{{"trace"}, {"pool"}};
  if (swapping) columns.push_back({"swap"});
  for (const Shown& s : shown) columns.push_back(s.column);
  TextTable table(std::move(columns));
  for (const ReplayOutcome& o : outcomes) {
    const bool best = !o.failed && least.is_least(o.trace, o.report.peak_reserved);
    std::vector<Cell> cells{{o.report.trace}, {o.report.pool, o.failed ? Tone::bad : best ? Tone::best : Tone::plain}};
    if (swapping) cells.push_back({o.report.swap});
    for (const Shown& s : shown) cells.push_back(o.failed ? Cell(nothing) : s.cell(o, best));
    table.add(std::move(cells));
  }
  const Report& first = outcomes.front().report;
  const std::string below = swapping ? swap_caption(first, least.any()) : caption(first, least.any());
  return table.text(colour) + toned(below, Tone::faint, colour) + '\n' + stalls_text(outcomes, colour) +
         fidelity_table(outcomes, colour);
}

}  // namespace vramlab
