#!/usr/bin/env python3
"""How far memory can be lowered by swapping, against what the links allow, into swapping.md (and autoswap-claim.md).

    ./dev build && python3 results/swapping.py [--part table|claim|together|online|adaptive] [RECORDING...]

Without recordings the bundled operator traces are taken. Part `table`: every swap policy on every link (PCIe, PCIe
with transfers packed to a half, the peer over NVLink) of a simulated H200, waiting at most --max-overhead, beside the
bound of `vramlab swap bound` and the greedy floor where it is known. Policies that plan run on the pool `offline`,
which lays their placings out beforehand; policies that decide as they go on --online-pool, whose own calls are part
of their time. Part `claim`: the published 34.2% without overhead, on the machine of that paper, with operators 4 to
24 times as slow as recorded. Part `together`: device memory of pools alone, of swapping alone and of both, against
PyTorch's pool, on each link and on the paper's machine. Part `online`: policies that decide as they go, warmed up.
Part `adaptive`: what it learns against the fixed policies, on a mix of recordings (--mix) and on each. Needs Python 3
alone; runs side by side on all cores.
"""

import argparse
import concurrent.futures
import csv
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from live_replay import ROOT, table
from mixed_recording import mix

LINKS = {
    "PCIe": ["--machine", "h200", "--swap-tier", "host"],
    "PCIe, packed to a half": ["--machine", "h200", "--swap-tier", "host", "--codec", "half"],
    "peer": ["--machine", "h200-x2", "--swap-tier", "peer"],
}
# What a recording's transfers are taken to be: tensors of training runs, packed lossless by the codec's preset fast, at
# the speed measured on an H200 (`vramlab list codecs`). CNNs in float32 keep ReLU activations; autocast keeps bfloat16
# activations; the rest is float32, or a model's bfloat16 weights.
MEASURED = "PCIe, packed lossless (measured)"
TENSORS = {
    "alexnet": "cnn_relu_act_fp32.float32", "vgg16": "cnn_relu_act_fp32.float32", "unet": "cnn_relu_act_fp32.float32",
    "resnet50": "cnn_relu_act_fp32.float32", "gpt2": "gpt_gelu_act_bf16.bf16", "bert": "gpt_weight_fp32.float32",
    "llama-train": "gpt_gelu_act_bf16.bf16", "llama-generate": "gpt_weight_bf16.bf16",
}
PLANNING = ["planned", "doa", "aoa", "wdoa", "swdoa"]
ONLINE = ["lru", "capuchin", "autoswap:conservative", "autoswap:balanced", "autoswap:adaptive"]
BASELINES = ["vdnn", "lms"]
ORACLES = ["belady"]
PAGES = {"table": "swapping.md", "claim": "autoswap-claim.md", "together": "together.md", "online": "online.md",
         "adaptive": "adaptive.md"}
NOTES = "## What it shows"
CLAIM = 0.342  # of the paper, "by up to", without communication overhead


def name_of(recording):
    return re.sub(r"\.csv(\.(xz|gz|zst))?$", "", pathlib.Path(recording).name)


class Rows:
    """What was measured, kept in a file of lines so that a run that was cut off goes on where it ended."""

    def __init__(self, path):
        self.path, self.lock, self.found = path, threading.Lock(), {}
        if path and path.exists():
            for line in path.read_text().splitlines():
                key, row = json.loads(line)
                self.found[re.sub(r"/\S*/", "", key)] = row

    def add(self, key, row):
        with self.lock:
            self.found[key] = row
            if self.path:
                with self.path.open("a") as out:
                    out.write(json.dumps([key, row]) + "\n")


def run(given, *words):
    """The row, {} where the program failed, {"not_measured": True} where it was not let finish."""
    key = re.sub(r"/\S*/", "", " ".join(map(str, words)))  # files by their names
    if key in given.rows.found:
        return given.rows.found[key]
    if given.cached_only or (given.until and time.strftime("%H:%M") >= given.until):
        return {"not_measured": True}
    row = call(given, words)
    if not row.get("not_measured"):
        given.rows.add(key, row)
    return row


