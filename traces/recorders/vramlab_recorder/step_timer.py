"""Times the steps of a program that is not recorded."""

import json
import os

import torch

from . import kernel_times
from .gpu_profile import GpuProfile, named_range


class StepEvents:
    """An event on the current stream at every mark; milliseconds between neighbours, the GPU's idle time included."""

    def __init__(self):
        self._events = []

    def mark(self):
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        self._events.append(event)

    def milliseconds(self):
        """Of each step; waits for the last."""
        if not self._events:
            return []
        self._events[-1].synchronize()
        return [a.elapsed_time(b) for a, b in zip(self._events, self._events[1:])]


class StepTimer:
    """Has the calls of OperatorRecorder, and writes {"step_ms": [...], "kernel_ms": {iteration: ...}} to `out`.

    kernel_ms (with `kernels`) is the sum of the kernels' times of the iterations from `warmup` on, by the profiler."""

    def __init__(self, out, warmup=3, iterations=2, kernels=False):
        self.out = out
        self.finished = False
        self._warmup, self._last = warmup, warmup + iterations
        self._profile = GpuProfile() if kernels else None
        self._profiling = False
        self._steps = StepEvents()
        self._number = 0

    def start(self):
        torch.cuda.init()
        self._steps.mark()
        self._begin_iteration()

    def iteration(self):
        if self.finished:
            return
        self._steps.mark()
        self._number += 1
        if self._number == self._last:
            self.finish()
        else:
            self._begin_iteration()

    def _begin_iteration(self):
        if self._profile is None or self._number < self._warmup:
            return
        if not self._profiling:
            torch.cuda.synchronize()
            self._profile.start()
            self._profiling = True
        with named_range(self._number):  # kernels up to the next mark lie outside of it, after it
            pass

    def finish(self):
        if self.finished:
            return
        self.finished = True
        times = self._profile.stop() if self._profiling else kernel_times.KernelTimes()
        figures = {"step_ms": self._steps.milliseconds(),
                   "kernel_ms": {str(n): us / 1e3 for n, us in times.outside.items() if n is not None}}
        with open(self.out + ".part", "w", encoding="ascii") as file:
            json.dump(figures, file)
        os.replace(self.out + ".part", self.out)
