"""The recorder itself: a dispatch mode sees every operator below autograd, the allocator keeps its own history, and the
profiler times the kernels. Autograd's threads inherit the mode, so backward is seen too.

Recording slows the host down, not the kernels: the times are those of the GPU. One GPU a recording."""

import json
import os
import time

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from . import kernel_times, operator_merge
from .gpu_profile import GpuProfile, named_range
from .operands import Operands
from .operator_merge import Iteration, Operator, RecordingError
from .step_timer import StepEvents

MOST_EVENTS = 50_000_000


class _Watch(TorchDispatchMode):
    supports_higher_order_operators = True

    def __init__(self, recorder):
        super().__init__()
        self._recorder = recorder

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self._recorder._run(func, args, kwargs or {})


class OperatorRecorder:
    """Writes `out` when `iterations` iterations were recorded after `warmup` ones (whose allocations alone are), or at
    the end of the program. Raises RecordingError where nothing was recorded. `result` then holds the figures.
    Start it before the program uses the GPU, so that every allocation is seen."""

    def __init__(self, out, warmup=3, iterations=2, device=0):
        if warmup < 1 or iterations < 1:
            raise RecordingError("at least one iteration of warm-up and one recorded are needed")
        self.out = out
        self.finished = False
        self.result = None
        self._warmup, self._last, self._device = warmup, warmup + iterations, device
        self._number = 0
        self._items, self._codes, self._live_before = [], [], []
        self._mode = None
        self._profile = GpuProfile()
        self._steps = StepEvents()
        self._set_metadata = getattr(torch.cuda.memory, "_set_memory_metadata", None)

    # --- The program's side ------------------------------------------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self.finish()
        else:
            self._abandon()

    def start(self):
        torch.cuda.init()
        if torch.cuda.memory_allocated(self._device) > 0:
            self._live_before = live_blocks(torch.cuda.memory._snapshot(), self._device)
        torch.cuda.memory._record_memory_history(enabled="all", context=None, max_entries=MOST_EVENTS)
        self._steps.mark()
        self._append(Iteration(0))

    def iteration(self):
        """An iteration ends here and the next begins."""
        if self.finished:
            return
        if self._number < self._warmup:
            self._steps.mark()
        self._number += 1
        if self._number == self._last:
            self.finish()
            return
        self._append(Iteration(self._number))
        if self._number == self._warmup:
            self._watch()

    def finish(self):
        """Writes the trace; an iteration that has not ended is left out."""
        if self.finished:
            return
        self.finished = True
        complete = self._number == self._last
        if self._mode is None or (not complete and self._number <= self._warmup):
            self._abandon()
            raise RecordingError(f"{self.out}: the program ended in iteration {self._number}, and recording begins with "
                                 f"iteration {self._warmup}: choose another mark of iterations, or less warm-up")
        times = self._unwatch()
        events = self._allocator_events()
        kernel_times.assign(self._items, times)
        merged = operator_merge.merge(self._items, events, self._codes, self._live_before)
        lines = merged.lines if complete else operator_merge.without_last_iteration(merged.lines)
        operator_merge.write_lines(self.out, lines)
        self.result = self._figures(merged, times, lines)

    # --- Operators ---------------------------------------------------------------------------------------------------

    def _watch(self):
        torch.cuda.synchronize()
        self._profile.start()
        self._mode = _Watch(self)
        self._mode.__enter__()

    def _unwatch(self):
        self._mode.__exit__(None, None, None)
        return self._profile.stop()

    def _run(self, func, args, kwargs):
        operands = Operands(func, args, kwargs)
        item = Operator(str(func), operands.reads)
        index = len(self._items)
        self._items.append(item)
        self._set_code(2 * index + 1)
        try:
            with named_range(index):
                result = func(*args, **kwargs)
        finally:
            self._set_code(2 * index + 2)
        operands.add_results(result)
        item.writes = tuple(operands.writes)
        return result

    def _append(self, item):
        self._items.append(item)
        self._set_code(2 * len(self._items))

    def _set_code(self, code):
        """Names the moment in the allocator's history. The times serve where it keeps no metadata."""
        self._codes.append((time.time_ns() // 1000, code))
        if self._set_metadata is not None:
            self._set_metadata(str(code))

    # --- What was recorded -------------------------------------------------------------------------------------------

    def _allocator_events(self):
        snapshot = torch.cuda.memory._snapshot()
        self._stop_history()
        traces = snapshot["device_traces"]
        return traces[self._device] if self._device < len(traces) else []

    def _stop_history(self):
        torch.cuda.memory._record_memory_history(enabled=None)
        if self._set_metadata is not None:
            self._set_metadata("")

    def _abandon(self):
        self.finished = True
        if self._mode is not None:
            self._unwatch()
            self._mode = None
        self._stop_history()

    def _figures(self, merged, times, lines):
        recorded = operator_merge.gpu_us_by_iteration(self._items)
        return {
            "trace": os.path.basename(self.out),
            "operators": merged.operators,
            "allocations": sum(line.startswith("alloc,") for line in lines),
            "recorded_ms": {str(n): us / 1e3 for n, us in recorded.items() if n is not None and n < self._number},
            "unrecorded_step_ms": dict(enumerate(self._steps.milliseconds())),
            "outside_operators_ms": sum(times.outside.values()) / 1e3,
            "unmatched_ms": times.unmatched_us / 1e3,
            "foreign_operands": merged.foreign,
            "unknown_frees": merged.unknown_frees,
        }


def live_blocks(snapshot, device):
    """(address, requested bytes, stream) of what is allocated, by address."""
    found = []
    for segment in snapshot["segments"]:
        if segment["device"] != device:
            continue
        for block in segment["blocks"]:
            if block["state"].startswith("active"):
                size = block.get("requested_size") or block["size"]
                found.append((block["address"], size, segment["stream"]))
    return sorted(found)


def write_figures(path, figures):
    with open(path + ".part", "w", encoding="ascii") as file:
        json.dump(figures, file, indent=1)
    os.replace(path + ".part", path)
