"""Found first by every Python that `vramlab run` starts: has PyTorch allocate through vramlab once it is imported.

Nothing else changes: a program that never imports torch runs as ever, and a sitecustomize of the system or of the user,
which this one hides, is run too.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _run_hidden_sitecustomize():
    elsewhere = [p for p in sys.path if os.path.abspath(p or os.curdir) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module  # as if this file were not there
    spec.loader.exec_module(module)


if os.environ.get("VRAMLAB_LIBRARY"):
    if _HERE not in sys.path:
        sys.path.insert(0, _HERE)
    import vramlab_torch

    vramlab_torch.install_on_import()

_run_hidden_sitecustomize()
