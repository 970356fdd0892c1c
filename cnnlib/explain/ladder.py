"""The speed ladder: one convolution, four ways, timed on the reader's machine."""

import time

import numpy as np

from .. import fast, naive
from ..conv import Convolution

__all__ = ["speed_ladder"]


def _forward(layer):
    return lambda x, W, b, stride, pad: layer(W, b, stride, pad).forward(x, train=False)


RUNGS = {
    "loops": naive.convolution,
    "loops over offsets": naive.convolution_by_offsets,
    "im2col + matrix product": _forward(Convolution),
    "batch-last memory": _forward(fast.Convolution),
}


def speed_ladder(x, W, b, stride=1, pad=0, rounds=30, patience=1.0) -> dict:
    """Time one convolution in four ways on this machine, each with the same result.

    The ways take turns, so that a busy moment hits all of them, and the best time of
    each counts. All run on one core. The plain loops get one image, for they would
    take minutes on a batch; their time grows with the images anyway.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images; about 100 of them.
    W, b : array (FN, C, FH, FW) and (FN,)
        Filters and biases.
    stride, pad
        As in ``Convolution``.
    rounds : int
        How many times each way is measured, at most.
    patience : float
        A way that has used up this many seconds sits out the rest.

    Returns
    -------
    dict of str to float
        Seconds for one image, for ``cnnlib.plots.speed_bars``.

    Raises
    ------
    ValueError
        If two ways differ: the time of a wrong result is worth nothing.

    References
    ----------
    notebooks/04_im2col.ipynb.
    """
    images = {name: x[:1] if name == "loops" else x for name in RUNGS}
    best, spent = dict.fromkeys(RUNGS, np.inf), dict.fromkeys(RUNGS, 0.0)
    expected = None
    with fast.one_blas_thread():
        for number in range(rounds):
            for name, convolve in RUNGS.items():
                if spent[name] > patience:
                    continue
                start = time.perf_counter()
                out = convolve(images[name], W, b, stride, pad)
                elapsed = time.perf_counter() - start
                spent[name] += elapsed
                best[name] = min(best[name], elapsed / len(images[name]))
                if number == 0:
                    expected = out[:1] if expected is None else expected
                    _assert_same(out[:1], expected, name)
    return best


def _assert_same(out, expected, name):
    most = np.abs(expected).max()
    if not np.allclose(out, expected, rtol=1e-4, atol=1e-5 * most, equal_nan=True):
        raise ValueError(
            f"{name!r} differs from the plain loops by up to "
            f"{np.abs(out - expected).max():.2g}; expected the same numbers. This is "
            "a fault of cnnlib, not of yours: please report the shapes."
        )
