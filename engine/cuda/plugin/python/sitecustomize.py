"""Found first by every Python that `vramlab run` starts: has PyTorch allocate through vramlab once it is imported.

Nothing else changes: a program that never imports torch runs as ever, and a sitecustomize of the system or of the user,
which this one hides, is run too.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


class _Finder:
    """Lets others find torch, and installs our allocator once it is there."""

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        except ValueError:
            spec = None
        if spec is None or spec.loader is None:
            sys.meta_path.insert(0, self)
            return None
        exec_module = spec.loader.exec_module

        def exec_and_install(module):
            try:
                exec_module(module)
            except BaseException:
                sys.meta_path.insert(0, self)  # another attempt may follow
                raise
            _install()

        spec.loader.exec_module = exec_and_install
        return spec


def _install():
    if _HERE not in sys.path:
        sys.path.append(_HERE)
    import vramlab_torch

    vramlab_torch.install_or_end()


def _run_hidden_sitecustomize():
    elsewhere = [p for p in sys.path if os.path.abspath(p or os.curdir) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module  # as if this file were not there
    spec.loader.exec_module(module)


if os.environ.get("VRAMLAB_LIBRARY"):
    sys.meta_path.insert(0, _Finder())
_run_hidden_sitecustomize()
