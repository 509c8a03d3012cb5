#!/usr/bin/env python3
"""Swaps on the GPU what the simulator swapped, and says how far both agree, into live-swap.md.

    ./dev build && python3 results/live_swap.py [--tier peer] [RECORDING...]

Without recordings the bundled operator traces are taken. The machine is probed first. Then two parts: the planner's
timetable of each recording (policy `planned`, pool `offline`), whose overhead is predicted by the simulator and measured
on the GPU; and on-line policies under a tighter limit, which swap as much as they can. Every run is repeated with the
bytes of every object checked: on every read, after every return, and at the end, when all that is away comes home. Needs
a GPU (two for --tier peer) and Python 3 alone. Exit codes: 1 where decisions or bytes differ, 3 without a GPU.
"""

import argparse
import pathlib
import sys
import tempfile

from live_replay import ROOT, Program, core_of, gpu_line, name_of, percent, pinned, steadiest_core, table

PLANNED = ["--pool", "offline", "--swap", "planned"]


def gigabytes(value):
    return f"{value / 1e9:.2f}"


def row_of(program, recording, *words):
    rows = program.run("replay", recording, *words)
    return rows[0] if rows and rows[0].get("decisions") else None


def planned_part(program, given, model, total):
    """Each recording under its plan: predicted beside measured, then once more with all bytes checked."""
    head = ["recording", "limit", "reduction", "swapped GB", "overhead predicted", "measured", "points apart",
            "same decisions", "bytes verified"]
    lines, good = [], True
    for recording in given.recordings:
        words = [*PLANNED, *given.plan_options, "--machine", model, "--swap-tier", given.tier, "--limit", given.limit]
        simulated = row_of(program, recording, *words, "--min-time", "0")
        live = row_of(program, recording, *words, "--device", "cuda", "--repeat", given.repeat)
        checked = row_of(program, recording, *words, "--device", "cuda", "--verify")
        if not (simulated and live and checked):
            lines.append([name_of(recording), given.limit] + ["-"] * 7)
            good = False
            continue
        swapped = sum(checked[f] for f in ("swapped_out_bytes", "swapped_in_bytes"))
        total[0] += swapped
        same = simulated["decisions"] == live["decisions"] == checked["decisions"]
        good = good and same and bool(checked["verified"])
        apart = 100 * (live["overhead"] - simulated["overhead"])
        lines.append([name_of(recording), given.limit, percent(live["memory_reduction"]), gigabytes(swapped),
                      f"{100 * simulated['overhead']:.2f}%", f"{100 * live['overhead']:.2f}%", f"{apart:+.2f}",
                      "yes" if same else "NO", "yes" if checked["verified"] else "NO"])
    text = "The planner's timetable, simulated on the model probed just before and carried out on the GPU:\n\n"
    return text + table(head, lines), good


def volume_part(program, given, model, total):
    head = ["recording", "policy", "pool", "limit", "swapped out GB", "in GB", "same decisions", "bytes verified"]
    lines, good = [], True
    for recording in given.recordings:
        for policy in given.policies.split(","):
            words = ["--pool", given.pool, "--swap", policy, "--swap-tier", given.tier, "--machine", model,
                     "--limit", given.tight]
            simulated = row_of(program, recording, *words, "--min-time", "0")
            live = row_of(program, recording, *words, "--device", "cuda", "--verify")
            if not (simulated and live):
                lines.append([name_of(recording), policy, given.pool, given.tight] + ["-"] * 4)
                continue
            total[0] += live["swapped_out_bytes"] + live["swapped_in_bytes"]
            same = simulated["decisions"] == live["decisions"]
            good = good and same and bool(live["verified"])
            lines.append([name_of(recording), policy, given.pool, given.tight, gigabytes(live["swapped_out_bytes"]),
                          gigabytes(live["swapped_in_bytes"]), "yes" if same else "NO",
                          "yes" if live["verified"] else "NO"])
    text = "On-line policies under a tight limit, all bytes checked:\n\n"
    return text + table(head, lines), good


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=pathlib.Path, metavar="RECORDING")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results", help="folder of live-swap.md")
    parser.add_argument("--vramlab", type=pathlib.Path, default=ROOT / "build/release/bin/vramlab")
    parser.add_argument("--tier", default="host", choices=["host", "peer", "disk"])
    parser.add_argument("--limit", default="92%", help="of the planned part")
    parser.add_argument("--plan-options", default="--set offline.layout=best", help="of the planned part, one string")
    parser.add_argument("--tight", default="70%", help="limit of the on-line policies")
    parser.add_argument("--policies", default="lru,capuchin,autoswap", help="on-line ones; '' = none")
    parser.add_argument("--pool", default="pytorch", help="of the on-line policies")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs of each, of which medians count (5)")
    parser.add_argument("--machine", help="a model probed before; else the machine is probed")
    parser.add_argument("--core", type=core_of, default="auto", metavar="auto|none|N",
                        help="of all runs: core N, the steadiest (auto), any at any time (none)")
    parser.add_argument("--commit", default="unknown")
    given = parser.parse_args()
    given.plan_options = given.plan_options.split()
    given.recordings = given.recordings or sorted((ROOT / "traces/bundled").glob("*.csv*"))
    return given


def main():
    given = arguments()
    total, sections, good = [0], [], True
    core = None if given.core == "none" else steadiest_core() if given.core == "auto" else given.core
    with tempfile.TemporaryDirectory() as folder, pinned(core):
        program = Program(given, pathlib.Path(folder))
        model = pathlib.Path(given.machine) if given.machine else pathlib.Path(folder) / "probe.yaml"
        if not given.machine:
            program.run("machine", "probe", "--quick", "--out", model)
        for part in (planned_part, volume_part if given.policies else None):
            if part is None:
                continue
            text, fine = part(program, given, model, total)
            sections.append(text)
            good = good and fine
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "probe.yaml").write_text(model.read_text())
    sections.append(f"{gigabytes(total[0])} GB swapped with every byte checked.\n")
    if program.notes:
        sections.append("Messages:\n\n" + "".join(f"- {note}\n" for note in program.notes))
    names = " ".join(name_of(r) for r in given.recordings)
    head = (f"GPU and driver: {gpu_line()}. Commit: {given.commit}. Core: {core}. Tier: {given.tier}. Command: "
            f"`python3 results/live_swap.py {names}`.\n")
    (given.out / "live-swap.md").write_text("\n".join([head, *sections]))
    print((given.out / "live-swap.md").read_text())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
