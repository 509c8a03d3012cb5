#!/usr/bin/env python3
"""Replays SmartPool's claim and writes its figures into results/smartpool-claim.md and results/smartpool-claim.csv.

    ./dev build && python3 results/smartpool_claim.py [RECORDING...]

The bundled recordings are always measured; recordings named besides have tables of their own, which stay as they are
when none is named. Every figure comes from `vramlab replay`, `vramlab plan` and `vramlab trace info`; what stands
between the marks in smartpool-claim.md is written here, the rest by hand. Needs Python 3 alone.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = HERE / "smartpool-claim.md"
ROWS = HERE / "smartpool-claim.csv"
PROGRAM = ROOT / "build/release/bin/vramlab"
ROOMS = ["engine", "traces", "sim", "experiments"]
CLAIM = 0.133
GRANULE = 512
MIB = 1 << 20
SOLVERS = ["best-fit", "first-fit", "auto"]
POOLS = ["cnmem", "pytorch", "pytorch-expandable", "segment-block"]
PUBLISHED = {"alexnet": 1.001, "vgg": 1.051, "resnet": 1.0048}  # SmartPool's own ratios of footprint to maximum load


# --- Asking the program -----------------------------------------------------------------------------------------------


def vramlab(*arguments, may_fail=False):
    """The rows that the program prints; None if it failed, and may."""
    command = [str(PROGRAM), *map(str, arguments), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 1 and may_fail:
        return None
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def replay(recording, pools, *settings, may_fail=False):
    sets = [word for setting in settings for word in ("--set", setting)]
    return vramlab("replay", recording, "--pool", ",".join(pools), "--min-time", "0", *sets, may_fail=may_fail)


def fits_one_block(recording, size):
    settings = [f"cnmem.initial_size={size}", "cnmem.grow=false"]
    return replay(recording, ["cnmem"], *settings, may_fail=True) is not None


def one_block(recording, max_load):
    """The smallest block, by bisection to 2 MiB, out of which CnMem serves the whole recording without growing."""
    too_small, enough = max_load - 1, 2 * max_load
    while not fits_one_block(recording, enough):
        too_small, enough = enough, 2 * enough
    while enough - too_small > 2 * MIB:
        middle = (too_small + enough) // 2 // GRANULE * GRANULE
        if middle >= max_load and fits_one_block(recording, middle):
            enough = middle
        else:
            too_small = middle
    return enough


def lifetimes(recording):
    """(lower, upper, size) of every object in order of allocation, as the planner sees them."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "plan.csv"
        vramlab("plan", recording, "--solver", "best-fit", "--out", path)
        with open(path, newline="") as file:
            rows = [tuple(int(row[name]) for name in ("id", "lower", "upper", "size")) for row in csv.DictReader(file)]
    return [row[1:] for row in sorted(rows)]


def peak_of(buffers, solver):
    """Peak of a plan of (lower, upper, size) buffers."""
    if not buffers:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "instance.csv"
        lines = [f"{i},{lower},{upper},{size}" for i, (lower, upper, size) in enumerate(buffers)]
        path.write_text("\n".join(["id,lower,upper,size", *lines]) + "\n")
        return vramlab("plan", path, "--solver", solver)[0]["peak_bytes"]


# --- What is measured of one recording --------------------------------------------------------------------------------


def measure_pools(recording):
    rows = {row["pool"]: row for row in replay(recording, POOLS)}
    figures = {pool: row["peak_reserved_bytes"] for pool, row in rows.items()}
    figures["requested"] = rows["cnmem"]["peak_requested_bytes"]
    figures["max load"] = rows["cnmem"]["max_load_bytes"]
    figures["cnmem 256MiB"] = replay(recording, ["cnmem"], "cnmem.initial_size=256MiB")[0]["peak_reserved_bytes"]
    figures["cnmem one block"] = one_block(recording, figures["max load"])
    return figures


def measure_plans(recording):
    rows = {row["solver"]: row for row in vramlab("plan", recording, "--solver", ",".join(SOLVERS))}
    assert all(row["valid"] for row in rows.values())
    figures = {solver: row["peak_bytes"] for solver, row in rows.items()}
    figures["lower bound"] = max(row["lower_bound_bytes"] for row in rows.values())
    for solver in ("best-fit", "auto"):
        check_execution(recording, solver, figures[solver])
    return figures