def call(given, words):
    command = [str(given.vramlab), *map(str, words), "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=given.patience)
    except subprocess.TimeoutExpired:
        print(f"{' '.join(command)}: not done in {given.patience} s", file=sys.stderr)
        return {"not_measured": True}
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
    found = {}
    for moments in given.moments.split(","):
        found = run(given, "swap", "bound", recording, *link, "--max-overhead", overhead, "--moments", moments, *more)
        if found.get("bound_solved"):
            return {**found, "moments": moments}
    return {"not_measured": True} if found.get("not_measured") else {}


def planned(given, recording, policy, link, overhead, *more):
    """`planned` makes the least plan by itself; the published ones are searched for the least limit."""
    words = ["replay", recording, "--pool", "offline", "--set", "offline.layout=best", "--swap", policy, *link,
             "--max-overhead", overhead, "--min-time", "0", *more]
    own = ["--set", f"planned.effort={given.effort}"] if policy == "planned" else ["--limit", "min"]
    return run(given, *words, *own)


def online(given, recording, policy, link, overhead, *more):
    words = ["replay", recording, "--pool", given.online_pool, "--swap", policy, *link, "--max-overhead", overhead,
             "--warm-up", given.warm_up, "--min-time", "0", "--limit", "min", *more]
    return run(given, *words)


def percent(value, digits=1):
    return "-" if value is None else f"{100 * value:.{digits}f}%"


def in_parallel(given, jobs):
    """Calls of jobs = [(function, arguments...)], in order."""
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as workers:
        return list(workers.map(lambda job: job[0](given, *job[1:]), jobs))


def table_links(given, recording):
    links = dict(LINKS)
    file = next((file for name, file in TENSORS.items() if name_of(recording).startswith(name)), None)
    if given.tensors and file:
        codec = f"padic-fast:{given.tensors / file}.npy.xz"
        links[MEASURED] = ["--machine", "h200", "--swap-tier", "host", "--codec", codec]
    return links


def table_jobs(given, policies):
    """By link and recording: what is asked of each column. Order: what matters most first."""
    jobs = {}
    for recording in given.recordings:
        for label, link in table_links(given, recording).items():
            jobs[label, recording, "planned"] = (planned, recording, "planned", link, given.max_overhead)
    for recording in given.recordings:
        for label, link in table_links(given, recording).items():
            jobs[label, recording, "bound"] = (bound, recording, link, given.max_overhead)
    for recording in given.recordings:
        for label, link in table_links(given, recording).items():
            for policy in policies:
                way = planned if policy in PLANNING else online
                jobs.setdefault((label, recording, policy), (way, recording, policy, link, given.max_overhead))
    return jobs


def reduction(row, key="memory_reduction"):
    return "not measured" if row.get("not_measured") else percent(row.get(key))


def table_row(recording, least, results):
    limit = least.get("bound_reduction")
    best = max((row.get("memory_reduction") or 0 for row in results.values()), default=0)
    moments = f" ({least['moments']})" if limit else ""
    return [name_of(recording), reduction(least, "largest_operator_reduction"),
            reduction(least, "bound_reduction") + moments, *map(reduction, results.values()),
            percent(best / limit if limit else None), percent(results["planned"].get("overhead"), 2)]


def kept_notes(page):
    """What people wrote below the figures."""
    text = page.read_text() if page.exists() else ""
    at = text.find(NOTES)
    return text[at:] if at >= 0 else ""


def table_text(given, policies, results):
    head = ["recording", "largest operator allows", "bound (moments)", *policies, "best of bound",
            "overhead of planned"]
    text = "# Memory by swapping, against what the links allow\n\n" + provenance()
    for label in [*LINKS, MEASURED]:
        rows = [table_row(recording, results.get((label, recording, "bound"), {}),
                          {p: results.get((label, recording, p), {"not_measured": True}) for p in policies})
                for recording in given.recordings if (label, recording, "planned") in results]
        if rows:
            text += f"\n## {label}\n\n" + table(head, rows)
    return text


def table_part(given):
    policies = given.policies or PLANNING + ORACLES + BASELINES + ONLINE + ["autoswap:aggressive"]
    jobs = table_jobs(given, policies)
    results = dict(zip(jobs, in_parallel(given, jobs.values())))
    if given.csv:
        write_csv(given.csv, results)
    return table_text(given, policies, results)


FIELDS = ["memory_reduction", "overhead", "stall_ns", "simulated_ns", "peak_device_bytes", "max_load_bytes",
          "swapped_out_bytes", "swapped_in_bytes", "decisions", "bound_reduction", "bound_bytes",
          "largest_operator_reduction", "moments"]


def write_csv(path, results):
    """Every cell's figures as the program wrote them."""
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["link", "recording", "policy", *FIELDS])
        for (label, recording, policy), row in sorted(results.items(), key=str):
            if any(row.get(field) is not None for field in FIELDS):
                writer.writerow([label, name_of(recording), policy, *(row.get(field, "") for field in FIELDS)])


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


