#!/usr/bin/env python3
"""Measures every pool, and every technique of ours switched off in turn, into results/pools.md.

    ./dev build && python3 results/pools.py [RECORDING...]

The bundled recordings are always measured; recordings named besides have tables of their own, which stay as they are
when none is named. Every figure comes from `vramlab replay`. Needs Python 3 alone.
"""

import argparse
import pathlib
import re
import sys

from smartpool_claim import ROOT, percent, provenance, replaced, table, vramlab, write

PAGE = pathlib.Path(__file__).resolve().parent / "pools.md"
POOLS = ["pytorch", "pytorch-expandable", "segment-block", "tiered", "vmm", "smartpool", "offline"]
# Pool: what is changed, and the settings that do it.
VARIANTS = {
    "segment-block": [
        ("segments of 512 MiB", ["segment_size=512MiB"]),
        ("first fit", ["allocation_strategy=first_fit"]),
        ("no coalescing", ["coalescing=false"]),
    ],
    "vmm": [
        ("no stitching", ["stitching=false"]),
        ("no moving", ["moving=false"]),
        ("neither", ["stitching=false", "moving=false"]),
        ("no mappings kept", ["view_cache=0"]),
        ("no pages for small objects", ["small_limit=0"]),
        ("no headroom", ["headroom=0"]),
        ("largest runs first", ["stitch_order=largest_run"]),
        ("pages of 4 MiB", ["page_size=4MiB"]),
        ("pages of 16 MiB", ["page_size=16MiB"]),
    ],
    "smartpool": [
        ("over segment-block", ["fallback=segment-block"]),
        ("planned by best fit", ["solver=best-fit"]),
        ("one plan at a time", ["plans=1"]),
    ],
}


def name_of(recording):
    return re.sub(r"\.(xz|gz|zst)$", "", pathlib.Path(recording).name)


def replay(recording, pools, settings=()):
    sets = [word for setting in settings for word in ("--set", setting)]
    rows = vramlab("replay", recording, "--pool", ",".join(pools), "--min-time", "0", "--verify", *sets)
    assert all(row["verified"] for row in rows)
    return rows


def measure(recording):
    """{(pool, what was changed): row}"""
    print(f"measuring {name_of(recording)}", file=sys.stderr, flush=True)
    rows = {(row["pool"], ""): row for row in replay(recording, POOLS)}
    for pool, variants in VARIANTS.items():
        for what, settings in variants:
            rows[pool, what] = replay(recording, [pool], [f"{pool}.{s}" for s in settings])[0]
    return rows


def ratio(row):
    return f"{row['reserved_over_requested']:.4f}"


def calls(row):
    return f"{row['device_calls']} ({row['device_call_ns'] / 1e6:.1f} ms)"


def steady(row):
    """Device calls in the steady state, as a share of the iterations' time."""
    return "" if row["steady_ns"] is None else f"{percent(row['steady_call_ns'] / row['steady_ns'])}"


def over_pools(measured, cell, keep=lambda rows: True):
    return table(["recording", *POOLS],
                 [[name, *[cell(rows[pool, ""]) for pool in POOLS]] for name, rows in measured.items() if keep(rows)])


def ablation(measured, pool):
    """Worst and mean ratio, and calls, over the recordings."""
    lines = []
    for what in ["", *[what for what, _ in VARIANTS[pool]]]:
        rows = [rows[pool, what] for rows in measured.values()]
        ratios = [row["reserved_over_requested"] for row in rows]
        worst = max(measured, key=lambda name: measured[name][pool, what]["reserved_over_requested"])
        shares = [row["steady_call_ns"] / row["steady_ns"] for row in rows if row["steady_ns"] is not None]
        lines.append([what or "as it is", f"{sum(ratios) / len(ratios):.4f}", f"{max(ratios):.4f} ({worst.split('.')[0]})",
                      f"{sum(row['device_calls'] for row in rows)}",
                      f"{sum(row['device_call_ns'] for row in rows) / 1e6:.0f}",
                      percent(max(shares)) if shares else ""])
    return table([f"`{pool}`", "mean ratio", "worst ratio", "calls", "ms in calls", "worst steady share"], lines)


def section(command, measured):
    return "\n\n".join([
        f"Command: `{command}`.\n{provenance()}",
        "Peak reserved over peak requested:",
        over_pools(measured, ratio),
        "Calls to the device, and the time of them on the simulated H200, whole recording:",
        over_pools(measured, calls),
        "Time in calls to the device as a share of the time of the iterations, second half of the recorded iterations:",
        over_pools(measured, steady, lambda rows: rows["vmm", ""]["steady_ns"] is not None),
        "One thing changed at a time, over all recordings of this section:",
        *[ablation(measured, pool) for pool in VARIANTS],
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", metavar="RECORDING", help="further recordings to measure")
    named = parser.parse_args().recordings
    bundled = sorted(p for p in (ROOT / "traces/bundled").iterdir() if p.suffix != ".md")
    page = PAGE.read_text()
    for mark, recordings, words in (("bundled", bundled, ""), ("further", named, " RECORDING...")):
        if recordings:
            measured = {name_of(r): measure(r) for r in recordings}
            page = replaced(page, mark, section("python3 results/pools.py" + words, measured))
    write(PAGE, page)


if __name__ == "__main__":
    main()
