"""PyTorch's schema of memory snapshots, from what the library tells of itself (telling.h)."""

_NO_FRAMES = []
_STATES = ("active_allocated", "active_pending_free", "inactive")
_ACTIONS = ("alloc", "free_requested", "free_completed")


def _block(row):
    address, size, requested, state = row
    return {
        "address": address,
        "size": size,
        "requested_size": requested,
        "state": _STATES[state],
        "frames": _NO_FRAMES,
    }


def _segment(device, raw):
    blocks = [_block(row) for row in raw["blocks"]]
    active = [block for block in blocks if block["state"] != "inactive"]
    allocated = [block for block in active if block["state"] == "active_allocated"]
    return {
        "device": device,
        "address": raw["address"],
        "total_size": raw["total_size"],
        "allocated_size": sum(block["size"] for block in allocated),
        "active_size": sum(block["size"] for block in active),
        "requested_size": sum(block["requested_size"] for block in active),
        "stream": raw["stream"],
        "segment_type": "large",
        "segment_pool_id": (0, 0),
        "is_expandable": raw["is_expandable"],
        "frames": _NO_FRAMES,
        "blocks": blocks,
    }


def _event(number, row):
    action, address, size, stream = row
    return {
        "action": _ACTIONS[action],
        "addr": address,
        "size": size,
        "stream": stream,
        "time_us": number,  # the order is known, not the time
        "frames": _NO_FRAMES,
    }


def _device_trace(raw):
    """A free by one stream alone is requested and completed at once."""
    trace = []
    waiting = set()
    for row in raw["events"]:
        action, address, size, stream = row
        if action == 2 and address not in waiting:
            trace.append(_event(len(trace), (1, address, size, stream)))
        (waiting.add if action == 1 else waiting.discard)(address)
        trace.append(_event(len(trace), row))
    return trace


def snapshot_of(raw, devices):
    """What torch.cuda.memory._snapshot() returns; `raw` has an entry for each GPU that was used."""
    snapshot = {
        "segments": [],
        "device_traces": [[] for _ in range(devices)],
        "allocator_settings": {"PYTORCH_CUDA_ALLOC_CONF": "", "max_split_size": -1, "expandable_segments": False},
        "external_annotations": [],
    }
    for gpu in raw:
        device = gpu["device"]
        snapshot["segments"] += [_segment(device, segment) for segment in gpu["segments"]]
        snapshot["device_traces"][device] = _device_trace(gpu)
    return snapshot