def least_peak(given, recording, pool, link, overhead, *more):
    """What `planned` takes on a pool, which then waits no longer than `overhead`: by its own least plan, made for
    a little less waiting where the run waits longer than its plan foretold."""
    sets = ["--set", "offline.layout=best"] if pool == "offline" else []
    for share in (1, 0.95, 0.85, 0.7, 0):
        found = run(given, "replay", recording, "--pool", pool, *sets, "--swap", "planned", *link, "--max-overhead",
                    overhead * share, "--min-time", "0", *more)
        if found.get("overhead") is not None and found["overhead"] <= overhead:
            return found
        if not found or overhead == 0:
            break
    return {}


def published(given, recording, link, overhead, *more):
    """The best of the published scores at the least limit that waits no longer than `overhead`."""
    scores = [score for score in ("swdoa", "doa", "aoa", "wdoa") if not given.policies or score in given.policies]
    found = [planned(given, recording, policy, link, overhead, *more) for policy in scores]
    there = [row for row in found if row.get("peak_device_bytes") is not None]
    return min(there, key=lambda row: row["peak_device_bytes"], default={})


def unswapped(given, recording, pool):
    """The same iterations with memory for all, so that nothing is swapped, on a pool that has settled."""
    return run(given, "replay", recording, "--pool", pool, "--swap", "lru", "--limit", "unlimited", "--warm-up",
               given.warm_up, "--min-time", "0")


def max_load(row):
    """Of the iterations with operators."""
    peak, reduction = row.get("peak_device_bytes"), row.get("memory_reduction")
    return {} if peak is None else {"peak_device_bytes": peak / (1 - reduction)}


def mebibytes(row):
    peak = row.get("peak_device_bytes")
    return "-" if peak is None else f"{peak / 2**20:.0f}"


def together_table(given, link, overhead, *more):
    """Peaks of device memory: pools alone, swapping alone, both."""
    recordings = given.recordings
    alone = ["pytorch", "cnmem", "smartpool"]
    jobs = []
    for recording in recordings:
        jobs += [(unswapped, recording, pool) for pool in alone]
        jobs.append((least_peak, recording, "pytorch", link, overhead, *more))
        jobs.append((published, recording, link, overhead, *more))
        jobs.append((least_peak, recording, "offline", link, overhead, *more))
    answers = iter(in_parallel(given, jobs))
    rows = []
    for recording in recordings:
        pools = {pool: next(answers) for pool in alone}
        swapped, scores, both = next(answers), next(answers), next(answers)
        base = pools["pytorch"].get("peak_device_bytes")

        def less(row, base=base):
            peak = row.get("peak_device_bytes")
            return percent(None if peak is None or not base else 1 - peak / base)

        rows.append([name_of(recording), *(mebibytes(pools[pool]) for pool in alone), mebibytes(max_load(both)),
                     mebibytes(swapped), mebibytes(scores), mebibytes(both), less(pools["smartpool"]), less(swapped),
                     less(scores), f"**{less(both)}**", less(both, pools["cnmem"].get("peak_device_bytes")),
                     percent(both.get("overhead"), 2)])
    head = ["recording", *(f"`{pool}`" for pool in alone), "max load", "`pytorch`, swapped",
            "together, published scores", "together, `planned`", "less: `smartpool`", "less: swapping",
            "less: together, published", "less: **together**", "than `cnmem`", "overhead"]
    return table(head, rows)


