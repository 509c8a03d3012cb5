"""Operator traces one after the other as one: what a program does that trains, then infers, then trains again.

Of each recording the iterations with operators are taken, as often as asked: what is live at the begin is allocated
first, what one round leaves behind is what the next one finds (as `vramlab replay --warm-up` does it), and at the end
all of it is freed.
"""

import collections
import gzip
import lzma
import pathlib

OPENERS = {".xz": lzma.open, ".gz": gzip.open}


def events_of(path):
    with OPENERS.get(pathlib.Path(path).suffix, open)(path, "rt") as file:
        return [line.rstrip("\n").split(",") for line in file]


class Mixer:
    def __init__(self):
        self.lines = []
        self.objects = 0
        self.iterations = 0

    def allocate(self, size, stream):
        self.lines.append(f"alloc,{self.objects},{size},{stream}")
        self.objects += 1
        return self.objects - 1

    def play(self, events, begin, live, number):
        """One round. `live`: (size, stream) by recorded id; `number`: the new id."""
        for kind, *words in events[begin:]:
            if kind == "alloc":
                number[words[0]] = self.allocate(*words[1:3])
                live[words[0]] = tuple(words[1:3])
            elif kind == "free":
                self.lines.append(f"free,{number[words[0]]}")
                del live[words[0]]
            elif kind == "iteration":
                self.lines.append(f"iteration,{self.iterations}")
                self.iterations += 1
            else:
                lists = [";".join(str(number[one]) for one in ids.split(";") if one) for ids in words[2:4]]
                self.lines.append(",".join(["op", *words[:2], *lists]))

    def hand_on(self, found, live, number):
        """What a round found and freed, the next one finds again: what was left behind of the same kind, in order."""
        heirs = collections.defaultdict(collections.deque)
        for one, kind in live.items():
            if one not in found:
                heirs[kind].append(one)
        for one, kind in found.items():
            if one in live:
                continue
            if heirs[kind]:
                heir = heirs[kind].popleft()
                number[one] = number[heir]
                del live[heir]
            else:
                number[one] = self.allocate(*kind)
            live[one] = kind
        for left in [one for queue in heirs.values() for one in queue]:
            self.lines.append(f"free,{number[left]}")
            del live[left]

    def add(self, path, rounds):
        events = events_of(path)
        first = next(i for i, event in enumerate(events) if event[0] == "op")
        begin = max((i for i in range(first) if events[i][0] == "iteration"), default=first)
        live = {}
        for kind, *words in events[:begin]:
            if kind == "alloc":
                live[words[0]] = tuple(words[1:3])
            elif kind == "free":
                del live[words[0]]
        found = dict(live)
        number = {one: self.allocate(*kind) for one, kind in live.items()}
        for _ in range(rounds):
            self.play(events, begin, live, number)
            self.hand_on(found, live, number)
        self.lines += [f"free,{number[one]}" for one in live]


def mix(phases, out):
    """`phases`: (path, rounds), one after the other, into the file `out`."""
    mixer = Mixer()
    for path, rounds in phases:
        mixer.add(path, int(rounds))
    pathlib.Path(out).write_text("\n".join(mixer.lines) + "\n")
