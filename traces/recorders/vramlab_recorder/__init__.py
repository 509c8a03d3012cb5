"""Records the operators of a PyTorch program: what they read and write, and the time of their kernels.

    from vramlab_recorder import OperatorRecorder
    with OperatorRecorder("trace.csv", warmup=3, iterations=2) as recorder:
        for batch in batches:
            step(batch)
            recorder.iteration()
"""


def __getattr__(name):  # torch is imported only by who asks for it
    if name == "OperatorRecorder":
        from .operator_recorder import OperatorRecorder
        return OperatorRecorder
    raise AttributeError(name)
