"""PyTorch in a process of its own, which alone imports it."""

import importlib.util

from .timing import Contender, turn
from .worker import Worker, answer_questions

# The threads of OpenMP wait awake for the next piece of work; between two operations
# that is good, between two turns it steals the others' time. So: the default of GNU's
# OpenMP (a few milliseconds) and not 200 for Intel's.
QUIET = {"KMP_BLOCKTIME": "1", "OPENBLAS_NUM_THREADS": "1"}


def torch_is_installed() -> bool:
    """Tell whether there is a PyTorch to compare with."""
    return importlib.util.find_spec("torch") is not None


class TorchWorker(Worker):
    """The near end of the pipe; use it in a ``with`` statement."""

    def __init__(self):
        super().__init__(serve, environment=QUIET)
        self.facts = self.ask("facts")

    def contenders(self, kind, **arrays):
        """Prepare one kind of work there; return one contender for each variant."""
        return [
            Contender(
                "PyTorch",
                lambda v=variant: self.ask("turn", v),
                lambda v=variant: self.ask("answer", v),
                variant,
            )
            for variant in self.ask("prepare", kind, arrays)
        ]


def serve(pipe):
    """Prepare variants of one kind of work, and take turns."""
    from . import torch_variants  # here: only this process may import torch

    variants = {}

    def prepare(kind, arrays):
        variants.clear()  # frees the case before
        variants.update(torch_variants.prepare(kind, arrays))
        return list(variants)

    answer_questions(
        pipe,
        {
            "facts": torch_variants.facts,
            "prepare": prepare,
            "turn": lambda variant: turn(variants[variant][0]),
            "answer": lambda variant: variants[variant][1](),
        },
    )
