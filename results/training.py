#!/usr/bin/env python3
"""Trains four unmodified programs on PyTorch's allocator and on ours, run by run in turn, and compares them.

    python3 results/training.py --commit "$(git rev-parse HEAD)" --out build/training

Needs a GPU, PyTorch, torchvision, transformers, torch_geometric, and build/release/bin/vramlab with its plug-in. Every
run is a process of its own; the variants take turns in each round, beginning with another one each time. Losses are
compared bit by bit with the first run on PyTorch's allocator. Memory is peak reserved over peak requested bytes, both
as the allocator itself counts them. A step's time is the median over a run's later steps; the ratio is taken to
PyTorch's run of the same round, and the median of the rounds is told. Writes training.json and training.md.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = ["resnet50", "gpt2_variable", "gnn_variable", "llama_generate"]
VARIANTS = {  # name: pool, or None for PyTorch's allocator; what is added to the environment
    "pytorch": (None, {}),
    "pytorch-expandable": (None, {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
                                  "PYTORCH_ALLOC_CONF": "expandable_segments:True"}),
    "smartpool": ("smartpool", {}),
    "vmm": ("vmm", {}),
}
BASE = "pytorch"
SETTLING = 0.3  # share of a run's steps that is not timed: kernels are loaded, caches filled
LIMIT_S = 120   # of one run


# --- One run ---------------------------------------------------------------------------------------------------------


def command_of(program, variant, report, given):
    """Both kinds tell their figures in the same way: PyTorch's memory_stats at the end of the program."""
    words = [sys.executable, str(ROOT / "results/training/with_stats.py"), str(report),
             str(ROOT / "results/training" / f"{program}.py")]
    pool = VARIANTS[variant][0]
    if pool is None:
        return words
    shield = ["env", "-u", "LD_LIBRARY_PATH"] if given.libraries else []  # those are vramlab's, not the program's
    return [str(given.vramlab), "run", "--pool", pool, "--", *shield, *words]


def environment_of(variant, log, given):
    own = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF", "TRAINING_STEPS")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment |= {"TRAINING_LOG": str(log), "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "PYTHONUNBUFFERED": "1",
                    "PYTHONDONTWRITEBYTECODE": "1", **VARIANTS[variant][1]}
    if VARIANTS[variant][0] is not None and given.libraries:
        environment["LD_LIBRARY_PATH"] = str(given.libraries)
    if given.steps:
        environment["TRAINING_STEPS"] = str(given.steps)
    return environment


