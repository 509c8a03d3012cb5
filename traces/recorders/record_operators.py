#!/usr/bin/env python3
"""Records what the operators of a PyTorch program read and write and how long their kernels take, as an operator trace.

    python3 record_operators.py --out trace.csv -- train.py --batch 64
    python3 record_operators.py --out trace.csv --mark transformers:GenerationMixin.generate -- generate.py

The program is not changed. The first iterations are warm-up: of them the trace holds allocations only. Prints the GPU
time of each recorded iteration beside that of unrecorded steps: those of the warm-up, or, with --against, of a run of
the same program before (whose iteration N is compared with iteration N, as shapes that change need).
Exit codes: the program's own; 1 nothing could be recorded, 2 bad usage, 3 no GPU.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from vramlab_recorder import program  # noqa: E402
from vramlab_recorder.operator_merge import RecordingError  # noqa: E402


def say(text):
    print(f"record_operators: {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="TRACE.csv", help="the trace to write")
    parser.add_argument("--warmup", type=int, default=3, help="iterations before operators are recorded (3)")
    parser.add_argument("--iterations", type=int, default=2, help="iterations recorded with operators (2)")
    parser.add_argument("--mark", default="optimizer",
                        help="what ends an iteration: optimizer (a step; the default), forward (of the outermost "
                        "module), MODULE:FUNCTION (a call), none")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="marks an iteration, e.g. of two optimizers")
    parser.add_argument("--against", choices=["warmup", "steps", "kernels"], default="warmup",
                        help="what to compare with: the warm-up's steps, or each step (its time, or its kernels' by the "
                        "profiler alone) of an unrecorded run made first")
    parser.add_argument("--figures", metavar="FILE.json", help="write the figures there too")
    parser.add_argument("--stop", action="store_true", help="end the program once the trace is written")
    parser.add_argument("--times-only", choices=["steps", "kernels"], help=argparse.SUPPRESS)
    parser.add_argument("program", nargs=argparse.REMAINDER, help="-- PROGRAM.py ARGUMENTS, or -- -m MODULE ARGUMENTS")
    given = parser.parse_args()
    if given.program[:1] == ["--"]:
        given.program = given.program[1:]
    refused = program.refusal(given.program)
    if refused or min(given.warmup, given.iterations, given.every) < 1:
        parser.error(refused or "--warmup, --iterations and --every must be at least 1")
    return given


def require_gpu():
    try:
        import torch
    except ImportError as error:
        say(f"PyTorch cannot be imported: {error}")
        sys.exit(3)
    if not torch.cuda.is_available():
        say("no GPU that PyTorch can use")
        sys.exit(3)


# --- The unrecorded run ----------------------------------------------------------------------------------------------


def unrecorded(given):
    """What an unrecorded run of the same program took, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        times = os.path.join(folder, "times.json")
        command = [sys.executable, os.path.abspath(__file__), "--out", times, "--times-only", given.against, "--stop",
                   "--warmup", str(given.warmup), "--iterations", str(given.iterations), "--mark", given.mark,
                   "--every", str(given.every), "--", *given.program]
        status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        if not os.path.exists(times):
            say(f"the unrecorded run ended with {status} before iteration {given.warmup + given.iterations}: "
                "nothing to compare with")
            sys.exit(1)
        with open(times, encoding="ascii") as file:
            return json.load(file)


def baseline(given, figures, times):
    """{iteration: ms} to compare with."""
    if given.against == "warmup":
        steps = [ms for n, ms in figures["unrecorded_step_ms"].items() if int(n) > 0]
        usual = statistics.median(steps) if steps else None
        return {n: usual for n in figures["recorded_ms"]}
    if given.against == "kernels":
        return times["kernel_ms"]
    return {str(n): ms for n, ms in enumerate(times["step_ms"])}


def report(given, figures, times):
    say(f"{given.out}: {figures['operators']} operators, {figures['allocations']} allocations")
    if figures["foreign_operands"] or figures["unknown_frees"]:
        say(f"left out: {figures['foreign_operands']} operands outside the allocator's memory, "
            f"{figures['unknown_frees']} frees of memory that was not seen allocated")
    compared = baseline(given, figures, times)
    figures["against"] = given.against
    figures["unrecorded_ms"] = {n: compared.get(n) for n in figures["recorded_ms"]}
    say("iteration  recorded ms  unrecorded ms  ratio")
    for n, ms in figures["recorded_ms"].items():
        other = compared.get(n)
        ratio = f"{ms / other:.3f}" if other else "-"
        say(f"{n:>9}  {ms:>11.3f}  {other or 0:>13.3f}  {ratio:>5}")


# --- Running it ------------------------------------------------------------------------------------------------------


def run_marked(given, watcher, finished):
    """The program with `watcher` told of every iteration; `finished` is called when the watcher is done."""
    from vramlab_recorder.iteration_marks import Marks

    def ended():
        if watcher.finished:
            return
        watcher.iteration()
        if watcher.finished:
            finished()
            if given.stop:
                raise SystemExit(0)

    Marks(ended, given.every).install(given.mark)
    watcher.start()
    code = 0
    try:
        program.run(given.program)
    except SystemExit as stop:
        code = stop.code
    if not watcher.finished:  # fewer iterations than asked for
        watcher.finish()
        finished()
    return code


def main():
    given = arguments()
    require_gpu()
    if given.times_only:
        from vramlab_recorder.step_timer import StepTimer
        timer = StepTimer(given.out, given.warmup, given.iterations, given.times_only == "kernels")
        return run_marked(given, timer, lambda: None)
    from vramlab_recorder.operator_recorder import OperatorRecorder, write_figures
    times = unrecorded(given) if given.against != "warmup" else None
    recorder = OperatorRecorder(given.out, given.warmup, given.iterations)

    def finished():
        report(given, recorder.result, times)
        if given.figures:
            write_figures(given.figures, recorder.result)

    return run_marked(given, recorder, finished)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RecordingError as error:
        say(str(error))
        sys.exit(1)