def check_execution(recording, solver, peak):
    """The pool that follows the plan reserves its peak, and no more."""
    settings = ["--set", f"offline.solver={solver}", "--min-time", "0", "--verify"]
    row = vramlab("replay", recording, "--pool", "offline", *settings)[0]
    assert row["verified"] and row["peak_reserved_bytes"] == peak, f"the plan of {solver} was not followed"


def steady_window(recording, objects):
    """[begin, end) of one iteration in the middle of the loop, in events; None where no loop was found."""
    info = vramlab("trace", "info", recording)[0]
    if info["iterations_marked"] or not info["iterations"]:
        return None
    first = next(i for i, (lower, _, _) in enumerate(objects) if lower >= info["iterations_begin"])
    period = info["iteration_allocs"]
    at = first + info["iterations"] // 2 * period
    sizes = [size for _, _, size in objects]
    assert sizes[at:at + period] == sizes[first:first + period], "the iterations differ"
    return objects[at][0], objects[at + period][0]


def max_load(buffers):
    begins = [(lower, 1, size) for lower, _, size in buffers]
    ends = [(upper, 0, -size) for _, upper, size in buffers]
    load = peak = 0
    for _, _, change in sorted(begins + ends):
        load += change
        peak = max(peak, load)
    return peak


def measure_iteration(recording):
    """One iteration by SmartPool's published code: variables that outlive it twice and apart, what was there before it
    and stays outside of the pool; and coloured as one, everything clipped to the window."""
    objects = lifetimes(recording)
    window = steady_window(recording, objects)
    if window is None:
        return {}
    begin, end = window
    live = [b for b in objects if b[0] < end and b[1] > begin]
    outside = sum(size for lower, upper, size in live if lower < begin and upper >= end)
    crossing = sum(size for lower, upper, size in live if lower >= begin and upper > end)
    own = [b for b in live if b[0] >= begin and b[1] <= end]
    clipped = [(max(lower, begin), min(upper, end), size) for lower, upper, size in live]
    return {
        "iteration max load": max_load(clipped),
        "iteration outside": outside,
        "iteration crossing": crossing,
        "iteration published": outside + 2 * crossing + peak_of(own, "best-fit"),
        "iteration best-fit": peak_of(clipped, "best-fit"),
        "iteration auto": peak_of(clipped, "auto"),
    }


def measure(recording):
    name = re.sub(r"\.(xz|gz|zst)$", "", pathlib.Path(recording).name)
    print(f"measuring {name}", file=sys.stderr, flush=True)
    return name, {**measure_pools(recording), **measure_plans(recording), **measure_iteration(recording)}


# --- Tables -----------------------------------------------------------------------------------------------------------


def table(heads, rows):
    rule = "|---" + "|--:" * (len(heads) - 1) + "|"
    lines = [f"| {' | '.join(cells)} |" for cells in [heads, *rows]]
    return "\n".join([lines[0], rule, *lines[1:]])


def times(value, base):
    """Never rounded to 1 unless it is 1."""
    ratio = value / base
    return "1" if value == base else f"{ratio:.4f}" if ratio >= 1.00005 else f"1 + {ratio - 1:.1e}"


def cut(figures, what, than):
    return 1 - figures[what] / figures[than]


def percent(share):
    return f"{100 * share:.1f}%"


def small_percent(share):
    return f"{100 * share:.3f}%" if share == 0 or share >= 5e-6 else "<0.001%"


def footprints(measured):
    what = ["lower bound", *SOLVERS, "cnmem", "cnmem 256MiB", "cnmem one block", *POOLS[1:]]
    heads = ["recording", "max load MiB", "bound", "SmartPool, best fit", "SmartPool, first fit", "auto", "cnmem",
             "cnmem, 256 MiB first", "cnmem, one block", *POOLS[1:]]
    rows = [[name, f"{f['max load'] / MIB:.1f}", *[times(f[w], f["max load"]) for w in what]]
            for name, f in measured.items()]
    return table(heads, rows)


def reductions(measured):
    heads = ["recording", "than cnmem", "than cnmem, 256 MiB first", "than cnmem, one block", "than pytorch",
             "auto than cnmem", "SmartPool over bound", "SmartPool over requested"]
    rows = []
    for name, f in measured.items():
        cuts = [cut(f, "best-fit", than) for than in ("cnmem", "cnmem 256MiB", "cnmem one block", "pytorch")]
        over = [f["best-fit"] / f["lower bound"] - 1, f["best-fit"] / f["requested"] - 1]
        rows.append([name, *map(percent, cuts), percent(cut(f, "auto", "cnmem")),
                     *map(small_percent, over)])
    return table(heads, rows)


