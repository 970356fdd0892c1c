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


def memory(work, direction):
    """Return the ``build`` of: peak memory of one convolution.

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
        for name in setup.numpy_names():
            room, dtype = rooms.get(name, (fast, np.float32))
            order = batch_last if name == "fast" else np.asarray
            x_order = order if work.inside else np.asarray
            new_layer = functools.partial(make_layer, room, W.astype(dtype), work.pad)
            arrays = x_order(x.astype(dtype)), order
            measure = functools.partial(peak, new_layer, *arrays, direction)
            contenders.append(Contender(name, measure))
        return contenders

    return build


def peak(new_layer, x, order, direction) -> int:
    """Return the bytes allocated at the worst moment, beside the results."""
    dout = order(np.ones(new_layer().forward(x).shape, x.dtype))
    layer = new_layer()  # one that has kept nothing yet
    tracemalloc.start()
    try:
        results = [layer.forward(x)]
        if direction == "backward":
            results += [layer.backward(dout), layer.dW, layer.db]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return most - sum(array.nbytes for array in results)


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


def _memory_cases():
    titles = {"forward": "forward", "backward": "forward and backward"}
    for direction, title in titles.items():
        for number, (shapes, work) in enumerate(CONVOLUTIONS.items(), start=1):
            yield Case(
                f"memory{number}-{direction}",
                f"peak extra memory, conv {title} {shapes}",
                memory(work, direction),
                book=8,
                unit="B",
                least=1,
                most=1,
            )


CASES = [
    *_memory_cases(),
    Case("import", "import in a fresh process", importing, limit=0.2, least=5, most=15),
]
