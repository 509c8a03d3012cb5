#include "experiments/trace_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "engine/core/option.h"
#include "experiments/text_table.h"
#include "experiments/trace_notes.h"

namespace vramlab {
namespace {

constexpr std::size_t bar_width = 40;
constexpr std::size_t streams_shown = 8;

/// One bar of a histogram.
struct Bin {
  std::string label;
  std::uint64_t count = 0;
  std::string more;
};

std::vector<Bin> size_bins(const TraceInfo& info) {
  std::vector<Bin> bins;
  for (std::size_t i = 0; i < info.sizes.size(); ++i) {
    const TraceInfo::SizeBin& bin = info.sizes[i];
    const Bytes upper{std::uint64_t{1} << i};
    if (bin.count > 0) bins.push_back({format_bytes(upper), bin.count, format_bytes(bin.bytes) + " in all"});
  }
  return bins;
}

bool never_freed(const TraceInfo& info, std::size_t bin) { return bin + 1 == info.lifetimes.size(); }

std::vector<Bin> lifetime_bins(const TraceInfo& info) {
  std::vector<Bin> bins;
  for (std::size_t i = 0; i < info.lifetimes.size(); ++i)
    if (info.lifetimes[i] > 0)
      bins.push_back(
          {never_freed(info, i) ? "to the end" : fmt::format("{}", std::uint64_t{1} << i), info.lifetimes[i], ""});
  return bins;
}

std::string bars(const char* title, const std::vector<Bin>& bins) {
  std::string out = fmt::format("  {}\n", title);
  std::uint64_t most = 1;
  std::size_t digits = 1;
  for (const Bin& bin : bins) {
    most = std::max(most, bin.count);
    digits = std::max(digits, fmt::formatted_size("{}", bin.count));
  }
  for (const Bin& bin : bins) {
    const std::size_t length = std::max<std::size_t>(1, bin.count * bar_width / most);
    std::string line = fmt::format("  {:>12}  {:{}}  {:#<{}}", bin.label, bin.count, digits, "", length);
    if (!bin.more.empty()) line += fmt::format("{:{}}{}", "", bar_width - length + 2, bin.more);
    out += line + "\n";
  }
  return out;
}

std::string counts_text(const TraceInfo& info) {
  std::string out = fmt::format("{}: {} allocs, {} frees", info.events, info.allocs, info.frees_completed);
  if (info.ops > 0) out += fmt::format(", {} operators", info.ops);
  if (info.segment_events > 0) out += fmt::format("; {} segment events", info.segment_events);
  if (info.ooms > 0) out += fmt::format("; {} out of memory", info.ooms);
  return out;
}

std::string iterations_text(const TraceInfo& info) {
  if (info.iterations == 0) return "none found";
  if (info.iterations_marked) return fmt::format("{}, marked in the trace", info.iterations);
  return fmt::format("{} found, of {} allocations each, from event {}", info.iterations, info.iteration_allocs,
                     info.iterations_begin);
}

std::string streams_text(const TraceInfo& info) {
  std::string out = fmt::format("{}", info.streams.size());
  for (std::size_t i = 0; i < std::min(streams_shown, info.streams.size()); ++i) {
    const TraceInfo::Stream& s = info.streams[i];
    out += fmt::format("{} {:#x} ({} objects, {})", i == 0 ? ":" : ",", s.recorded, s.objects, format_bytes(s.bytes));
  }
  return out + (info.streams.size() > streams_shown ? ", ..." : "");
}

std::string settings_text(const Trace& trace) {
  std::string out;
  for (const auto& [name, value] : trace.settings) out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, value);
  return out;
}

std::string recorded_text(const TraceInfo& info) {
  const double ratio = info.peak_requested.value == 0 ? 0
                                                      : static_cast<double>(info.recorded_peak_reserved.value) /
                                                            static_cast<double>(info.peak_requested.value);
  return fmt::format("{}, {:.3f} of the peak requested", format_bytes(info.recorded_peak_reserved), ratio);
}

std::string line(std::string_view title, const std::string& text) { return fmt::format("  {:<18}{}\n", title, text); }

/// "512:1203 1024:77"
std::string flat(const std::vector<std::pair<std::string, std::uint64_t>>& bins) {
  std::string out;
  for (const auto& [bound, count] : bins) out += fmt::format("{}{}:{}", out.empty() ? "" : " ", bound, count);
  return out;
}

std::string flat_sizes(const TraceInfo& info) {
  std::vector<std::pair<std::string, std::uint64_t>> bins;
  for (std::size_t i = 0; i < info.sizes.size(); ++i)
    if (info.sizes[i].count > 0) bins.emplace_back(fmt::format("{}", std::uint64_t{1} << i), info.sizes[i].count);
  return flat(bins);
}

std::string flat_lifetimes(const TraceInfo& info) {
  std::vector<std::pair<std::string, std::uint64_t>> bins;
  for (const Bin& bin : lifetime_bins(info))
    bins.emplace_back(bin.label == "to the end" ? "end" : bin.label, bin.count);
  return flat(bins);
}

template <class Number>
FieldValue unless_zero(Number number) {
  if (number == 0) return nullptr;
  return number;
}

void add_counts(Row& row, const TraceInfo& info) {
  const std::pair<std::string_view, std::uint64_t> counts[] = {
      {"events", info.events},
      {"allocs", info.allocs},
      {"frees_requested", info.frees_requested},
      {"frees_completed", info.frees_completed},
      {"ops", info.ops},
      {"segment_events", info.segment_events},
      {"ooms", info.ooms},
      {"live_at_end", info.live_at_end},
      {"peak_requested_bytes", info.peak_requested.value},
      {"peak_event", info.peak_event},
      {"max_load_bytes", info.max_load.value},
      {"peak_live_objects", info.peak_live_objects},
      {"streams", info.streams.size()},
  };
  for (const auto& [name, count] : counts) row.push_back({name, count});
}

void add_notes(Row& row, const TraceNotes& notes) {
  row.push_back({"ring_start_objects", notes.ring_start_objects});
  row.push_back({"unseen_frees", notes.unseen_frees});
  row.push_back({"dropped_events", notes.dropped_events});
  row.push_back({"unknown_actions", notes.unknown_actions});
  row.push_back({"zero_size_allocs", notes.zero_size_allocs});
}

}  // namespace

