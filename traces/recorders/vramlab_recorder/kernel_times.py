"""Which operator launched which kernel, out of a trace of PyTorch's profiler. Needs Python 3 alone.

The recorder names a range after each operator; a kernel belongs to the range that its launch lies in. Kernels that no
range holds (launched by compiled code or by extensions, past the dispatcher) are kept apart, by the range before them.
"""

import bisect
import json

PREFIX = "vramlab:"
GPU_WORK = ("kernel", "gpu_memcpy", "gpu_memset")
LAUNCHES = ("cuda_runtime", "cuda_driver")


def range_name(index):
    return f"{PREFIX}{index}"


class KernelTimes:
    """`inside`: {item: us} of the kernels launched in its range; `outside`: {item: us} after its range and before the
    next, item None = before the first; `unmatched_us`: kernels whose launch was not recorded."""

    def __init__(self):
        self.inside = {}
        self.outside = {}
        self.unmatched_us = 0.0

    def total_us(self):
        return sum(self.inside.values()) + sum(self.outside.values()) + self.unmatched_us


def ranges_of(events):
    """[(begin, end, item)] by begin."""
    found = []
    for event in events:
        if event.get("cat") in ("user_annotation", "cpu_op") and str(event.get("name", "")).startswith(PREFIX):
            begin = float(event["ts"])
            found.append((begin, begin + float(event.get("dur", 0)), int(event["name"][len(PREFIX):])))
    return sorted(found)


def launches_of(events):
    """{correlation: time of the launch}"""
    return {event["args"]["correlation"]: float(event["ts"]) for event in events
            if event.get("cat") in LAUNCHES and "correlation" in event.get("args", {})}


def attribute(events):
    """KernelTimes of the events of a trace in Chrome's format."""
    times = KernelTimes()
    ranges = ranges_of(events)
    begins = [begin for begin, _, _ in ranges]
    launches = launches_of(events)
    for event in events:
        if event.get("cat") not in GPU_WORK:
            continue
        duration = float(event.get("dur", 0))
        launched = launches.get(event.get("args", {}).get("correlation"))
        if launched is None:
            times.unmatched_us += duration
            continue
        at = bisect.bisect_right(begins, launched) - 1
        item = ranges[at][2] if at >= 0 else None
        sums = times.inside if at >= 0 and launched <= ranges[at][1] else times.outside
        sums[item] = sums.get(item, 0.0) + duration
    return times


def read_events(path):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    return trace["traceEvents"] if isinstance(trace, dict) else trace


def assign(items, times):
    """Sets gpu_us and outside_us of the operators among `items`; ranges are named after their places in it."""
    for index, item in enumerate(items):
        if hasattr(item, "gpu_us"):
            item.gpu_us = times.inside.get(index, 0.0)
            item.outside_us = times.outside.get(index, 0.0)
