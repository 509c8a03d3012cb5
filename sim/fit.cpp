#include "sim/fit.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace vramlab {
namespace {

constexpr double per_second = 1e9;
constexpr double least_bandwidth = 1e6, most_bandwidth = 1e15;  // what a machine's YAML may say

double real(Nanoseconds time) { return static_cast<double>(time.value); }
double real(Bytes bytes) { return static_cast<double>(bytes.value); }
Nanoseconds whole(double ns) { return Nanoseconds(std::llround(ns)); }

void check_samples(std::span<const LinkSample> samples) {
  Bytes least{std::numeric_limits<std::uint64_t>::max()};
  Bytes most{};
  for (const LinkSample& s : samples) {
    if (s.time <= Nanoseconds(0))
      throw FitError(fmt::format("a copy of {} bytes was measured as {} ns", s.bytes.value, s.time.value));
    least = std::min(least, s.bytes);
    most = std::max(most, s.bytes);
  }
  if (samples.empty() || least == most)
    throw FitError(fmt::format("latency and bandwidth from {} copies of one size", samples.size()), {},
                   "measure at least two sizes");
}

void check_samples(std::span<const BatchSample> samples) {
  if (samples.empty()) throw FitError("the cost of a call without a measurement");
  for (const BatchSample& s : samples)
    if (s.count == 0 || s.time <= Nanoseconds(0))
      throw FitError(fmt::format("a call over {} things was measured as {} ns", s.count, s.time.value));
}

// Least squares of (columns * x) / time - 1.
template <int Columns>
Eigen::Matrix<double, Columns, 1> relative_least_squares(std::span<const LinkSample> samples) {
  Eigen::Matrix<double, Eigen::Dynamic, Columns> a(static_cast<Eigen::Index>(samples.size()), Columns);
  for (Eigen::Index i = 0; i < a.rows(); ++i) {
    const LinkSample& s = samples[static_cast<std::size_t>(i)];
    if constexpr (Columns == 2) a(i, 0) = 1 / real(s.time);
    a(i, Columns - 1) = real(s.bytes) / real(s.time);
  }
  return a.colPivHouseholderQr().solve(Eigen::VectorXd::Ones(a.rows()));
}

}  // namespace

LinkDirection fit_link(std::span<const LinkSample> samples) {
  check_samples(samples);
  const Eigen::Vector2d both = relative_least_squares<2>(samples);
  double latency = both[0];
  double ns_per_byte = both[1];
  if (latency < 0) {
    latency = 0;
    ns_per_byte = relative_least_squares<1>(samples)[0];
  }
  const double bandwidth = per_second / ns_per_byte;
  if (!(bandwidth >= least_bandwidth && bandwidth <= most_bandwidth))
    throw FitError(fmt::format("copies fit no bandwidth: {:.3g} ns a byte", ns_per_byte), {},
                   "measure larger copies, on an idle machine");
  return {whole(latency), static_cast<std::uint64_t>(std::llround(bandwidth))};
}

Nanoseconds link_time(const LinkDirection& link, Bytes bytes) {
  return link.latency + whole(real(bytes) * per_second / static_cast<double>(link.bytes_per_second));
}

std::uint64_t fit_duplex(const LinkDirection& out, const LinkDirection& in, const DuplexSample& sample) {
  if (sample.out <= Nanoseconds(0) || sample.in <= Nanoseconds(0) || sample.bytes == Bytes(0))
    throw FitError("copies both ways at once took no time");
  const bool out_longer = sample.out > sample.in;
  const Nanoseconds longer = std::max(sample.out, sample.in);
  const Nanoseconds shorter = std::min(sample.out, sample.in);
  const LinkDirection& last = out_longer ? out : in;
  const LinkDirection& first = out_longer ? in : out;
  const double alone = real(longer - shorter) / per_second * static_cast<double>(last.bytes_per_second);
  const double together = 2 * real(sample.bytes) - std::min(alone, real(sample.bytes));
  const double time = std::max(1.0, real(shorter - std::min(shorter, first.latency)));
  const auto [slower, faster] = std::minmax(out.bytes_per_second, in.bytes_per_second);
  const double total = together / time * per_second;
  const double bounded = std::clamp(total, static_cast<double>(faster), static_cast<double>(slower + faster));
  return std::clamp(static_cast<std::uint64_t>(std::llround(bounded)), faster, slower + faster);
}

CostCurve fit_curve(std::vector<CostCurve::Point> points) {
  if (points.empty()) throw FitError("a curve of costs without a point");
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].cost < Nanoseconds(0))
      throw FitError(
          fmt::format("a call over {} bytes was measured as {} ns", points[i].bytes.value, points[i].cost.value));
    if (i > 0 && points[i].bytes == points[i - 1].bytes)
      throw FitError(fmt::format("two costs of {} bytes", points[i].bytes.value));
  }
  if (points.size() > 1) points.back().cost = std::max(points.back().cost, points[points.size() - 2].cost);
  return {std::move(points)};
}

Nanoseconds fit_each(std::span<const BatchSample> samples) {
  check_samples(samples);
  double linear = 0;
  double square = 0;
  for (const BatchSample& s : samples) {
    const double rate = s.count / real(s.time);
    linear += rate;
    square += rate * rate;
  }
  return whole(linear / square);
}

CallFit fit_call(std::span<const BatchSample> samples) {
  check_samples(samples);
  const bool one_count =
      std::all_of(samples.begin(), samples.end(), [&](const auto& s) { return s.count == samples.front().count; });
  if (one_count) return {{}, fit_each(samples)};
  std::vector<LinkSample> points;
  for (const BatchSample& s : samples) points.push_back({Bytes(s.count), s.time});
  const Eigen::Vector2d both = relative_least_squares<2>(points);
  if (both[0] <= 0) return {{}, fit_each(samples)};
  if (both[1] > 0) return {whole(both[0]), whole(both[1])};
  std::vector<BatchSample> alone(samples.begin(), samples.end());
  for (BatchSample& s : alone) s.count = 1;
  return {fit_each(alone), {}};
}

LaunchFit fit_launch(std::span<const LaunchSample> samples, Nanoseconds least_long) {
  double sum = 0;
  int count = 0;
  for (const LaunchSample& s : samples) {
    if (s.gpu_time < least_long) continue;
    sum += real(s.each - s.gpu_time);
    ++count;
  }
  if (count == 0) throw FitError("no operator was long enough to measure the time between two");
  LaunchFit fit{whole(std::max(0.0, sum / count)), {}};
  double short_sum = 0;
  int short_count = 0;
  for (const LaunchSample& s : samples) {
    const Nanoseconds took = s.each - fit.gap;
    if (s.gpu_time >= least_long || took <= s.gpu_time) continue;
    short_sum += real(took);
    ++short_count;
  }
  if (short_count > 0) fit.floor = whole(short_sum / short_count);
  return fit;
}

Nanoseconds typical(const std::vector<Nanoseconds>& times) {
  const Nanoseconds most = median(times) * 4;
  double sum = 0;
  for (const Nanoseconds time : times) sum += real(std::min(time, most));
  return whole(sum / static_cast<double>(times.size()));
}

Nanoseconds median(std::vector<Nanoseconds> times) {
  if (times.empty()) throw FitError("the median of no measurement");
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>((times.size() - 1) / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace vramlab