Row summary_row(const Trace& trace, const TraceInfo& info) {
  Row row{{"trace", trace.name}, {"format", trace.format}};
  add_counts(row, info);
  row.push_back({"recorded_peak_reserved_bytes", unless_zero(info.recorded_peak_reserved.value)});
  row.push_back({"duration_us", unless_zero(info.duration_us)});
  row.push_back({"iterations", info.iterations});
  row.push_back({"iterations_marked", info.iterations_marked});
  row.push_back({"iteration_allocs", unless_zero(info.iteration_allocs)});
  row.push_back({"iterations_begin", info.iterations == 0 ? FieldValue(nullptr) : FieldValue(info.iterations_begin)});
  row.push_back({"sizes", flat_sizes(info)});
  row.push_back({"lifetimes", flat_lifetimes(info)});
  row.push_back({"settings", settings_text(trace)});
  add_notes(row, trace.notes);
  return row;
}

std::string summary_text(const Trace& trace, const TraceInfo& info, bool colour) {
  std::string out = toned(trace.name, Tone::strong, colour) + fmt::format("  ({})\n", trace.format);
  out += line("events", counts_text(info));
  out +=
      line("peak requested", fmt::format("{} at event {}; {} objects live at most", format_bytes(info.peak_requested),
                                         info.peak_event, info.peak_live_objects));
  out += line("max load", format_bytes(info.max_load) + ", sizes rounded up to 512: no placement needs less");
  if (info.recorded_peak_reserved > Bytes{}) out += line("recorded reserved", recorded_text(info));
  if (info.duration_us > 0)
    out += line("duration", fmt::format("{:.3f} s", static_cast<double>(info.duration_us) / 1e6));
  out += line("live at the end", fmt::format("{} objects", info.live_at_end));
  out += line("streams", streams_text(info));
  out += line("iterations", iterations_text(info));
  if (!trace.settings.empty()) out += line("settings", settings_text(trace));
  for (const std::string& note : trace_notes(trace)) out += line("note", note);
  return out + bars("sizes up to", size_bins(info)) + bars("lifetimes, events up to", lifetime_bins(info));
}

}  // namespace vramlab
