#!/usr/bin/env python3
"""How far memory can be lowered by swapping, against what the links allow, into swapping.md (and autoswap-claim.md).

    ./dev build && python3 results/swapping.py [--part table|claim] [RECORDING...]

Without recordings the bundled operator traces are taken. Part `table`: every swap policy on every link (PCIe, PCIe with
transfers packed to a half, the peer over NVLink) of a simulated H200, waiting at most --max-overhead, beside the bound of
`vramlab swap bound` and the greedy floor where it is known. Policies that plan run on the pool `offline`, which lays
their placings out beforehand; policies that decide as they go on --online-pool, whose own calls are part of their time.
Part `claim`: the published 34.2% without overhead, on the machine of that paper, with operators 4 to 24 times as slow as
recorded. Needs Python 3 alone; runs side by side on all cores.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

from live_replay import ROOT, table

LINKS = {
    "PCIe": ["--machine", "h200", "--swap-tier", "host"],
    "PCIe, packed to a half": ["--machine", "h200", "--swap-tier", "host", "--codec", "half"],
    "peer": ["--machine", "h200-x2", "--swap-tier", "peer"],
}
PLANNING = ["planned", "doa", "aoa", "wdoa", "swdoa"]
ONLINE = ["lru", "capuchin", "autoswap:balanced", "autoswap:adaptive"]
ORACLES = ["belady", "vdnn", "lms"]
CLAIM = 0.342  # of the paper, "by up to", without communication overhead


def name_of(recording):
    return re.sub(r"\.csv(\.(xz|gz|zst))?$", "", pathlib.Path(recording).name)


def run(given, *words):
    command = [str(given.vramlab), *map(str, words), "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=given.patience)
    except subprocess.TimeoutExpired:
        print(f"{' '.join(command)}: not done in {given.patience} s", file=sys.stderr)
        return {}
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        rows = []
    if done.returncode != 0 and not rows:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr.strip()]
        print(f"{' '.join(command)}: {errors[-1][:300]}", file=sys.stderr)
    return rows[0] if rows else {}


def bound(given, recording, link, overhead, *more):
    """The tightest that is solved in minutes: fewer moments loosen the bound."""
    for moments in given.moments.split(","):
        found = run(given, "swap", "bound", recording, *link, "--max-overhead", overhead, "--moments", moments, *more)
        if found.get("bound_solved"):
            return {**found, "moments": moments}
    return {}


def planned(given, recording, policy, link, overhead, *more):
    """`planned` makes the least plan by itself; the published ones are searched for the least limit."""
    words = ["replay", recording, "--pool", "offline", "--set", "offline.layout=best", "--swap", policy, *link,
             "--max-overhead", overhead, "--min-time", "0", *more]
    return run(given, *words, *([] if policy == "planned" else ["--limit", "min"]))


def online(given, recording, policy, link, overhead, *more):
    words = ["replay", recording, "--pool", given.online_pool, "--swap", policy, *link, "--max-overhead", overhead,
             "--min-time", "0", "--limit", "min", *more]
    return run(given, *words)


def percent(value, digits=1):
    return "-" if value is None else f"{100 * value:.{digits}f}%"


def in_parallel(given, jobs):
    """Calls of jobs = [(function, arguments...)], in order."""
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as workers:
        return list(workers.map(lambda job: job[0](given, *job[1:]), jobs))


def table_part(given):
    sections = []
    for label, link in LINKS.items():
        policies = given.policies or PLANNING + ORACLES + ONLINE
        jobs = []
        for recording in given.recordings:
            jobs.append((bound, recording, link, given.max_overhead))
            jobs += [(planned if p in PLANNING else online, recording, p, link, given.max_overhead) for p in policies]
        answers = iter(in_parallel(given, jobs))
        rows = []
        for recording in given.recordings:
            least = next(answers)
            limit = least.get("bound_reduction")
            results = {p: next(answers) for p in policies}
            cells = [percent(results[p].get("memory_reduction")) for p in policies]
            best = max((r.get("memory_reduction") or 0 for r in results.values()), default=0)
            over = results.get("planned", {}).get("overhead")
            rows.append([name_of(recording), percent(least.get("largest_operator_reduction")), percent(limit), *cells,
                         percent(best / limit if limit else None), percent(over, 2)])
        head = ["recording", "largest operator allows", "bound", *policies, "best of bound", "overhead of planned"]
        sections.append(f"## {label}\n\n" + table(head, rows))
        given.out.write_text("# Memory by swapping, against what the links allow\n\n" + "\n".join(sections))
    return given.out.read_text()


def claim_part(given):
    link = ["--machine", "gtx1080ti-pcie3", "--swap-tier", "host"]
    jobs = []
    for recording in given.recordings:
        for scale in given.scales:
            more = ["--compute-scale", scale]
            jobs.append((bound, recording, link, "0", *more))
            jobs += [(planned, recording, p, link, "0", *more) for p in ("planned", "swdoa", "doa", "aoa", "wdoa")]
    answers = iter(in_parallel(given, jobs))
    rows = []
    for recording in given.recordings:
        for scale in given.scales:
            least = next(answers)
            results = [next(answers) for _ in range(5)]
            published = max((r.get("memory_reduction") or 0) for r in results[1:])
            limit = least.get("bound_reduction")
            verdict = "possible" if (results[0].get("memory_reduction") or 0) >= CLAIM else (
                "not reached; the bound allows it" if limit and limit >= CLAIM else "impossible: beyond the bound")
            rows.append([name_of(recording), f"{scale}x", percent(limit), percent(results[0].get("memory_reduction")),
                         percent(published), percent(results[0].get("overhead"), 2), verdict])
    head = ["recording", "operators slower", "bound", "planned", "best published score", "overhead of planned",
            "34.2% without overhead"]
    return "# The claim of 34.2% without overhead\n\n" + table(head, rows)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=pathlib.Path, metavar="RECORDING")
    parser.add_argument("--part", choices=["table", "claim"], default="table")
    parser.add_argument("--out", type=pathlib.Path, help="file (results/swapping.md, results/autoswap-claim.md)")
    parser.add_argument("--vramlab", type=pathlib.Path, default=ROOT / "build/release/bin/vramlab")
    parser.add_argument("--max-overhead", default="1%")
    parser.add_argument("--moments", default="400,160,80", help="of the bound, tried in this order: more are tighter")
    parser.add_argument("--patience", type=float, default=150, help="seconds for one command")
    parser.add_argument("--policies", type=lambda text: text.split(","), help="instead of all")
    parser.add_argument("--online-pool", default="segment-block")
    parser.add_argument("--scales", type=lambda text: text.split(","), default=["4", "8", "12", "16", "24"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    given.out = given.out or ROOT / "results" / ("swapping.md" if given.part == "table" else "autoswap-claim.md")
    given.recordings = given.recordings or sorted((ROOT / "traces/bundled").glob("*.csv*"))
    return given


def main():
    given = arguments()
    text = table_part(given) if given.part == "table" else claim_part(given)
    given.out.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
