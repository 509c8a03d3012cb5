#!/usr/bin/env python3
"""Switches off the techniques of pool tiered in turn and writes results/tiered-ablation.md and .csv.

    ./dev build && python3 results/tiered-ablation.py [--min-time SECONDS] [RECORDING...]

Measures the bundled recordings, and those named besides. Every figure comes from `vramlab replay`; what stands between
the marks in tiered-ablation.md is written here, the rest by hand. Needs Python 3 alone.
"""

import argparse
import pathlib
import re
import sys

from smartpool_claim import ROOT, provenance, replaced, table, vramlab, write

PAGE = pathlib.Path(__file__).resolve().with_suffix(".md")
ROWS = PAGE.with_suffix(".csv")
VARIANTS = {
    "as it is": [],
    "hints recorded": ["hints=recorded"],
    "no prediction": ["enable_predictive_allocation=false"],
    "no defragmentation": ["enable_auto_defragmentation=false"],
    "one tier": ["enable_advanced_pooling=false"],
    "tiers not shared": ["share_tiers=false"],
    "no slack": ["slack=0"],
    "no slack with hints": ["slack=0", "hints=recorded"],
}
BASELINES = ["pytorch", "pytorch-expandable"]
# Better by less than this is no better: one page more or less in a gigabyte, a few device calls.
MARGIN = {"ratio": 0.001, "calls": 5, "call ms": 0.5}


def name_of(recording):
    return re.sub(r"(\.pickle|\.csv)?(\.xz|\.gz|\.zst|\.vlt)$", "", pathlib.Path(recording).name)


def figures_of(row):
    steady = row["steady_call_ns"] / row["steady_ns"] if row["steady_ns"] else None
    return {"ratio": row["reserved_over_requested"], "calls": row["device_calls"],
            "call ms": row["device_call_ns"] / 1e6, "ns/event": row["wall_ns_per_event"], "steady": steady}


def measure(recording, min_time):
    name = name_of(recording)
    print(f"measuring {name}", file=sys.stderr, flush=True)
    common = ["replay", recording, "--min-time", min_time]
    figures = {}
    for what, settings in VARIANTS.items():
        sets = [word for setting in settings for word in ("--set", f"tiered.{setting}")]
        figures[what] = figures_of(vramlab(*common, "--pool", "tiered", *sets)[0])
    for row in vramlab(*common, "--pool", ",".join(BASELINES)):
        figures[row["pool"]] = figures_of(row)
    return name, figures


def figure_table(measured, figure, form, columns):
    rows = [[name, *[form(f[column][figure]) for column in columns]] for name, f in measured.items()]
    return table(["recording", *columns], rows)


def steady_table(measured):
    with_operators = {name: f for name, f in measured.items() if f["as it is"]["steady"] is not None}
    columns = [*VARIANTS, *BASELINES]
    return figure_table(with_operators, "steady", lambda share: f"{100 * share:.1f}%", columns)


def verdict(measured, what, on, off):
    """Where `on` is better or worse than `off`, figure by figure."""
    lines = []
    for figure, margin in MARGIN.items():
        gains = {name: f[off][figure] - f[on][figure] for name, f in measured.items()}
        better = sorted((name for name in gains if gains[name] > margin), key=lambda name: -gains[name])
        worse = sorted((name for name in gains if gains[name] < -margin), key=lambda name: gains[name])
        best = f", most on {better[0]} ({shown(measured, better[0], off, on, figure)})" if better else ""
        worst = f", most on {worse[0]} ({shown(measured, worse[0], off, on, figure)})" if worse else ""
        lines.append(f"  - {figure}: better on {len(better)}{best}; worse on {len(worse)}{worst}")
    return "\n".join([f"- **{what}**, of {len(measured)} recordings:", *lines])


def shown(measured, name, off, on, figure):
    form = "{:.4f}" if figure == "ratio" else "{:.0f}"
    return " to ".join(form.format(measured[name][column][figure]) for column in (off, on))


def section(measured, command):
    ratio, count = "{:.4f}".format, "{:.0f}".format
    verdicts = [verdict(measured, "hints", "hints recorded", "as it is"),
                verdict(measured, "hints without slack", "no slack with hints", "no slack"),
                verdict(measured, "prediction", "as it is", "no prediction"),
                verdict(measured, "defragmentation", "as it is", "no defragmentation"),
                verdict(measured, "tiers", "as it is", "one tier"),
                verdict(measured, "sharing of tiers", "as it is", "tiers not shared"),
                verdict(measured, "slack", "as it is", "no slack")]
    return "\n\n".join([
        f"Command: `{command}`.\n{provenance()} The call time is not: it is a host's, with other work beside it.",
        "Reserved over requested:", figure_table(measured, "ratio", ratio, [*VARIANTS, *BASELINES]),
        "Device calls:", figure_table(measured, "calls", count, [*VARIANTS, *BASELINES]),
        "Time in them, simulated, ms:", figure_table(measured, "call ms", count, [*VARIANTS, *BASELINES]),
        "Share of the time of a settled iteration spent in them:", steady_table(measured),
        "Call time: ns an event, replay loop with digest:",
        figure_table(measured, "ns/event", count, [*VARIANTS, *BASELINES]),
        "What each technique does, switched on:", "\n".join(verdicts)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", metavar="RECORDING", help="further recordings to measure")
    parser.add_argument("--min-time", default="1", help="seconds that the runs behind a call time take in all")
    given = parser.parse_args()
    bundled = sorted(p for p in (ROOT / "traces/bundled").iterdir() if p.suffix != ".md")
    measured = dict(measure(recording, given.min_time) for recording in [*bundled, *given.recordings])
    command = "python3 results/tiered-ablation.py" + (" RECORDING..." if given.recordings else "")
    write(PAGE, replaced(PAGE.read_text(), "bundled", section(measured, command)))
    lines = [f"{name},{variant},{figure},{'' if value is None else value}" for name, f in measured.items()
             for variant, figures in f.items() for figure, value in figures.items()]
    write(ROWS, "\n".join(["recording,variant,figure,value", *lines]) + "\n")


if __name__ == "__main__":
    main()
