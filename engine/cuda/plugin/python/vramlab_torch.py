"""PyTorch's memory, allocated and told by vramlab.

    import vramlab_torch
    vramlab_torch.install(pool="vmm")      # before the first use of CUDA
    ...
    print(vramlab_torch.memory_summary())

`vramlab run -- python3 train.py` does the first two lines for a program that knows nothing of it. PyTorch's own
functions of the same names (torch.cuda.memory_stats and so on) work as well: they ask this module.
"""

import atexit
import collections
import ctypes
import json
import os
import pickle
import sys

import vramlab_snapshot

_HERE = os.path.dirname(os.path.abspath(__file__))

_library = None  # once it is loaded
_allocator = None  # PyTorch's object; it must live as long as the process


class VramlabError(RuntimeError):
    """The plug-in cannot do what was asked; the text says what would mend it."""


# --- The library ----------------------------------------------------------------------------------------------------


def library_path():
    """VRAMLAB_LIBRARY, else libvramlab_torch.so two folders above this file, as the build leaves it."""
    return os.environ.get("VRAMLAB_LIBRARY") or os.path.join(_HERE, "..", "..", "libvramlab_torch.so")


def _load():
    global _library
    if _library is None:
        path = os.path.abspath(library_path())
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise VramlabError(f"{path} cannot be loaded: {error}") from None
        for name in ("check_environment", "footprint"):
            getattr(library, "vramlab_" + name).restype = ctypes.c_void_p
        for name in ("stats", "snapshot"):
            function = getattr(library, "vramlab_" + name)
            function.restype = ctypes.c_void_p
            function.argtypes = [ctypes.c_int]
        library.vramlab_reset_peaks.argtypes = [ctypes.c_int]
        library.vramlab_free_text.argtypes = [ctypes.c_void_p]
        library.vramlab_free_text.restype = None
        _library = library
    return _library


def _text(pointer):
    if not pointer:
        return None
    text = ctypes.string_at(pointer).decode()
    _load().vramlab_free_text(pointer)
    return text


# --- Installing -----------------------------------------------------------------------------------------------------


def is_installed():
    return _allocator is not None


def install(pool=None, pool_options=None, allocator_options=None, record=None, compare=None):
    """Has PyTorch allocate through vramlab. What is None comes from the environment (VRAMLAB_POOL, ...).

    pool: a name of `vramlab list pools`; options: dicts; record: a .vlt file; compare: follow PyTorch's own allocator
    beside ours. Raises VramlabError where CUDA is initialised already, or a name is wrong.
    """
    global _allocator
    if _allocator is not None:
        raise VramlabError("vramlab is installed already; a process has one pool")
    import torch

    if torch.cuda.is_initialized():
        raise VramlabError(
            "CUDA is initialised already, and PyTorch's own allocator with it: install vramlab before the first use of "
            "CUDA (with `vramlab run` that is so, unless torch was imported by an interpreter start-up file)"
        )
    _set_environment(pool, pool_options, allocator_options, record, compare)
    library = _load()
    wrong = _text(library.vramlab_check_environment())
    if wrong:
        raise VramlabError(wrong)
    _own_record_file()
    allocator = torch.cuda.memory.CUDAPluggableAllocator(
        os.path.abspath(library_path()), "vramlab_alloc", "vramlab_free"
    )
    _set_hooks(allocator.allocator(), library)
    try:
        torch.cuda.memory.change_current_allocator(allocator)
    except RuntimeError as error:
        raise VramlabError(f"PyTorch does not change its allocator: {error}") from None
    _allocator = allocator
    _replace_functions(torch)
    atexit.register(_at_exit)


def _options_text(options):
    return ",".join(f"{name}={value}" for name, value in options.items())


def _set_environment(pool, pool_options, allocator_options, record, compare):
    given = {
        "VRAMLAB_POOL": pool,
        "VRAMLAB_POOL_OPTIONS": None if pool_options is None else _options_text(pool_options),
        "VRAMLAB_ALLOCATOR_OPTIONS": None if allocator_options is None else _options_text(allocator_options),
        "VRAMLAB_RECORD": None if record is None else os.fspath(record),
        "VRAMLAB_COMPARE": None if compare is None else str(int(bool(compare))),
    }
    for name, value in given.items():
        if value is not None:
            os.environ[name] = value