def summary(measured):
    """A line for each baseline; recordings with equal figures are one program, and count once."""
    lines = []
    for than in ("cnmem", "cnmem 256MiB", "cnmem one block", "pytorch"):
        programs = {(f["best-fit"], f[than]): (cut(f, "best-fit", than), name) for name, f in measured.items()}
        cuts = sorted(programs.values())
        held = [name for share, name in cuts if share >= CLAIM]
        ends = [f"{percent(share)} ({name.split('.')[0]})" for share, name in (cuts[0], cuts[-1])]
        lines.append(f"- against {than}: 13.3% or more on {len(held)} of {len(cuts)}; from {ends[0]} to {ends[1]}")
    return "\n".join(lines)


def iterations(measured):
    rows = []
    for name, f in measured.items():
        if "iteration max load" not in f:
            continue
        base = f["iteration max load"]
        published = next((str(ratio) for network, ratio in PUBLISHED.items() if name.startswith(network)), "")
        rows.append([name, f"{base / MIB:.1f}", f"{f['iteration outside'] / MIB:.1f}",
                     f"{f['iteration crossing'] / MIB:.1f}",
                     *[times(f[w], base) for w in ("iteration best-fit", "iteration auto", "iteration published")],
                     *[percent(cut(f, "iteration published", than)) for than in ("cnmem", "cnmem one block")],
                     published])
    heads = ["recording", "max load MiB", "there before, MiB", "outlives it, MiB", "coloured as one, best fit",
             "coloured as one, auto", "SmartPool as published", "published, less than cnmem",
             "published, less than cnmem, one block", "the paper's ratio"]
    return table(heads, rows)


# --- Provenance and files ---------------------------------------------------------------------------------------------


def provenance():
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()
    changed = git("status", "--porcelain", "--", *[f"{room}/*.{kind}" for room in ROOMS for kind in ("cpp", "h")])
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return (f"Commit: {git('rev-parse', '--short', 'HEAD')}{' with uncommitted changes' if changed else ''}. "
            f"Machine: {os.cpu_count()} cores, {cpu[1] if cpu else 'unknown'}. "
            f"Date: {datetime.date.today().isoformat()}.\n"
            "Bytes, not times: every machine gives the same.")


def section(command, origin, measured):
    return "\n\n".join([
        f"Command: `{command}`.\n{origin}",
        "Footprint over maximum load, the whole recording:",
        footprints(measured),
        "How much less SmartPool's colouring (best fit) takes:",
        reductions(measured),
        summary(measured),
        "One iteration, over the maximum load within it:",
        iterations(measured),
    ])


def replaced(page, mark, text):
    pattern = re.compile(rf"(<!-- {mark}: begin -->\n).*?(<!-- {mark}: end -->)", re.DOTALL)
    page, count = pattern.subn(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)
    if count != 1:
        sys.exit(f"{PAGE} has not one section marked {mark}")
    return page


def write(path, text):
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text)
    temporary.replace(path)


def kept_rows(mark):
    """Raw rows of a section that is not measured now."""
    if not ROWS.exists():
        return []
    return [row for row in csv.reader(ROWS.read_text().splitlines()[1:]) if row[0] == mark]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", metavar="RECORDING", help="further recordings to measure")
    named = parser.parse_args().recordings
    bundled = sorted(p for p in (ROOT / "traces/bundled").iterdir() if p.suffix != ".md")
    page, rows, origin = PAGE.read_text(), [], provenance()
    command = "python3 results/smartpool_claim.py"
    for mark, recordings, words in (("bundled", bundled, ""), ("further", named, " RECORDING...")):
        if not recordings:
            rows += kept_rows(mark)
            continue
        measured = dict(map(measure, recordings))
        rows += [[mark, name, what, str(value)] for name, f in measured.items() for what, value in f.items()]
        page = replaced(page, mark, section(command + words, origin, measured))
    write(PAGE, page)
    write(ROWS, "\n".join(",".join(row) for row in [["section", "recording", "what", "bytes"], *rows]) + "\n")


if __name__ == "__main__":
    main()
