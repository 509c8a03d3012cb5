#pragma once
// From measured times to the figures of a machine model. Links are fitted by least squares; the costs of calls are
// curves through what was measured, because they are not linear.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/types.h"
#include "sim/machine.h"

namespace vramlab {

/// Measurements that no model of a machine describes. Exit code 1.
class FitError : public Error {
 public:
  using Error::Error;
};

/// One copy alone on its link.
struct LinkSample {
  Bytes bytes{};
  Nanoseconds time{};
};
/// time = latency + bytes / bandwidth, by least squares of the relative error, so that small copies count as much as
/// large ones. Where that latency would be negative it is 0 and the bandwidth is fitted alone. Throws FitError unless
/// there are two sizes, all times are above 0, and times grow with sizes to between 1 MB/s and 1 PB/s.
LinkDirection fit_link(std::span<const LinkSample> samples);

/// What a copy of `bytes` takes alone on the link.
Nanoseconds link_time(const LinkDirection& link, Bytes bytes);

/// Two copies of `bytes` that began together, one each way.
struct DuplexSample {
  Bytes bytes{};
  Nanoseconds out{};
  Nanoseconds in{};
};
/// Bytes per second both ways, in all: what moved while both did, by the time that took. At least the faster
/// direction's bandwidth and at most the sum of both, as a model must be. Throws FitError where times are not above 0.
std::uint64_t fit_duplex(const LinkDirection& out, const LinkDirection& in, const DuplexSample& sample);

/// The curve through the points, in order of size. A last point below the one before it is raised to that cost: the
/// slope at the end holds for all larger sizes. Throws FitError where there is no point, two have one size, or a cost
/// is negative.
CostCurve fit_curve(std::vector<CostCurve::Point> points);

/// A call over `count` things took `time`.
struct BatchSample {
  std::uint32_t count = 0;
  Nanoseconds time{};
};
/// The cost of one, by least squares of the relative error. Throws FitError where there is no sample, or a count or
/// time is not above 0.
Nanoseconds fit_each(std::span<const BatchSample> samples);

/// A call over n things costs call + n * each.
struct CallFit {
  Nanoseconds call{};
  Nanoseconds each{};
};
/// By least squares of the relative error; neither is below 0. `call` is 0 where all counts are the same. Throws as
/// fit_each does.
CallFit fit_call(std::span<const BatchSample> samples);

/// Operators of `gpu_time` one behind the other took `each` on the device.
struct LaunchSample {
  Nanoseconds gpu_time{};
  Nanoseconds each{};
};
struct LaunchFit {
  Nanoseconds gap{};    ///< the intercept over the longer ones, by least squares; an operator's own time has slope 1
  Nanoseconds floor{};  ///< what shorter ones that last longer than told take beyond it, in the mean
};
/// Those of `least_long` and above give the gap. Throws FitError where there is none. Neither figure is below 0.
LaunchFit fit_launch(std::span<const LaunchSample> samples, Nanoseconds least_long);

/// The mean, for which none counts as more than four times the median: what a sum of many such times is made of,
/// without the rare ones in which the host did something else. Throws FitError where there is none.
Nanoseconds typical(const std::vector<Nanoseconds>& times);
/// The middle one; of an even number the lower. Throws FitError where there is none.
Nanoseconds median(std::vector<Nanoseconds> times);

}  // namespace vramlab
