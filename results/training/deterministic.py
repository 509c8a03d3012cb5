"""What the four programs share: repeatable arithmetic, and a line a step. Nothing here knows of any allocator.

TRAINING_LOG names the file of JSON lines {"step", "loss", "ms"}; the loss is written as a hexadecimal float, so that
two runs can be compared bit by bit. TRAINING_STEPS overrides the number of steps."""

import json
import os
import random
import time

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before torch is imported

import torch  # noqa: E402


def settle(seed, strict=True):
    """`strict` refuses operators that have no deterministic form, and alone makes attention choose its deterministic
    gradient; without it (or with TRAINING_WARN_ONLY=1) such operators are warned about."""
    strict = strict and os.environ.get("TRAINING_WARN_ONLY") != "1"
    random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=not strict)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.set_float32_matmul_precision("high")


def steps(usual):
    return range(int(os.environ.get("TRAINING_STEPS", usual)))


class StepLog:
    def __init__(self):
        path = os.environ.get("TRAINING_LOG")
        self._file = open(path, "w", encoding="ascii") if path else None
        self._begin = None

    def begin(self):
        torch.cuda.synchronize()
        self._begin = time.perf_counter()

    def end(self, step, loss):
        """`loss` is a tensor of one number."""
        torch.cuda.synchronize()
        ms = (time.perf_counter() - self._begin) * 1e3
        line = json.dumps({"step": step, "loss": float(loss).hex(), "ms": ms})
        print(line, file=self._file, flush=True)