def _own_record_file():
    """A recording for each process: FILE.rank0.vlt under torchrun, FILE.pid123.vlt for processes that one starts."""
    record = os.environ.get("VRAMLAB_RECORD")
    if not record:
        return
    stem, dot, ending = record.rpartition(".")
    if not dot or "/" in ending:
        stem, ending = record, "vlt"
    if "RANK" in os.environ:
        record = f"{stem}.rank{os.environ['RANK']}.{ending}"
    elif os.environ.setdefault("VRAMLAB_RECORD_OWNER", str(os.getpid())) != str(os.getpid()):
        record = f"{stem}.pid{os.getpid()}.{ending}"
    ctypes.CDLL(None).setenv(b"VRAMLAB_RECORD", os.fsencode(record), 1)  # for the library; children see the former one


def _set_hooks(hooks, library):
    for setter, name in (
        ("set_init_fn", "init"),
        ("set_reset_fn", "reset"),
        ("set_memory_fraction_fn", "memory_fraction"),
        ("set_base_alloc_fn", "base_alloc"),
        ("set_record_stream_fn", "record_stream"),
        ("set_begin_allocate_to_pool", "begin_allocate_to_pool"),
        ("set_end_allocate_to_pool_fn", "end_allocate_to_pool"),
        ("set_release_pool", "release_pool"),
    ):
        getattr(hooks, setter)(ctypes.cast(getattr(library, "vramlab_" + name), ctypes.c_void_p).value)


def _at_exit():
    """The footprint of every GPU this process used, and the end of its recording."""
    library = _load()
    text = _text(library.vramlab_footprint())
    library.vramlab_close()
    if text and os.environ.get("VRAMLAB_REPORT", "1") != "0":
        rank = os.environ.get("RANK")
        print(text if rank is None else text.replace("vramlab:", f"vramlab: rank {rank},"), end="", file=sys.stderr)


def install_or_end():
    """For sitecustomize.py: a program that was to run on our allocator does not run on another one instead."""
    try:
        install()
    except VramlabError as error:
        print(f"vramlab: {error}", file=sys.stderr, flush=True)
        raise SystemExit(2) from None


# --- Statistics -----------------------------------------------------------------------------------------------------


def _index(device=None):
    import torch

    if isinstance(device, int):
        return device
    if device is None:
        return torch.cuda.current_device() if torch.cuda.is_initialized() else 0
    index = torch.device(device).index
    return torch.cuda.current_device() if index is None else index


def raw_stats(device=None):
    """The allocator's own numbers, flat; {} where nothing was allocated on the device."""
    text = _text(_load().vramlab_stats(_index(device)))
    return json.loads(text) if text else {}


def _four(prefix, current, peak, allocated):
    numbers = {"current": current, "peak": peak, "allocated": allocated, "freed": allocated - current}
    result = {}
    for pool in ("all", "large_pool", "small_pool"):  # pools of ours are not PyTorch's two: all is in "all"
        for metric, value in numbers.items():
            result[f"{prefix}.{pool}.{metric}"] = value if pool == "all" else 0
    return result


def memory_stats(device=None):
    """Under PyTorch's names. allocated_bytes are the bytes asked for: rounding is ours to know. Where no peak is kept
    (numbers of blocks and segments, inactive bytes) peak is the current value."""
    import torch

    if not torch.cuda.is_initialized():
        return collections.OrderedDict()
    raw = collections.defaultdict(int, raw_stats(device))
    live = raw["allocations"] - raw["frees"]
    requested = (raw["requested_bytes"], raw["peak_requested_bytes"], raw["all_requested_bytes"])
    active = raw["requested_bytes"] + raw["parked_bytes"]
    inactive = max(raw["reserved_bytes"] - active, 0)
    stats = {}
    stats.update(_four("allocation", live, live, raw["allocations"]))
    stats.update(_four("allocated_bytes", *requested))
    stats.update(_four("requested_bytes", *requested))
    stats.update(_four("active", live, live, raw["allocations"]))
    stats.update(_four("active_bytes", active, max(active, raw["peak_requested_bytes"]), raw["all_requested_bytes"]))
    stats.update(_four("reserved_bytes", raw["reserved_bytes"], raw["peak_reserved_bytes"], raw["peak_reserved_bytes"]))
    stats.update(_four("segment", raw["segments"], raw["segments"], raw["segments"]))
    stats.update(_four("inactive_split", 0, 0, 0))
    stats.update(_four("inactive_split_bytes", inactive, inactive, inactive))
    for name in ("oversize_allocations", "oversize_segments"):
        stats.update({f"{name}.{metric}": 0 for metric in ("current", "peak", "allocated", "freed")})
    stats["num_alloc_retries"] = raw["reclaims"]
    stats["num_ooms"] = raw["ooms"]
    stats["num_sync_all_streams"] = 0
    stats["num_device_alloc"] = raw["segments_taken"]
    stats["num_device_free"] = raw["segments_given_back"]
    stats["max_split_size"] = -1
    return collections.OrderedDict(sorted(stats.items()))


