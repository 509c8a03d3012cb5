#!/usr/bin/env python3
"""Writes what `./dev bench pool` measured into the tables of results/pool-calls.md.

    ./dev bench pool && python3 results/pool_calls_table.py [RESULTS.json...]

Reads build/bench/results/pool.json unless other files of Google Benchmark are named; rows of later files come on top.
Needs Python 3 alone.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "pool-calls.md"


def read(paths):
    """{kind: {scenario: {subject: row}}}; names are KIND/SCENARIO/SUBJECT/iterations..."""
    tables = {}
    for path in paths:
        for row in json.loads(pathlib.Path(path).read_text())["benchmarks"]:
            kind, scenario, subject = row["name"].split("/")[:3]
            tables.setdefault(kind, {}).setdefault(scenario, {})[subject] = row
    return tables


def calls(tables):
    lines = ["| scenario | subject | ns/call | p99 ns | over pytorch | over map-set | hits | reserved/requested | failed |",
             "|---|---|---|---|---|---|---|---|---|"]
    for scenario, rows in tables["calls"].items():
        for subject, row in rows.items():
            hits = f"{100 * row['hits']:.0f}%" if "hits" in row else ""
            base = rows.get("pytorch", row)["ns_per_call"], rows.get("map-set-best-fit", row)["ns_per_call"]
            lines.append(f"| {scenario} | {subject} | {row['ns_per_call']:.1f} | {row['p99_ns']:.0f} "
                         f"| {base[0] / row['ns_per_call']:.2f} | {base[1] / row['ns_per_call']:.2f} | {hits} "
                         f"| {row['reserved_over_requested']:.3f} | {row['failed']:.0f} |")
    return lines


def threads(tables):
    lines = ["| scenario | subject | one thread, ns/call | two threads' throughput over one's |", "|---|---|---|---|"]
    for scenario, rows in tables["threads"].items():
        for subject, row in rows.items():
            lines.append(f"| {scenario} | {subject} | {row['one_thread_ns']:.1f} | {row['throughput_ratio']:.2f} |")
    return lines


def put(page, mark, lines):
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->"
    head, rest = page.split(begin)
    return head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1]


def main():
    tables = read(sys.argv[1:] or [HERE.parent / "build/bench/results/pool.json"])
    page = put(PAGE.read_text(), "calls", calls(tables))
    PAGE.write_text(put(page, "threads", threads(tables)))


if __name__ == "__main__":
    main()
