"""What is not the time of a computation: memory beside it, and the import."""

import functools
import importlib.util
import subprocess
import sys
import tracemalloc

import numpy as np

import cnnlib
from cnnlib import fast

from . import book
from .case import Case, Setup, batch_last, images
from .layers import CONVOLUTIONS, make_layer
from .timing import Contender

STOPWATCH = (
    "import time; start = time.perf_counter(); import {module}; "
    "print(time.perf_counter() - start)"
)


def memory(work):
    """Return the ``build`` of: peak memory of one convolution, forward and backward.

    Counted is what is allocated beside the arrays that exist anyway: images, filters,
    output, and their gradients. NumPy reports its arrays to ``tracemalloc``; the
    buffers inside BLAS (a few MB, the same for all) and those of PyTorch do not
    appear there, so PyTorch does not take part.
    """

    def build(setup: Setup):
        x_shape, W_shape = work.sized(setup.tiny)
        x, W = images(*x_shape), images(*W_shape, seed=8)
        rooms = {"book": (book, np.float64), "textbook": (cnnlib, np.float32)}
        contenders = []
        for name in setup.names:
            if name == "PyTorch":
                continue
            room, dtype = rooms.get(name, (fast, np.float32))
            order = batch_last if name == "fast" and work.inside else np.asarray
            layer = make_layer(room, W.astype(dtype), work.pad)
            measure = functools.partial(peak, layer, order(x.astype(dtype)), order)
            contenders.append(Contender(name, measure))
        return contenders

    return build


def peak(layer, x, order):
    """Return the bytes allocated at the worst moment, beside the results."""
    dout = order(np.ones(layer.forward(x).shape, x.dtype))
    layer.__dict__.pop("_kept", None)  # what the trial kept must not count as old
    layer.__dict__.pop("col", None)
    tracemalloc.start()
    try:
        out = layer.forward(x)
        dx = layer.backward(dout)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return most - sum(array.nbytes for array in (out, dx, layer.dW, layer.db))


def importing(setup: Setup):
    """Import in a new process each time: the package, and what it stands on.

    In the place of the book stands ``import numpy``, which is all that it needs.
    """
    modules = {"book": "numpy", "fast": "cnnlib", "PyTorch": "torch"}
    return [
        Contender(name, functools.partial(import_seconds, module), variant=module)
        for name, module in modules.items()
        if name in setup.names and importlib.util.find_spec(module)
    ]


def import_seconds(module):
    """Return the seconds that an import takes in a fresh Python."""
    command = [sys.executable, "-c", STOPWATCH.format(module=module)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(printed.stdout)


CASES = [
    *(
        Case(
            f"memory{number}",
            f"peak extra memory, conv {shapes}",
            memory(work),
            book=8,
            unit="B",
            least=1,
            most=1,
        )
        for number, (shapes, work) in enumerate(CONVOLUTIONS.items(), start=1)
    ),
    Case("import", "import in a fresh process", importing, limit=0.2, least=5, most=15),
]
