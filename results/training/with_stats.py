#!/usr/bin/env python3
"""Runs a program and writes what the allocator counted, whichever it is: with_stats.py OUT.json PROGRAM.py WORDS.

The program runs as it is; torch.cuda.memory_stats is asked when it has ended."""

import json
import os
import runpy
import sys


def figures():
    import torch
    stats = torch.cuda.memory_stats()
    return {
        "peak_requested_bytes": stats["requested_bytes.all.peak"],
        "peak_reserved_bytes": stats["reserved_bytes.all.peak"],
        "device_calls": stats.get("num_device_alloc", 0) + stats.get("num_device_free", 0),
        "allocations": stats["allocation.all.allocated"],
    }


def main():
    out, program = sys.argv[1:3]
    sys.argv = sys.argv[2:]
    sys.path[0] = os.path.dirname(os.path.abspath(program))
    runpy.run_path(program, run_name="__main__")
    found = figures()
    with open(out, "w", encoding="ascii") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
