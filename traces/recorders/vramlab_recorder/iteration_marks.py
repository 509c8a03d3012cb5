"""Where an iteration of an unmodified program ends: after an optimizer's step, a model's forward, or a named function."""

import functools
import importlib

from .operator_merge import RecordingError


class Marks:
    """Calls `ended` at every `every`-th mark. Installing needs torch."""

    def __init__(self, ended, every=1):
        self._ended = ended
        self._every = every
        self._seen = 0
        self._depth = 0

    def seen(self):
        self._seen += 1
        if self._seen % self._every == 0:
            self._ended()

    def install(self, mark):
        if mark == "optimizer":
            self._after_optimizer_steps()
        elif mark == "forward":
            self._after_forwards()
        elif mark != "none":
            self._after_calls_of(mark)

    def _after_optimizer_steps(self):
        from torch.optim.optimizer import register_optimizer_step_post_hook
        register_optimizer_step_post_hook(lambda optimizer, args, kwargs: self.seen())

    def _after_forwards(self):
        """Of the outermost module: those it calls are its parts."""
        from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

        def enter(module, args):
            self._depth += 1

        def leave(module, args, output):
            self._depth -= 1
            if self._depth == 0:
                self.seen()

        register_module_forward_pre_hook(enter)
        register_module_forward_hook(leave, always_call=True)

    def _after_calls_of(self, name):
        """`name` is MODULE:QUALIFIED.NAME. Only the outermost call counts."""
        holder, last = find_holder(name)
        function = getattr(holder, last)

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            self._depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.seen()

        setattr(holder, last, wrapped)


def find_holder(name):
    """(the module or class that holds the function, its last name). Imports the module."""
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise RecordingError(f"--mark {name}: give optimizer, forward, none, or MODULE:FUNCTION, as in "
                             "transformers:GenerationMixin.generate")
    try:
        holder = importlib.import_module(module_name)
        *parents, last = path.split(".")
        for parent in parents:
            holder = getattr(holder, parent)
        getattr(holder, last)
    except (ImportError, AttributeError) as error:
        raise RecordingError(f"--mark {name}: {error}") from None
    return holder, last
