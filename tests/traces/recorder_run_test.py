"""The recorder from its start to its file, on a stand-in for PyTorch: python3 tests/traces/recorder_run_test.py.

The stand-in has an allocator that keeps its history, operators that launch kernels, and a profiler that tells of them;
its clock counts its calls."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "traces/recorders"))


class FakeGpu:
    """Allocator history, launches, ranges and time of one GPU."""

    def __init__(self):
        self.events, self.trace, self.metadata = [], [], ""
        self.now, self.next_address, self.recording, self.mode, self.launches = 0, 0x1000, False, None, 0

    def tick(self):
        self.now += 10
        return self.now

    def note(self, action, tensor):
        if self.recording:
            self.events.append({"action": action, "addr": tensor.address, "size": tensor.size, "stream": 0,
                                "time_us": self.tick(), "user_metadata": self.metadata})

    def launch(self, us):
        self.launches += 1
        self.trace.append({"cat": "cuda_runtime", "ts": self.tick(), "args": {"correlation": self.launches}})
        self.trace.append({"cat": "kernel", "ts": 10**6, "dur": us, "args": {"correlation": self.launches}})


gpu = FakeGpu()


class Tensor:
    layout, device = "strided", types.SimpleNamespace(type="cuda")

    def __init__(self, size):
        self.address, self.size = gpu.next_address, size
        gpu.next_address += 0x1000
        gpu.note("alloc", self)

    def free(self):
        gpu.note("free_requested", self)
        gpu.note("free_completed", self)

    def untyped_storage(self):
        return types.SimpleNamespace(data_ptr=lambda: self.address, nbytes=lambda: self.size)


class Operator:
    """aten::NAME(Tensor self) -> Tensor, of one kernel."""

    def __init__(self, name, us):
        argument = types.SimpleNamespace(name="self", kwarg_only=False, alias_info=None)
        self._name, self._us = name, us
        self._schema = types.SimpleNamespace(name=f"aten::{name}", arguments=[argument])

    def __str__(self):
        return f"aten.{self._name}.default"

    def __call__(self, *args, **kwargs):
        if gpu.mode is not None:
            mode, gpu.mode = gpu.mode, None
            try:
                return mode.__torch_dispatch__(self, (), args, kwargs)
            finally:
                gpu.mode = mode
        gpu.launch(self._us)
        return Tensor(args[0].size)


class TorchDispatchMode:
    def __enter__(self):
        gpu.mode = self

    def __exit__(self, *error):
        gpu.mode = None


class Profile:
    def __init__(self, activities):
        self.running = False

    def start(self):
        gpu.trace.clear()

    def stop(self):
        pass

    def export_chrome_trace(self, path):
        pathlib.Path(path).write_text(json.dumps({"traceEvents": gpu.trace}))


@contextlib.contextmanager
def record_function(name):
    begin = gpu.tick()
    yield
    gpu.trace.append({"cat": "user_annotation", "name": name, "ts": begin, "dur": gpu.tick() - begin})


class Event:
    def __init__(self, enable_timing):
        self.at = None

    def record(self):
        self.at = gpu.tick()

    def synchronize(self):
        pass

    def elapsed_time(self, other):
        return other.at - self.at


def record_memory_history(enabled="all", context=None, max_entries=0):
    gpu.recording = enabled is not None


def set_metadata(text):
    gpu.metadata = text


memory = types.SimpleNamespace(
    _record_memory_history=record_memory_history, _set_memory_metadata=set_metadata,
    _snapshot=lambda: {"device_traces": [list(gpu.events)], "segments": []})
torch = types.ModuleType("torch")
torch.Tensor, torch.strided = Tensor, "strided"
torch.cuda = types.SimpleNamespace(memory=memory, Event=Event, init=lambda: None, synchronize=lambda: None,
                                   memory_allocated=lambda device: 0, is_available=lambda: True)
torch.profiler = types.SimpleNamespace(profile=Profile, record_function=record_function,
                                       ProfilerActivity=types.SimpleNamespace(CPU=0, CUDA=1))
dispatch = types.ModuleType("torch.utils._python_dispatch")
dispatch.TorchDispatchMode = TorchDispatchMode
sys.modules |= {"torch": torch, "torch.utils": types.ModuleType("torch.utils"), "torch.utils._python_dispatch": dispatch}

from vramlab_recorder.operator_merge import RecordingError  # noqa: E402
from vramlab_recorder.operator_recorder import OperatorRecorder, live_blocks  # noqa: E402
from vramlab_recorder.step_timer import StepTimer  # noqa: E402

relu, mul = Operator("relu", 2.0), Operator("mul", 3.5)
STEP = ["alloc,{0},64,0", "op,aten.relu.default,2.000,{w},{0}", "alloc,{1},64,0", "op,aten.mul.default,3.500,{0},{1}",
        "op,outside-operators,7.000,,", "free,{0}", "free,{1}"]


def train(watcher, steps):
    weights = Tensor(64)
    for _ in range(steps):
        hidden = relu(weights)
        out = mul(hidden)
        gpu.launch(7.0)  # by no operator
        hidden.free()
        out.free()
        watcher.iteration()


class Recording(unittest.TestCase):
    def setUp(self):
        gpu.__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.path = os.path.join(self._folder.name, "trace.csv")

    def record(self, steps, **options):
        recorder = OperatorRecorder(self.path, **options)
        with recorder:
            train(recorder, steps)
        return recorder

    def test_warm_up_has_allocations_only_and_the_rest_operators_too(self):
        recorder = self.record(4, warmup=1, iterations=2)
        warm_up = ["iteration,0", "alloc,0,64,0", "alloc,1,64,0", "alloc,2,64,0", "free,1", "free,2"]
        step = "\n".join(STEP)
        expected = [*warm_up, "iteration,1", step.format(3, 4, w=0), "iteration,2", step.format(5, 6, w=0)]
        self.assertEqual(pathlib.Path(self.path).read_text(), "\n".join(expected) + "\n")
        self.assertEqual(recorder.result["recorded_ms"], {"1": 0.0125, "2": 0.0125})
        self.assertEqual(recorder.result["operators"], 4)
        self.assertEqual(recorder.result["foreign_operands"], 0)
        self.assertFalse(gpu.recording)
        self.assertIsNone(gpu.mode)

    def test_a_program_that_ends_early_keeps_its_whole_iterations(self):
        self.record(3, warmup=1, iterations=5)
        lines = pathlib.Path(self.path).read_text().splitlines()
        self.assertEqual([line for line in lines if line.startswith("iteration")],
                         ["iteration,0", "iteration,1", "iteration,2"])

    def test_a_program_that_ends_in_its_warm_up_is_an_error_and_writes_nothing(self):
        with self.assertRaisesRegex(RecordingError, "ended in iteration 2"):
            self.record(2, warmup=3, iterations=1)
        self.assertEqual(os.listdir(self._folder.name), [])
        self.assertFalse(gpu.recording)

    def test_a_program_that_fails_leaves_nothing_behind(self):
        recorder = OperatorRecorder(self.path, warmup=1, iterations=3)
        with self.assertRaises(KeyError), recorder:
            train(recorder, 2)
            raise KeyError("the program's own")
        self.assertEqual(os.listdir(self._folder.name), [])
        self.assertIsNone(gpu.mode)

    def test_without_metadata_the_times_serve(self):
        reference = self.record(3, warmup=1, iterations=2)
        expected = pathlib.Path(self.path).read_text()
        gpu.__init__()
        recorder = OperatorRecorder(self.path, warmup=1, iterations=2)
        recorder._set_metadata = None
        clock = sys.modules["vramlab_recorder.operator_recorder"].time
        sys.modules["vramlab_recorder.operator_recorder"].time = types.SimpleNamespace(time_ns=lambda: gpu.tick() * 1000)
        self.addCleanup(setattr, sys.modules["vramlab_recorder.operator_recorder"], "time", clock)
        with recorder:
            train(recorder, 3)
        self.assertEqual(pathlib.Path(self.path).read_text(), expected)
        self.assertEqual(recorder.result["recorded_ms"], reference.result["recorded_ms"])

    def test_steps_of_an_unrecorded_run_are_timed(self):
        timer = StepTimer(self.path, warmup=1, iterations=2, kernels=True)
        timer.start()
        train(timer, 4)
        figures = json.loads(pathlib.Path(self.path).read_text())
        self.assertEqual(len(figures["step_ms"]), 3)
        self.assertEqual(figures["kernel_ms"], {"1": 0.0125, "2": 0.0125})

    def test_what_was_allocated_before_is_taken_from_the_segments(self):
        block = {"address": 4096, "size": 512, "requested_size": 500, "state": "active_allocated"}
        unused = {"address": 4608, "size": 512, "requested_size": 0, "state": "inactive"}
        segments = [{"device": 0, "stream": 7, "blocks": [block, unused]}, {"device": 1, "stream": 0, "blocks": [block]}]
        self.assertEqual(live_blocks({"segments": segments}, 0), [(4096, 500, 7)])


class CommandLine(unittest.TestCase):
    """record_operators.py as a whole, in a process whose torch is this file."""

    def run_it(self, folder, *words):
        pathlib.Path(folder, "torch.py").write_text(
            "import recorder_run_test, sys; sys.modules['torch'] = recorder_run_test.torch")
        pathlib.Path(folder, "train.py").write_text(
            "import recorder_run_test as fake\nclass W:\n  def iteration(self): pass\nfake.train(W(), 6)\nprint('trained')\n")
        environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT / 'tests/traces'}", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([sys.executable, str(ROOT / "traces/recorders/record_operators.py"), *words], cwd=folder,
                              env=environment, capture_output=True, text=True, check=False)

    def test_a_program_that_reaches_no_mark_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            ran = self.run_it(folder, "--out", "t.csv", "--mark", "none", "--", "train.py")
            self.assertEqual((ran.returncode, ran.stdout), (1, "trained\n"), ran.stderr)
            self.assertIn("ended in iteration 0", ran.stderr)
            self.assertFalse(pathlib.Path(folder, "t.csv").exists())

    def test_calls_of_a_named_function_are_iterations(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "steps.py").write_text("def step(): pass\n")
            pathlib.Path(folder, "loop.py").write_text(
                "import recorder_run_test as fake, steps\nclass W:\n  def iteration(self): steps.step()\n"
                "fake.train(W(), 7)\nprint('trained')\n")
            for against in ("warmup", "steps", "kernels"):
                ran = self.run_it(folder, "--out", "t.csv", "--mark", "steps:step", "--against", against, "--figures",
                                  "f.json", "--", "loop.py")
                self.assertEqual((ran.returncode, ran.stdout), (0, "trained\n"), ran.stderr)
                figures = json.loads(pathlib.Path(folder, "f.json").read_text())
                self.assertEqual(figures["recorded_ms"], {"3": 0.0125, "4": 0.0125})
                self.assertTrue(all(figures["unrecorded_ms"].values()), figures)
                if against == "kernels":
                    self.assertEqual(figures["unrecorded_ms"], figures["recorded_ms"])
            ran = self.run_it(folder, "--out", "t.csv", "--mark", "steps:step", "--stop", "--", "python3", "loop.py")
            self.assertEqual((ran.returncode, ran.stdout), (0, ""), ran.stderr)


if __name__ == "__main__":
    unittest.main()
