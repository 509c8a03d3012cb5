"""What an operator reads and writes, as addresses of storages: views share the storage, aliases come from its schema."""

import functools

import torch

# In-place operators that look at nothing of what they overwrite.
OVERWRITING = ("zero_", "fill_", "copy_", "normal_", "uniform_", "random_", "bernoulli_", "exponential_", "cauchy_",
               "geometric_", "log_normal_", "_foreach_zero_", "_foreach_copy_")


def tensors_in(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


def strided_parts(tensor):
    """The tensors that hold a sparse tensor's numbers; a strided one is its own."""
    if tensor.layout is torch.strided:
        return (tensor,)
    if tensor.layout is torch.sparse_coo:
        return (tensor._indices(), tensor._values())
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return (tensor.crow_indices(), tensor.col_indices(), tensor.values())
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return (tensor.ccol_indices(), tensor.row_indices(), tensor.values())
    return ()


def addresses_of(tensor):
    """Addresses of the storages on the GPU; none for tensors without memory of their own (fake ones, wrappers)."""
    found = []
    try:
        for part in strided_parts(tensor):
            if part.device.type == "cuda":
                found.append(part.untyped_storage().data_ptr())
    except (RuntimeError, NotImplementedError):
        return []
    return [address for address in found if address != 0]


def covers_its_storage(tensor):
    try:
        return (tensor.layout is torch.strided and tensor.is_contiguous() and
                tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes())
    except (RuntimeError, NotImplementedError):
        return False


@functools.cache
def arguments_of(func):
    """[(name, may be given by position, is written, is overwritten where it is written)]; None of a higher-order
    operator, which has no schema."""
    schema = getattr(func, "_schema", None)
    if schema is None:
        return None
    overwrites = schema.name.split("::")[-1] in OVERWRITING
    return [(argument.name, not argument.kwarg_only, argument.alias_info is not None and argument.alias_info.is_write,
             overwrites or argument.kwarg_only) for argument in schema.arguments]


class Operands:
    """Of one call. `inputs` are all addresses it was given."""

    def __init__(self, func, args, kwargs):
        self.reads, self.writes, self.inputs = [], [], set()
        arguments = arguments_of(func)
        if arguments is None:
            self._add((args, kwargs), written=False, overwrites=False)
            return
        for index, (name, positional, written, overwrites) in enumerate(arguments):
            if name in kwargs:
                self._add(kwargs[name], written, overwrites)
            elif positional and index < len(args):
                self._add(args[index], written, overwrites)

    def _add(self, value, written, overwrites):
        for tensor in tensors_in(value):
            addresses = addresses_of(tensor)
            self.inputs.update(addresses)
            if written:
                self.writes += addresses
            if not (written and overwrites and covers_its_storage(tensor)):
                self.reads += addresses

    def add_results(self, result):
        """Storages that were not among the inputs were made, and written, by the operator."""
        for tensor in tensors_in(result):
            self.writes += [address for address in addresses_of(tensor) if address not in self.inputs]
