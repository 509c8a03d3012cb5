#!/usr/bin/env python3
"""Replays recordings on the GPU and says how far that agrees with the simulator, into live-replay.md.

    ./dev build && python3 results/live_replay.py [RECORDING...]

Without recordings the bundled ones are taken. Four parts: every recording under every pool with the bytes of every
object checked, its decisions compared with the simulator's; the machine probed; operator traces replayed in time,
predicted beside measured; runs on the device's own completions, whose log is then replayed in the simulator. What is
timed runs on one core (--core), since some take up to 1.6 times as long over a call. Needs a GPU, Linux and Python 3
alone. Exit codes: 1 where decisions or bytes differ, 3 without a GPU.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
POOLS = ["pytorch", "segment-block", "tiered", "vmm", "smartpool"]
PARTS = ["verify", "fidelity", "measured"]
MACHINE = "h200"  # the timetable of what is not timed; pools size their ranges by its memory


def name_of(recording):
    return re.sub(r"\.(xz|gz|zst)$", "", pathlib.Path(recording).name)


class Program:
    def __init__(self, given, folder):
        self.binary, self.folder, self.notes = str(given.vramlab), folder, []

    def run(self, *words):
        """Rows of JSON; a failure leaves a note and what rows there are."""
        command = [self.binary, *map(str, words), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 3:
            sys.exit((done.stderr.strip().splitlines() or ["no GPU"])[-1])
        if done.returncode != 0:
            last = [line for line in done.stderr.splitlines() if "error" in line] or ["no message"]
            self.notes.append(f"{name_of(words[1])}: {last[-1][:300]}")
        try:
            return json.loads(done.stdout)
        except ValueError:
            return []

    def replay(self, recording, pools, *words):
        return {row["pool"]: row for row in self.run("replay", recording, "--pool", ",".join(pools), *words)}

    def simulated(self, recordings, *words):
        """{recording: {pool: row}}, side by side on all cores: nothing is timed."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
            replay = lambda r: self.replay(r, POOLS, "--machine", MACHINE, "--min-time", "0", *words)  # noqa: E731
            return dict(zip(recordings, workers.map(replay, recordings)))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def percent(error):
    return "-" if error is None else f"{100 * error:+.1f}%"


def milliseconds(ns):
    return "-" if ns is None else f"{ns / 1e6:.3f}"


# --- The core of what is timed ---------------------------------------------------------------------------------------


def spin():
    """Seconds of a loop that does nothing else."""
    begin, left = time.perf_counter(), 300_000
    while left:
        left -= 1
    return time.perf_counter() - begin


@contextlib.contextmanager
def pinned(core):
    """Keeps this thread, and what it starts, on one core meanwhile; None: lets it be."""
    allowed = os.sched_getaffinity(0)
    try:
        if core is not None:
            os.sched_setaffinity(0, {core})
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def seconds_on(core):
    with pinned(core):
        spin()  # it gets there, and wakes up
        return [spin() for _ in range(3)]


def steadiest_core(seconds=seconds_on):
    """The one whose slowest loop is the fastest."""
    return min(sorted(os.sched_getaffinity(0)), key=lambda core: max(seconds(core)))


def core_of(word):
    """As --core has it: auto, none, or the number of a core that this process may use."""
    allowed = os.sched_getaffinity(0)
    if word in ("auto", "none"):
        return word
    if not word.isdecimal() or int(word) not in allowed:
        raise argparse.ArgumentTypeError(f"{word!r} is neither auto, none, nor one of the cores {sorted(allowed)}")
    return int(word)


# --- Parts: each returns its page and whether all is well ------------------------------------------------------------


def verify(program, recordings):
    simulated = program.simulated(recordings)
    with concurrent.futures.ThreadPoolExecutor(3) as workers:  # nothing is timed: three share the GPU
        words = ("--machine", MACHINE, "--device", "cuda", "--verify")
        live = dict(zip(recordings, workers.map(lambda r: program.replay(r, POOLS, *words), recordings)))
    rows, good = [], True
    for recording in recordings:
        pairs = [(simulated[recording].get(pool, {}), live[recording].get(pool, {})) for pool in POOLS]
        same = sum(1 for s, r in pairs if r.get("decisions") and r["decisions"] == s.get("decisions"))
        checked = sum(1 for _, r in pairs if r.get("verified"))
        events = pairs[0][1].get("events", "-")
        rows.append([name_of(recording), events, f"{same} of {len(POOLS)}", f"{checked} of {len(POOLS)}"])
        good = good and same == checked == len(POOLS)
    text = ("Decisions on the GPU equal to the simulator's, and runs in which every byte of every object was as "
            f"written, pools {', '.join(POOLS)}:\n\n")
    return text + table(["recording", "events", "same decisions", "bytes verified"], rows), good