def _nested(flat):
    result = {}
    for key, value in flat.items():
        *outer, last = key.split(".")
        place = result
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = value
    return result


def memory_stats_as_nested_dict(device=None):
    return _nested(memory_stats(device))


def memory_allocated(device=None):
    return memory_stats(device).get("allocated_bytes.all.current", 0)


def max_memory_allocated(device=None):
    return memory_stats(device).get("allocated_bytes.all.peak", 0)


def memory_reserved(device=None):
    return memory_stats(device).get("reserved_bytes.all.current", 0)


def max_memory_reserved(device=None):
    return memory_stats(device).get("reserved_bytes.all.peak", 0)


def reset_peak_memory_stats(device=None):
    _load().vramlab_reset_peaks(_index(device))


def reset_accumulated_memory_stats(device=None):
    """Counts since the beginning go on: programs that reset them read differences."""


def memory_summary(device=None, abbreviated=False):
    """The table that is printed at the end of a program, as it stands now."""
    raw = collections.defaultdict(int, raw_stats(device))
    asked = raw["peak_requested_bytes"]
    rows = [
        ("requested", raw["requested_bytes"], asked),
        ("reserved", raw["reserved_bytes"], raw["peak_reserved_bytes"]),
    ]
    lines = [f"vramlab, GPU {_index(device)}", f"{'':<12}{'now MiB':>14}{'peak MiB':>14}{'of requested':>14}"]
    for name, now, peak in rows:
        ratio = f"{peak / asked:>14.4f}" if asked else f"{'':>14}"
        lines.append(f"{name:<12}{now / 2**20:>14.1f}{peak / 2**20:>14.1f}{ratio}")
    if not abbreviated:
        lines.append(f"allocations {raw['allocations']}, frees {raw['frees']}, from caches {raw['cache_hits']}, "
                     f"device calls {raw['device_calls']}, out of memory {raw['ooms']}")
    return "\n".join(lines) + "\n"


def empty_cache():
    """Gives cached memory back to the GPU."""
    import torch

    torch.cuda.empty_cache()


# --- Snapshots ------------------------------------------------------------------------------------------------------


def _snapshot(device=None, **_):
    """As torch.cuda.memory._snapshot(). Traces hold what was asked where it is kept: with a recording, or compare."""
    library = _load()
    texts = [_text(library.vramlab_snapshot(gpu)) for gpu in range(64)]
    raw = [json.loads(text) for text in texts if text]
    devices = max([gpu["device"] for gpu in raw], default=0) + 1
    return vramlab_snapshot.snapshot_of(raw, devices)


def memory_snapshot(*_, **__):
    """The segments of all GPUs, in PyTorch's schema."""
    return _snapshot()["segments"]


def _dump_snapshot(filename="dump_snapshot.pickle", **_):
    """Writes a pickle that pytorch.org/memory_viz and `vramlab replay` open. Complete, or not there."""
    pending = f"{filename}.{os.getpid()}.part"
    try:
        with open(pending, "wb") as file:
            pickle.dump(_snapshot(), file, protocol=4)
        os.replace(pending, filename)
    except BaseException:
        if os.path.exists(pending):
            os.remove(pending)
        raise


def _record_memory_history(*_, **__):
    if not os.environ.get("VRAMLAB_RECORD") and os.environ.get("VRAMLAB_COMPARE", "0") == "0":
        print("vramlab: requests are kept with --record or --compare only; snapshots will hold no traces",
              file=sys.stderr)


# --- PyTorch's own functions ----------------------------------------------------------------------------------------


def _replace_functions(torch):
    """Those that a pluggable allocator refuses; the others of PyTorch go through them."""
    names = (
        "memory_stats",
        "memory_stats_as_nested_dict",
        "reset_peak_memory_stats",
        "reset_accumulated_memory_stats",
        "memory_allocated",
        "max_memory_allocated",
        "memory_reserved",
        "max_memory_reserved",
        "memory_summary",
        "memory_snapshot",
        "_snapshot",
        "_dump_snapshot",
        "_record_memory_history",
    )
    for name in names:
        for module in (torch.cuda.memory, torch.cuda):
            if hasattr(module, name):
                setattr(module, name, globals()[name])
    _replace_accelerator_functions(torch)


def _replace_accelerator_functions(torch):
    for module in (getattr(torch, "accelerator", None), getattr(getattr(torch, "accelerator", None), "memory", None)):
        for name in (
            "memory_stats",
            "memory_allocated",
            "max_memory_allocated",
            "memory_reserved",
            "max_memory_reserved",
            "reset_peak_memory_stats",
            "reset_accumulated_memory_stats",
        ):
            if module is not None and hasattr(module, name):
                setattr(module, name, globals()[name])