def online_part(given):
    """What policies that decide as they go save, once pool and policy have settled."""
    policies = given.policies or ORACLES + ONLINE
    text = "# Policies that decide as they go, warmed up\n\n" + provenance()
    for label, link in LINKS.items():
        jobs = [(online, recording, p, link, given.max_overhead) for recording in given.recordings for p in policies]
        answers = iter(in_parallel(given, jobs))
        rows = [[name_of(recording), *(percent(next(answers).get("memory_reduction")) for _ in policies)]
                for recording in given.recordings]
        text += f"\n## {label}\n\n" + table(["recording", *(f"`{p}`" for p in policies)], rows)
        write_page(given.out, text)
    return text


MIXES = [("PCIe", "vmm", LINKS["PCIe"]), ("peer", "segment-block", LINKS["peer"])]
FIXED = ["autoswap:aggressive", "autoswap:balanced", "autoswap:conservative"]


def limited(given, recording, pool, policy, link, limit, warm_up):
    return run(given, "replay", recording, "--pool", pool, "--swap", policy, *link, "--limit", limit, "--warm-up",
               warm_up, "--min-time", "0")


def against_fixed(overheads):
    """Percentage points by which `adaptive`, the last one, waits longer than the best of the others."""
    *fixed, own = overheads
    return None if own is None or None in fixed else 100 * (own - min(fixed))


def adaptive_table(given, mixes, pool, link):
    """A row for each recording and limit: all iterations of a mix are measured, of others one round after --warm-up."""
    policies = [*FIXED, "autoswap:adaptive"]
    cases = [(file, 0) for file in mixes] + [(file, given.warm_up) for file in given.recordings]
    jobs = [(limited, file, pool, policy, link, limit, warm_up)
            for file, warm_up in cases for limit in given.limits for policy in policies]
    answers = iter(in_parallel(given, jobs))
    rows = []
    for file, _ in cases:
        for limit in given.limits:
            found = [next(answers).get("overhead") for _ in policies]
            points = against_fixed(found)
            rows.append([name_of(file), limit, *map(percent, found[:-1]), f"**{percent(found[-1])}**",
                         "-" if points is None else f"{points:+.1f}"])
    behind = [row for row in rows if row[-1].startswith("+") and row[-1] != "+0.0"]
    head = ["recording", "limit", *(f"`{p.split(':')[1]}`" for p in policies), "against the best fixed"]
    return table(head, rows) + f"\nBehind the best fixed policy in {len(behind)} of {len(rows)} rows.\n"


def adaptive_part(given):
    """`adaptive` against the fixed policies: recordings one after the other under one manager, and each by itself."""
    text = "# adaptive against the fixed policies\n\n" + provenance()
    with tempfile.TemporaryDirectory() as folder:
        mixes = []
        for name, words in (one.split("=", 1) for one in given.mix):
            mixes.append(pathlib.Path(folder) / f"{name}.csv")
            mix([word.rsplit(":", 1) for word in words.split(",")], mixes[-1])
        for label, pool, link in MIXES:
            text += f"\n## {label}, pool `{pool}`\n\n" + adaptive_table(given, mixes, pool, link)
            write_page(given.out, text)
    return text


