#!/usr/bin/env python3
"""Writes what `./dev bench coloring` measured into the tables of results/coloring.md.

    ./dev bench coloring && python3 results/coloring_table.py [RESULTS.json...]

Reads build/bench/results/coloring.json unless other files of Google Benchmark are named. Needs Python 3 alone.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "coloring.md"
MARKED = re.compile(r"(<!-- scaling: begin -->\n).*?(<!-- scaling: end -->)", re.DOTALL)


def read(paths):
    """{kind: {solver: [row of each size, ascending]}}; names are coloring/KIND[/BUFFERS]/SOLVER/min_time..."""
    tables = {}
    for path in paths:
        for row in json.loads(pathlib.Path(path).read_text())["benchmarks"]:
            if row.get("error_occurred"):
                sys.exit(f"{path}: {row['name']} failed")
            kind, *_, solver = row["name"].split("/min_time")[0].split("/")[1:]
            tables.setdefault(kind, {}).setdefault(solver, []).append(row)
    for table in tables.values():
        for rows in table.values():
            rows.sort(key=lambda row: row["buffers"])
    return tables


def seconds(row):
    text = f"{row['real_time'] / 1e3:.3g}" if row["real_time"] < 1e5 else f"{row['real_time'] / 1e3:.0f}"
    return f"{text}{' *' if row['stopped'] else ''}"


def peak(row):
    return "1" if row["peak_over_max_load"] == 1 else f"{row['peak_over_max_load']:.4f}"


def lines(kind, table):
    sizes = [row["buffers"] for row in next(iter(table.values()))]
    heads = [kind] + [head for size in sizes for head in (f"{size:,.0f}: s", "peak")] + ["ns/buffer", "over best-fit"]
    yield f"| {' | '.join(heads)} |"
    yield "|---" + "|--:" * (len(heads) - 1) + "|"
    for solver, rows in table.items():
        cells = [f"`{solver}`"] + [cell for row in rows for cell in (seconds(row), peak(row))]
        cells += [f"{rows[-1]['ns_per_buffer']:.0f}", f"{rows[-1]['over_best_fit']:.2f}"]
        yield f"| {' | '.join(cells)} |"
    yield ""


def main():
    paths = sys.argv[1:] or [HERE.parent / "build/bench/results/coloring.json"]
    table = [line for kind, rows in read(paths).items() for line in lines(kind, rows)]
    page, count = MARKED.subn(lambda found: "\n".join([found[1], *table, found[2]]), PAGE.read_text())
    if count != 1:
        sys.exit(f"{PAGE} has not one section marked scaling")
    temporary = PAGE.with_suffix(".md.tmp")
    temporary.write_text(page)
    temporary.replace(PAGE)


if __name__ == "__main__":
    main()
