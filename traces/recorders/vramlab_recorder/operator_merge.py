"""Joins what the allocator recorded with the operators that ran, into an operator trace. Needs Python 3 alone.

A recording is a sequence of items (operators and beginnings of iterations) in the order of the program. The allocator's
events carry the code of the moment they happened in: 2k + 1 while item k ran, 2k + 2 between item k and the next,
0 before the first.
"""

import bisect
import os
import tempfile

OUTSIDE = "outside-operators"  # names the time of kernels that no operator launched


class Operator:
    """An operator that ran. `reads` and `writes` are addresses of storages. `gpu_us` is the time of its kernels,
    `outside_us` of kernels that no operator launched, after this one and before the next."""

    __slots__ = ("gpu_us", "name", "outside_us", "reads", "writes")

    def __init__(self, name, reads, writes=(), gpu_us=0.0, outside_us=0.0):
        self.name = name
        self.reads = tuple(reads)
        self.writes = tuple(writes)
        self.gpu_us = gpu_us
        self.outside_us = outside_us

    def total_us(self):
        return self.gpu_us + self.outside_us


class Iteration:
    """The beginning of iteration `number`."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number


class RecordingError(Exception):
    """What was recorded makes no trace: says what, and what would mend it."""


# --- The moment of an event ------------------------------------------------------------------------------------------


def code_of(event, codes):
    """The code of `event`: its user_metadata where the allocator keeps that, else told by its time.

    `codes` is the list of (time in microseconds, code) at which each code began, ascending."""
    text = event.get("user_metadata")
    if text is not None and str(text).isdigit():
        return int(text)
    found = bisect.bisect_right(codes, (event.get("time_us", 0), float("inf"))) - 1
    return codes[found][1] if found >= 0 else 0


# --- Live memory -----------------------------------------------------------------------------------------------------


class LiveMemory:
    """Allocations by address, numbered in order."""

    def __init__(self):
        self._ids = {}  # address -> (id, bytes)
        self._next = 0

    def allocate(self, address, size):
        if address in self._ids:
            raise RecordingError(
                f"allocation {self._next} got address {address:#x}, which allocation {self._ids[address][0]} still has: "
                "events are missing; let the allocator keep more of them")
        self._ids[address] = (self._next, size)
        self._next += 1
        return self._next - 1

    def free(self, address):
        """The id, or None for memory that was never seen allocated."""
        return self._ids.pop(address, (None, 0))[0]

    def id_at(self, address):
        """The allocation that holds `address`; None where it is not the allocator's memory."""
        if address in self._ids:
            return self._ids[address][0]
        for base, (number, size) in self._ids.items():  # a storage inside an allocation: rare
            if base <= address < base + size:
                return number
        return None


# --- The trace -------------------------------------------------------------------------------------------------------


class Merger:
    """Writes the lines of a trace while it walks events and items in their common order."""

    def __init__(self, items):
        self.lines = []
        self.operators = 0
        self.unknown_frees = 0
        self.foreign = 0  # operands that are not the allocator's memory
        self._items = items
        self._live = LiveMemory()
        self._alive = set()
        self._code = 0
        self._reads = []

    def allocate(self, address, size, stream):
        number = self._live.allocate(address, size)
        self._alive.add(number)
        self.lines.append(f"alloc,{number},{size},{stream}")

    def free(self, address):
        number = self._live.free(address)
        if number is None:
            self.unknown_frees += 1
            return
        self._alive.remove(number)
        self.lines.append(f"free,{number}")

    def advance(self, code):
        """Passes over every item that began or ended up to `code`."""
        while self._code < min(code, 2 * len(self._items)):
            self._code += 1
            item = self._items[(self._code - 1) // 2]
            begins = self._code % 2 == 1
            if isinstance(item, Iteration):
                if begins:
                    self.lines.append(f"iteration,{item.number}")
            elif begins:
                self._reads = self._ids(item.reads)
            else:
                self._finish(item)

    def _finish(self, item):
        reads = [number for number in self._reads if number in self._alive]
        writes = self._ids(item.writes)
        if reads or writes or item.gpu_us > 0:  # else the CPU's business
            self.operators += 1
            self.lines.append(f"op,{clean(item.name)},{item.gpu_us:.3f},{joined(reads)},{joined(writes)}")
        if item.outside_us > 0:
            self.lines.append(f"op,{OUTSIDE},{item.outside_us:.3f},,")

    def _ids(self, addresses):
        numbers = [self._live.id_at(address) for address in addresses if address != 0]
        self.foreign += numbers.count(None)
        return list(dict.fromkeys(number for number in numbers if number is not None))


def clean(name):
    """A name that the format can hold: no comma, no space, nothing that is not printable ASCII."""
    kept = "".join(c if 33 <= ord(c) < 127 and c not in ",;\"" else "_" for c in name)
    return kept or "unnamed"


def joined(numbers):
    return ";".join(str(number) for number in numbers)


def merge(items, events, codes=(), live_before=()):
    """A finished Merger: `lines` is the trace.

    `events`: the allocator's, as PyTorch's snapshot has them in device_traces, of one device, in their order.
    `live_before`: (address, bytes, stream) of what was allocated before the first event."""
    merger = Merger(items)
    for address, size, stream in live_before:
        merger.allocate(address, size, stream)
    code = 0
    for event in events:
        code = max(code, code_of(event, codes))  # the order of the events is certain, a time is not
        merger.advance(code)
        if event["action"] == "alloc":
            merger.allocate(event["addr"], event["size"], event.get("stream", 0))
        elif event["action"] == "free_completed":
            merger.free(event["addr"])
    merger.advance(2 * len(items))
    return merger


def without_last_iteration(lines):
    """`lines` up to the last iteration's beginning: it was cut off."""
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].startswith("iteration,"):
            return lines[:at]
    return lines


def write_lines(path, lines):
    """Writes to a temporary file beside `path`, then renames: nobody sees half a trace."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=os.path.basename(path) + ".", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.writelines(line + "\n" for line in lines)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def gpu_us_by_iteration(items):
    """{iteration: sum of the times of its kernels}, in order; iterations without operators are left out."""
    sums, current = {}, None
    for item in items:
        if isinstance(item, Iteration):
            current = item.number
        else:
            sums[current] = sums.get(current, 0.0) + item.total_us()
    return sums
