"""Where the fast engine's time goes: ``python -m benchmarks.profile conv1 alexnet``.

Each case runs in one thread under Python's profiler; the time of a function is its
own, without the functions that it calls. Since each trick of ``cnnlib.fast`` is one
function, a line is a trick. The matrix products of a convolution are timed alone as
well: what they take, no order of the memory can win back.
"""

import os
import sys

os.environ["CNNLIB_THREADS"] = "1"  # the profiler sees the first thread only
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cProfile
import pstats
from pathlib import Path

import numpy as np

from cnnlib.geometry import resolve

from . import machine, report
from .case import Setup, images
from .catalogue import CASES
from .layers import CONVOLUTIONS
from .timing import SETTLE, run_for

SECONDS = 2.0
LINES = 8


def own_times(call):
    """Return the seconds of a call, and (seconds, share, function) of its parts."""
    run_for(call, SETTLE)
    profiler, calls = cProfile.Profile(), 0
    plain = run_for(call, SECONDS / 2)
    while calls * plain < SECONDS:
        profiler.runcall(call)
        calls += 1
    stats = pstats.Stats(profiler).stats
    total = sum(own for _, _, own, _, _ in stats.values())
    parts = sorted(
        (
            (own / calls, own / total, where(*key))
            for key, (_, _, own, *_) in stats.items()
        ),
        reverse=True,
    )
    return plain, parts[:LINES]


def where(path, line, name) -> str:
    """Name a function as a reader finds it: file, line, name."""
    return f"{Path(path).name}:{line} {name}" if line else name.strip("<>")


def products_alone(work):
    """Return the seconds of the matrix product of a convolution's forward pass.

    One product with everything in place: (FN, C*FH*FW) times (C*FH*FW, N*OH*OW).
    """
    (N, C, H, W), (FN, _, FH, FW) = work.x_shape, work.W_shape
    g = resolve(H, W, FH, FW, 1, work.pad)
    filters = images(FN, C * FH * FW)
    col = images(C * FH * FW, N * g.OH * g.OW)
    out = np.empty((FN, col.shape[1]), np.float32)
    return run_for(lambda: np.matmul(filters, col, out=out), SECONDS / 2)


def main():
    """Profile the cases whose names contain one of the arguments."""
    wanted = sys.argv[1:] or ["step100", "conv", "alexnet"]
    print(report.facts_text(machine.describe(None)))
    print("one thread, float32; shares are of the profiled time\n")
    works = dict(zip(("conv1", "conv2", "conv3"), CONVOLUTIONS.values(), strict=True))
    for case in CASES:
        if case.unit != "s" or not any(part in case.name for part in wanted):
            continue
        for contender in case.build(Setup(("fast",))):
            if contender.work is None:
                continue  # an epoch is many steps
            plain, parts = own_times(contender.work)
            print(f"{case.title}  {contender.label}: {1e3 * plain:.2f} ms")
            for own, share, name in parts:
                print(f"  {1e3 * own:8.3f} ms {share:4.0%}  {name}")
        if case.name[:5] in works and case.name.endswith("forward"):
            alone = products_alone(works[case.name[:5]])
            print(f"  {1e3 * alone:8.3f} ms       its matrix product alone")
        print()


if __name__ == "__main__":
    main()
