"""Runs a Python program in this process as `python3` would. Needs Python 3 alone."""

import os
import runpy
import sys


def words_of(command):
    """The words behind the interpreter: `python3 -u train.py 1` and `train.py 1` are the same program."""
    words = list(command)
    if words and os.path.basename(words[0]).startswith("python"):
        words.pop(0)
        while words and words[0].startswith("-") and words[0] not in ("-m", "-c"):
            words.pop(0)
    return words


def run(command):
    """What it raises, SystemExit too, goes through."""
    words = words_of(command)
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
        runpy.run_path(words[0], run_name="__main__")


def refusal(command):
    """Why `command` cannot be run; "" where it can."""
    words = words_of(command)
    if not words:
        return "no program is named: record_operators.py --out trace.csv -- train.py"
    if words[0] == "-c":
        return "a program given by -c cannot be run: put it into a file"
    if words[0] == "-m":
        return "" if len(words) > 1 else "-m names no module"
    return "" if os.path.isfile(words[0]) else f"no file {words[0]}"