def command_line():
    return " ".join(["python3 results/swapping.py", *(pathlib.Path(word).name if "/" in word else word
                                                      for word in sys.argv[1:])])


def provenance():
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()

    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return (f"    ./dev build && {command_line()}\n\n{cpu[1] if cpu else 'unknown processor'}, no GPU; "
            f"{datetime.date.today().isoformat()}, commit {git('rev-parse', '--short', 'HEAD')}. "
            "All is simulated: every machine gives the same.\n")


def together_part(given):
    sections = [("On an H200, at most 1% of overhead: " + label, LINKS[label], 0.01, []) for label in LINKS]
    link = ["--machine", "gtx1080ti-pcie3", "--swap-tier", "host"]
    sections.append(("On the claim's machine, no overhead: operators 12 times as slow, PCIe 3", link, 0,
                     ["--compute-scale", "12"]))
    text = "# Placement and swapping together, against PyTorch's pool\n\n" + provenance()
    for label, link, overhead, more in sections:
        text += f"\n## {label}\n\n" + together_table(given, link, overhead, *more)
        write_page(given.out, text)
    return text


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=pathlib.Path, metavar="RECORDING")
    parser.add_argument("--part", choices=list(PAGES), default="table")
    parser.add_argument("--out", type=pathlib.Path, help="file (results/swapping.md, results/autoswap-claim.md)")
    parser.add_argument("--vramlab", type=pathlib.Path, default=ROOT / "build/release/bin/vramlab")
    parser.add_argument("--max-overhead", default="1%")
    parser.add_argument("--moments", default="400,160,80", help="of the bound, tried in this order: more are tighter")
    parser.add_argument("--patience", type=float, default=150, help="seconds for one command")
    parser.add_argument("--effort", default="30000000", help="of `planned`: ten times its default takes seconds")
    parser.add_argument("--policies", type=lambda text: text.split(","), help="instead of all")
    parser.add_argument("--online-pool", default="vmm")
    parser.add_argument("--warm-up", default="4", help="rounds that policies which decide as they go have to settle")
    parser.add_argument("--scales", type=lambda text: text.split(","), default=["4", "8", "12", "16", "24"])
    parser.add_argument("--limits", type=lambda text: text.split(","), default=["60%", "70%", "80%", "90%"])
    parser.add_argument("--mix", nargs="+", default=[], metavar="NAME=RECORDING:ROUNDS,...",
                        help="of part adaptive: recordings one after the other")
    parser.add_argument("--tensors", type=pathlib.Path, help="folder of the tensors that stand for what is packed")
    parser.add_argument("--rows", type=pathlib.Path, help="file that keeps what was measured, for the next call")
    parser.add_argument("--until", help="HH:MM after which nothing more is begun")
    parser.add_argument("--cached-only", action="store_true", help="write the page from --rows alone")
    parser.add_argument("--csv", type=pathlib.Path, help="also every figure of part table")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    given.rows = Rows(given.rows)
    given.out = given.out or ROOT / "results" / PAGES[given.part]
    given.recordings = given.recordings or [] if given.mix else given.recordings or sorted((ROOT / "traces/bundled").glob("*.csv*"))
    return given


def write_page(page, text):
    """Whole, or not at all: a page without a figure is not worth the one that is there."""
    if not re.search(r"\d%|\| \d", text):
        raise SystemExit(f"nothing was measured; {page} is left as it is")
    new = page.with_name(page.name + ".new")
    new.write_text(text.rstrip("\n") + "\n")
    os.replace(new, page)


def main():
    given = arguments()
    notes = kept_notes(given.out)
    text = {"table": table_part, "claim": claim_part, "together": together_part,
            "online": online_part, "adaptive": adaptive_part}[given.part](given)
    write_page(given.out, text + ("\n" + notes if notes else ""))
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
