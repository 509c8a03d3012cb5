"""PyTorch's profiler around a part of a program, read back as KernelTimes."""

import os
import tempfile

import torch

from . import kernel_times


class GpuProfile:
    def start(self):
        activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
        self._profile = torch.profiler.profile(activities=activities)
        self._profile.start()

    def stop(self):
        """KernelTimes of all since start()."""
        torch.cuda.synchronize()
        self._profile.stop()
        handle, path = tempfile.mkstemp(suffix=".json")
        os.close(handle)
        try:
            self._profile.export_chrome_trace(path)
            return kernel_times.attribute(kernel_times.read_events(path))
        finally:
            self._profile = None
            os.unlink(path)


def named_range(index):
    return torch.profiler.record_function(kernel_times.range_name(index))
