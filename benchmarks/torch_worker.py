"""PyTorch in a process of its own.

Its threads and NumPy's would share two cores and disturb each other. Here PyTorch
waits at the end of a pipe, asleep, until it is asked for a turn; it takes the time
itself, so the pipe is not in the figures.
"""

import importlib.util
import multiprocessing
import os
import traceback

from .timing import Contender, turn

# For the other process. The threads of OpenMP wait awake for the next piece of work;
# between two operations that is good, between two turns it steals the others' time.
# So: the default of GNU's OpenMP (a few milliseconds) and not 200 for Intel's.
QUIET = {"KMP_BLOCKTIME": "1", "OPENBLAS_NUM_THREADS": "1"}


def torch_is_installed() -> bool:
    """Tell whether there is a PyTorch to compare with."""
    return importlib.util.find_spec("torch") is not None


class TorchWorker:
    """The near end of the pipe; use it in a ``with`` statement."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=serve, args=(far,), daemon=True)
        before = dict(os.environ)
        os.environ.update(QUIET)
        try:
            self._process.start()
        finally:
            os.environ.clear()
            os.environ.update(before)
        far.close()
        self.facts = self._ask("facts")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._pipe.close()  # the far end reads the end of file and leaves
        self._process.join()

    def contenders(self, kind, **arrays):
        """Prepare one kind of work there; return one contender for each variant."""
        return [
            Contender(
                "PyTorch",
                lambda v=variant: self._ask("turn", v),
                lambda v=variant: self._ask("answer", v),
                variant,
            )
            for variant in self._ask("prepare", kind, arrays)
        ]

    def _ask(self, *question):
        self._pipe.send(question)
        good, answer = self._pipe.recv()
        if not good:
            raise RuntimeError(f"the PyTorch process failed:\n{answer}")
        return answer


def serve(pipe):
    """Answer questions until the other end closes the pipe."""
    from . import torch_variants  # here: only this process may import torch

    variants = {}
    answers = {
        "facts": torch_variants.facts,
        "turn": lambda variant: turn(variants[variant][0]),
        "answer": lambda variant: variants[variant][1](),
    }
    while True:
        try:
            verb, *rest = pipe.recv()
        except EOFError:
            return
        try:
            if verb == "prepare":
                variants = {}  # frees the case before
                variants = torch_variants.prepare(*rest)
                answer = list(variants)
            else:
                answer = answers[verb](*rest)
            pipe.send((True, answer))
        except Exception:
            pipe.send((False, traceback.format_exc()))