def errors_of(rows, field):
    known = [abs(row[field]) for row in rows if row.get(field) is not None]
    if not known:
        return [field.removesuffix("_error"), "-", "-", 0]
    return [field.removesuffix("_error"), percent(statistics.median(known))[1:], percent(max(known))[1:], len(known)]


def fidelity(program, recordings, repeat):
    model = program.folder / "probe.yaml"
    checks = program.run("machine", "probe", "--out", model)
    rows, printed = [], []
    for recording in recordings:
        for pool, row in program.replay(recording, POOLS, "--machine", model, "--device", "cuda", *repeat).items():
            if row.get("predicted_ns") is None:
                continue
            rows.append(row)
            times = ("predicted_iteration_ns", "measured_iteration_ns", "predicted_call_ns", "device_call_ns")
            iteration, really, calls, calls_really = (milliseconds(row[field]) for field in times)
            printed.append([name_of(recording), pool, iteration, really, percent(row["iteration_error"]),
                            row["device_calls"], calls, calls_really, percent(row["call_error"])])
    text = "Operator traces in time, the machine probed just before; an error is predicted over measured minus 1:\n\n"
    text += table(["recording", "pool", "iteration predicted ms", "measured ms", "error", "calls", "calls predicted ms",
                   "measured ms", "error"], printed)
    fields = ["iteration_error", "call_error"]
    text += "\n" + table(["error of", "median", "worst", "runs"], [errors_of(rows, field) for field in fields])
    held_out = [row for row in checks if row.get("held_out")]
    if held_out:
        text += "\nMixtures that the probe did not fit to:\n\n"
        fields = ["figure", "measured_ns", "predicted_ns"]
        text += table([*fields, "error"], [[row[f] for f in fields] + [percent(row["error"])] for row in held_out])
    return text, bool(rows), model.read_text() if model.exists() else ""


def measured(program, recordings):
    rows, good = [], True
    for recording in recordings:
        same = 0
        for pool in POOLS:
            log = program.folder / f"{name_of(recording)}-{pool}.log"
            words = ("--machine", MACHINE, "--inputs")
            live = program.replay(recording, [pool], *words, "measured", "--device", "cuda", "--log", log)
            if not log.exists():
                continue
            again = program.replay(recording, [pool], *words, log, "--min-time", "0")
            same += bool(live) and live[pool]["decisions"] == again.get(pool, {}).get("decisions")
            log.unlink()
        rows.append([name_of(recording), f"{same} of {len(POOLS)}"])
        good = good and same == len(POOLS)
    text = "Runs on the device's own completions; their log, replayed in the simulator, gave the same decisions:\n\n"
    return text + table(["recording", "same decisions"], rows), good


# --- The page --------------------------------------------------------------------------------------------------------


def gpu_line():
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip().splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return "unknown GPU"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=pathlib.Path, metavar="RECORDING")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results", help="folder of live-replay.md")
    parser.add_argument("--vramlab", type=pathlib.Path, default=ROOT / "build/release/bin/vramlab")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs of each, of which medians count (5)")
    parser.add_argument("--core", type=core_of, default="auto", metavar="auto|none|N",
                        help="of what is timed: core N, the steadiest (auto), any at any time (none)")
    parser.add_argument("--commit", default="unknown")
    given = parser.parse_args()
    given.recordings = given.recordings or sorted((ROOT / "traces/bundled").glob("*"))
    return given


def timed_core(given):
    """None: any, or nothing is timed."""
    if given.core == "none" or "fidelity" not in given.parts.split(","):
        return None
    return steadiest_core() if given.core == "auto" else given.core


def head_line(given, core):
    on = f"Timed on {'any core' if core is None else f'core {core}'}. " if "fidelity" in given.parts.split(",") else ""
    return (f"GPU and driver: {gpu_line()}. Commit: {given.commit}. {on}Command: "
            f"`python3 results/live_replay.py {' '.join(name_of(r) for r in given.recordings)}`.\n")


def main():
    given = arguments()
    good, sections = True, []
    core = timed_core(given)
    operators = [r for r in given.recordings if ".csv" in r.name]
    with tempfile.TemporaryDirectory() as folder:
        program = Program(given, pathlib.Path(folder))
        model = ""
        for part in given.parts.split(","):
            print(f"live_replay: {part}", file=sys.stderr, flush=True)
            if part == "verify":
                text, fine = verify(program, given.recordings)
            elif part == "fidelity":
                with pinned(core):
                    text, fine, model = fidelity(program, operators, ("--repeat", given.repeat))
            else:
                text, fine = measured(program, operators)
            sections.append(text)
            good = good and fine
    if program.notes:
        sections.append("Messages:\n\n" + "".join(f"- {note}\n" for note in program.notes))
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "live-replay.md").write_text("\n".join([head_line(given, core), *sections]))
    if model:
        (given.out / "probe.yaml").write_text(model)
    print((given.out / "live-replay.md").read_text())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
