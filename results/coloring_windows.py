#!/usr/bin/env python3
"""Asks how much of an instance, around its heaviest moment, fits into its maximum load.

    ./dev build && python3 results/coloring_windows.py INSTANCE.csv [--time-limit S] [CLIQUES...]

A stretch of neighbouring maximal cliques is cut out of the instance (lifetimes clipped to it) and given to `vramlab plan
--solver exact` with the maximum load of the whole as capacity. One stretch that provably does not fit would raise the
lower bound of the whole. Reads id,lower,upper,size. Needs Python 3 alone.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build/release/bin/vramlab"


def maximal_cliques(buffers):
    """Times at which a buffer begins and the next change is an end: one in each maximal clique."""
    changes = sorted([(lower, 1) for _, lower, _, _ in buffers] + [(upper, 0) for _, _, upper, _ in buffers])
    return [time for (time, begins), (_, next_begins) in zip(changes, changes[1:]) if begins and not next_begins]


def load(buffers, time):
    return sum(size for _, lower, upper, size in buffers if lower <= time < upper)


def fits(buffers, capacity, time_limit):
    """(answer, seconds)"""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("id,lower,upper,size\n" + "".join(f"{i},{a},{b},{size}\n" for i, a, b, size in buffers))
        file.flush()
        command = [str(PROGRAM), "plan", file.name, "--solver", "exact", "--capacity", str(capacity),
                   "--time-limit", str(time_limit), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    row = json.loads(done.stdout)[0]
    return {True: "fits", False: "does not fit", None: "not decided"}[row["feasible"]], row["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", type=pathlib.Path)
    parser.add_argument("cliques", type=int, nargs="*", default=[20, 40, 60, 80, 100], help="lengths of the stretch")
    parser.add_argument("--time-limit", type=float, default=30)
    arguments = parser.parse_args()
    with open(arguments.instance, newline="") as file:
        buffers = [tuple(int(row[name]) for name in ("id", "lower", "upper", "size")) for row in csv.DictReader(file)]
    times = maximal_cliques(buffers)
    loads = [load(buffers, time) for time in times]
    heaviest = loads.index(max(loads))
    print(f"{arguments.instance.name}: {len(buffers)} buffers, {len(times)} cliques, maximum load {max(loads)}")
    for length in sorted({min(length, len(times)) for length in arguments.cliques}):
        first = max(0, min(heaviest - length // 2, len(times) - length))
        begin, end = times[first], times[first + length - 1] + 1
        clipped = [(i, max(a, begin), min(b, end), size) for i, a, b, size in buffers if a < end and b > begin]
        answer, seconds = fits(clipped, max(loads), arguments.time_limit)
        print(f"  {length} cliques around the heaviest, {len(clipped)} buffers: {answer} ({seconds:.2f} s)", flush=True)


if __name__ == "__main__":
    main()