def read_lines(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def run_once(program, variant, number, given):
    stem = given.out / f"{program}-{variant}-{number}"
    log, report, output = (stem.with_name(stem.name + end) for end in (".jsonl", ".report.json", ".log"))
    for old in (log, report):
        old.unlink(missing_ok=True)
    begin = time.monotonic()
    with open(output, "w", encoding="utf-8") as text:
        try:
            code = subprocess.run(command_of(program, variant, report, given), cwd=ROOT, stdout=text,
                                  stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False,
                                  env=environment_of(variant, log, given)).returncode
        except (subprocess.TimeoutExpired, OSError) as error:
            text.write(f"\n{error}\n")
            code = -1
    run = {"program": program, "variant": variant, "round": number, "exit_code": code,
           "seconds": time.monotonic() - begin, "steps": read_lines(log), "report": None}
    if report.exists() and report.stat().st_size > 0:
        run["report"] = json.loads(report.read_text())
    tell(run, output)
    return run


def tell(run, output):
    name = f"{run['program']} {run['variant']} round {run['round']}"
    print(f"{name}: exit {run['exit_code']}, {len(run['steps'])} steps, {run['seconds']:.1f} s", file=sys.stderr,
          flush=True)
    if run["exit_code"] != 0:
        lines = output.read_text(errors="replace").splitlines()
        print("    " + "\n    ".join(lines[-8:]), file=sys.stderr, flush=True)


# --- Comparing -------------------------------------------------------------------------------------------------------


def median_ms(run):
    times = [step["ms"] for step in run["steps"]]
    return statistics.median(times[int(len(times) * SETTLING):]) if times else None


def losses(run):
    return [step["loss"] for step in run["steps"]]


def difference(run, base):
    """"" where the losses agree in every bit, else what differs first."""
    mine, others = losses(run), losses(base)
    for step, (a, b) in enumerate(zip(mine, others)):
        if a != b:
            return f"step {step}: {float.fromhex(a)!r} for {float.fromhex(b)!r}"
    return "" if len(mine) == len(others) else f"{len(mine)} steps for {len(others)}"


def ratio(run):
    report = run["report"] or {}
    reserved, requested = report.get("peak_reserved_bytes"), report.get("peak_requested_bytes")
    return reserved / requested if reserved and requested else None


def compare(runs, program, variant):
    """A row of the table; None where nothing ran."""
    mine = [run for run in runs if run["program"] == program and run["variant"] == variant]
    base = {run["round"]: run for run in runs if run["program"] == program and run["variant"] == BASE}
    good = [run for run in mine if run["exit_code"] == 0 and run["steps"]]
    if not mine:
        return None
    row = {"program": program, "variant": variant, "runs": len(mine), "failed": len(mine) - len(good), "steps": None,
           "loss_differs": None, "peak_requested_bytes": None, "peak_reserved_bytes": None,
           "reserved_over_requested": None, "device_calls": None, "step_ms": None, "step_ratio": None}
    if not good:
        return row
    first = next((run for number, run in sorted(base.items()) if run["exit_code"] == 0 and run["steps"]), None)
    if first is not None:
        row["loss_differs"] = next(filter(None, (difference(run, first) for run in good)), "")
    pairs = [median_ms(run) / median_ms(base[run["round"]]) for run in good
             if run["round"] in base and base[run["round"]]["steps"]]
    report = max((run["report"] for run in good if run["report"]), key=lambda r: r.get("peak_reserved_bytes", 0),
                 default={})
    row |= {name: report.get(name) for name in ("peak_requested_bytes", "peak_reserved_bytes", "device_calls")}
    row |= {"steps": len(good[0]["steps"]), "step_ms": statistics.median(median_ms(run) for run in good),
            "step_ratio": statistics.median(pairs) if pairs else None,
            "reserved_over_requested": max(filter(None, (ratio(run) for run in good)), default=None)}
    return row


# --- Telling ---------------------------------------------------------------------------------------------------------


def provenance(given):
    """What stood where; from the installed programs themselves."""
    def version(package):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return "not installed"
    try:
        gpu = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
                             capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        gpu = "unknown"
    versions = {package: version(package) for package in ("torch", "torchvision", "transformers", "torch_geometric")}
    return {"gpu": gpu, "python": sys.version.split()[0], **versions, "commit": given.commit,
            "date": str(datetime.date.today()), "rounds": given.rounds,
            "command": "python3 results/training.py " + " ".join(sys.argv[1:])}


def number(value, form):
    return "-" if value is None else format(value, form)


def mib(value):
    return "-" if value is None else f"{value / 2**20:.1f}"


def losses_text(row):
    if row["loss_differs"] is None:
        return "-"
    return "identical" if row["loss_differs"] == "" else "differ: " + row["loss_differs"]


def table(rows):
    lines = ["| program | allocator | losses | peak requested MiB | peak reserved MiB | reserved/requested | "
             "device calls | step ms | over pytorch | failed |", "|---|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['program']} | {row['variant']} | {losses_text(row)} | {mib(row['peak_requested_bytes'])} "
                     f"| {mib(row['peak_reserved_bytes'])} | {number(row['reserved_over_requested'], '.4f')} "
                     f"| {number(row['device_calls'], 'd')} | {number(row['step_ms'], '.2f')} "
                     f"| {number(row['step_ratio'], '.4f')} | {row['failed']}/{row['runs']} |")
    return "\n".join(lines)


def write(given, runs, about):
    rows = [row for program in given.programs for variant in given.variants
            if (row := compare(runs, program, variant)) is not None]
    (given.out / "training.json").write_text(json.dumps({"provenance": about, "rows": rows, "runs": runs}, indent=1))
    facts = "\n".join(f"- {name}: {value}" for name, value in about.items())
    (given.out / "training.md").write_text(f"{table(rows)}\n\n{facts}\n")
    return rows


def turns(variants, number):
    """The variants, beginning with another one in each round."""
    shift = number % len(variants)
    return variants[shift:] + variants[:shift]


def names(known):
    def parse(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(known)}")
        return chosen
    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=names(PROGRAMS), default=PROGRAMS, metavar="A,B")
    parser.add_argument("--variants", type=names(VARIANTS), default=[*VARIANTS][:3], metavar="A,B",
                        help="of " + ", ".join(VARIANTS) + " (the first three)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=0, help="of every program, instead of its own number")
    parser.add_argument("--commit", default="unknown", help="what was measured")
    parser.add_argument("--vramlab", type=pathlib.Path, default=ROOT / "build/release/bin/vramlab")
    parser.add_argument("--libraries", type=pathlib.Path, metavar="FOLDER",
                        help="LD_LIBRARY_PATH of vramlab itself, where its libraries are not installed")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/training", metavar="FOLDER")
    parser.add_argument("--limit", type=float, default=1e9, metavar="S", help="begin no further run after S seconds")
    return parser.parse_args()


def main():
    given = arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    about, runs, begin = provenance(given), [], time.monotonic()
    for number_of_round in range(given.rounds):
        for program in given.programs:
            for variant in turns(given.variants, number_of_round):
                if time.monotonic() - begin > given.limit:
                    continue
                runs.append(run_once(program, variant, number_of_round, given))
                rows = write(given, runs, about)
    print(table(rows))
    return 1 if any(row["failed"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
