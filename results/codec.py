#!/usr/bin/env python3
"""Measures the tensor codec on a folder of tensors, beside what else could pack them, into results/codec.md.

    ./dev build && taskset -c 1 python3 results/codec.py FOLDER

FOLDER holds .npy files (also .xz, .zst, .gz). Every figure comes from `vramlab codec --baselines`: one process, one
clock, one core, every value unpacked and compared. The deviations for Shannon's bound are computed here. Where a GPU
is there, it is measured too. Needs Python 3 alone.
"""

import argparse
import array
import json
import lzma
import math
import os
import pathlib
import re
import subprocess
import sys

from smartpool_claim import PROGRAM, provenance, table, write

PAGE = pathlib.Path(__file__).resolve().parent / "codec.md"
ERRORS = [1e-3, 1e-4, 1e-5, 1e-6]
PRESETS = ["fast", "dense"]
BASELINES = ["zstd-1", "zstd-1 regrouped", "lz4", "lz4 regrouped"]
LEFT = {"zstd-1 regrouped": "zstd-1 left regrouped", "lz4 regrouped": "lz4 left regrouped"}


# --- Asking the program -----------------------------------------------------------------------------------------------


def codec(files, *arguments):
    """Rows of the program; none where the hardware is missing."""
    command = [str(PROGRAM), "codec", *map(str, files), *arguments, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        return []
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(files, device):
    words = ["--error", ",".join(f"{error:g}" for error in ERRORS), "--preset", ",".join(PRESETS), "--repeat", "21"]
    return codec(files, *words, "--device", device, *(["--baselines"] if device == "cpu" else []))


def values_of(path):
    """The finite values of a .npy of float32, or of bfloat16 in 2 bytes; none of other types."""
    plain = lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes() if path.suffix == ".npy" else b""
    if not plain:
        return []
    header = int.from_bytes(plain[8:10], "little") + 10
    body = plain[header:]
    if b"'<f4'" in plain[:header]:
        values = array.array("f", body)
    elif ".bf16.npy" in path.name:
        values = array.array("f", array.array("I", (half << 16 for half in array.array("H", body))).tobytes())
    else:
        return []
    return [value for value in values if math.isfinite(value)]


def deviation(path):
    values = values_of(path)
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


# --- Rows and tables --------------------------------------------------------------------------------------------------


def short(name):
    return re.sub(r"(\.float32|\.bf16)?\.npy$", "", name)


def mode_of(row):
    return "lossless" if row["error"] is None else f"{row['error']:.0e}".replace("e-0", "e-")


def find(rows, file, preset, error=None):
    return next((r for r in rows if (r["file"], r["preset"], r["error"]) == (file, preset, error)), None)


def number(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}"


def ratio_table(rows, files):
    """One line a tensor and mode."""
    lines = []
    for file in files:
        for error in [None, *ERRORS]:
            dense, fast = find(rows, file, "dense", error), find(rows, file, "fast", error)
            if dense is None:
                continue
            share = dense["percent_of_entropy"]
            lines.append([short(file), mode_of(dense), number(dense["entropy_ratio"], 3), number(dense["ratio"], 3),
                          f"{share:.1f}%" if share else "", number(fast["ratio"], 3), number(dense["plain_ratio"], 3)])
    return table(["tensor", "mode", "entropy, order 0", "dense", "of entropy", "fast", "bit packing"], lines)


def speed_table(rows, files):
    def pair(row):
        return f"{row['compress_gbps']:.2f} / {row['decompress_gbps']:.2f}"
    lines = []
    for file in files:
        for error in [None, *ERRORS]:
            dense, fast = find(rows, file, "dense", error), find(rows, file, "fast", error)
            if dense is not None:
                lines.append([short(file), mode_of(dense), pair(dense), pair(fast)])
    return table(["tensor", "mode", "dense, in / out", "fast, in / out"], lines)


def baseline_table(rows, files):
    def cell(file, preset):
        row, left = find(rows, file, preset), find(rows, file, LEFT.get(preset))
        if row is None:
            return ""
        words = f"{row['ratio']:.3f} at {row['compress_gbps']:.2f} / {row['decompress_gbps']:.2f}"
        return words + (f" ({left['decompress_gbps']:.2f})" if left else "")
    return table(["lossless", *PRESETS, *BASELINES],
                 [[short(file), *[cell(file, preset) for preset in [*PRESETS, *BASELINES]]] for file in files])


def against_zstd(rows, files):
    """What dense is to zstd -1 on the tensor that suits it worst, lossless: ratio and unpacking, plain and regrouped."""
    quotients = {}
    for file in files:
        dense = find(rows, file, "dense")
        for name in BASELINES[:2]:
            other = find(rows, file, name)
            for what in ("ratio", "decompress_gbps") if dense and other else ():
                quotients.setdefault((what, name), []).append((dense[what] / other[what], short(file)))
    words = [f"{'ratio' if what == 'ratio' else 'unpacking'} {min(found)[0]:.2f} times that of {name} at least "
             f"({min(found)[1]})" for (what, name), found in quotients.items()]
    return "; ".join(words), all(min(found)[0] >= 1 for found in quotients.values())


# --- The claims -------------------------------------------------------------------------------------------------------


def gaussian_ratio(sigma, error, bits):
    """`bits` a raw value over what a normal distribution needs within `error`: log2(s / e) + 1.05."""
    return bits / max(math.log2(sigma / error) + 1.05, 0.01)


def weights_claim(rows, files, sigmas):
    lines, verdicts = [], []
    for file in files:
        if "weight" not in file or sigmas[file] is None:
            continue
        bits = 16 if "bf16" in file else 32
        ratios = {error: find(rows, file, "dense", error)["ratio"] for error in ERRORS}
        lines.append([f"{short(file)} (s = {sigmas[file]:.4f})",
                      *[f"{ratios[e]:.2f} ({gaussian_ratio(sigmas[file], e, bits):.2f})" for e in ERRORS]])
        enough = [error for error in ERRORS if ratios[error] >= 5]
        verdicts.append(f"{short(file)}: {ratios[1e-6]:.2f} at 1e-6, " +
                        (f"5 is reached within {max(enough, key=lambda e: -e):g}" if enough else "5 at none of the errors"))
    return table(["dense (Shannon's bound for a normal distribution of the same deviation)",
                  *[f"{error:g}" for error in ERRORS]], lines), verdicts


def sparse_claim(rows, files):
    found = [find(rows, file, "dense") for file in files if "pruned" in file or "sparse" in file]
    return [f"{short(row['file'])}: {row['ratio']:.2f} lossless" for row in found]


def precision_claim(rows):
    tried = [row for row in rows if row["error"] is not None]
    worst = max(row["max_abs_error"] / row["error"] for row in tried)
    return f"{len(tried)} packings, the worst error is {worst:.6f} of its bound"


def speed_claim(rows):
    ours = [row for row in rows if row["preset"] in PRESETS]
    slowest = {way: min(row[way] for row in ours) for way in ("compress_gbps", "decompress_gbps")}
    return f"slowest in {1000 * slowest['compress_gbps']:.0f} MB/s, out {1000 * slowest['decompress_gbps']:.0f} MB/s"


def verdict(holds):
    return "holds" if holds else "does not hold"


def claims(rows, gpu, files, sigmas):
    bounds, weights = weights_claim(rows, files, sigmas)
    at_bound = [find(rows, f, "dense", 1e-6)["ratio"] >= 5 for f in files if "weight" in f]
    sparse = [find(rows, f, "dense")["ratio"] >= 15 for f in files if "pruned" in f or "sparse" in f]
    slowest = min(min(r["compress_gbps"], r["decompress_gbps"]) for r in rows if r["preset"] in PRESETS)
    gpu_slowest = min((min(r["compress_gbps"], r["decompress_gbps"]) for r in gpu), default=None)
    lines = [
        ["5 to 10 times on weights, within 1e-6", "; ".join(weights), verdict(at_bound and all(at_bound))],
        ["15 to 20 times, sparse", "; ".join(sparse_claim(rows, files)), verdict(sparse and all(sparse))],
        ["precision of 1e-6", precision_claim(rows), verdict(all(r["max_abs_error"] <= r["error"] for r in rows
                                                                 if r["error"] is not None))],
        ["CPU 100 to 500 MB/s, several cores", f"one core: {speed_claim(rows)}", verdict(slowest >= 0.1)],
        ["dense beats zstd -1, lossless, one core", against_zstd(rows, files)[0], verdict(against_zstd(rows, files)[1])],
        ["GPU over 1000 MB/s", "not on this machine: [on an H200](codec-gpu.md)" if gpu_slowest is None else
         f"slowest {1000 * gpu_slowest:.0f} MB/s", "" if gpu_slowest is None else verdict(gpu_slowest >= 1)],
    ]
    return "\n\n".join([table(["claim", "measured", "verdict"], lines), bounds])


INTRODUCTION = """# The tensor codec: how small, how fast, and against what

Ratios are raw bytes over packed ones, headers and index included. *Entropy, order 0* is what an ideal coder would reach
that knows how often each symbol occurs and nothing of its neighbours (`entropy_ratio`); zeros, runs and repeats can beat
it. *Bit packing* gives every value of a block as many bits as its largest one needs. *Regrouped* means all first bytes
of the values, then all second ones, and so on, as HDF5 and Zarr store them: with AVX2, and the time of both ways counts;
in brackets what unpacking would be if the bytes were left regrouped. Speeds are GB/s of raw bytes on one core, packing /
unpacking, median of many runs in one process; buffers are warm, tensors of 0.5 to 1 MiB lie in the cache."""


def page(command, rows, gpu, files, sigmas, load):
    where = provenance().rsplit("\n", 1)[0]
    return "\n\n".join([
        INTRODUCTION,
        f"Command: `{command}`.\n{where} Load of the machine beside the measured core: {load}.",
        "## The claims", claims(rows, gpu, files, sigmas),
        "A bound that is absolute asks of every value the same number of places; weights of deviation s that look like "
        "a normal\ndistribution need log2(s / e) + 1.05 bits each, whatever the codec. What goes beyond it has zeros, "
        "repeats, or values that\nwere bfloat16 before.",
        "## Ratios", ratio_table(rows, files),
        "## Lossless, beside general-purpose compressors (ratio at GB/s in / out)", baseline_table(rows, files),
        "## GB/s", speed_table(rows, files),
        *(["## On the GPU, GB/s", speed_table(gpu, files)] if gpu else []),
    ]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER", help="tensors to measure")
    parser.add_argument("--load", default="", help="words about what else ran; else the load average")
    given = parser.parse_args()
    paths = sorted(p for p in given.folder.iterdir() if ".npy" in p.name)
    if not paths:
        sys.exit(f"{given.folder} holds no .npy")
    files = [re.sub(r"\.(xz|zst|gz)$", "", path.name) for path in paths]
    sigmas = dict(zip(files, map(deviation, paths)))
    before = os.getloadavg()[0]
    rows = measure(paths, "cpu")
    load = given.load or f"{max(before, os.getloadavg()[0]) - 1:.1f} processes on average"
    gpu = measure(paths, "cuda")
    write(PAGE, page("taskset -c 1 python3 results/codec.py FOLDER", rows, gpu, files, sigmas, load))


if __name__ == "__main__":
    main()
