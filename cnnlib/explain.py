"""Small helps for reading: folded answers, checks that give a hint, timings."""

import html
import time

import numpy as np

from . import fast, naive
from .conv import Convolution

__all__ = ["check", "guess", "speed_ladder"]


def check(answer, right, mistakes=()) -> None:
    """Say whether an answer is right, and if not, which mistake it looks like.

    Parameters
    ----------
    answer : number, array or None
        What the student wrote; None if nothing yet.
    right : number or array
    mistakes : sequence of (value, hint)
        What known mistakes lead to, each with a hint that names it.

    Examples
    --------
    >>> check(14, right=28, mistakes=[(14, "the padding counts on both sides")])
    Not yet: the padding counts on both sides.
    >>> check(28, right=28)
    Right.
    """
    if answer is None or answer is ...:
        print("Write your answer in place of None, then run the cell again.")
        return
    try:
        answer = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        print(f"Not yet: {answer!r} is no number or array of numbers.")
        return
    if _equal(answer, right):
        print("Right.")
        return
    for value, hint in mistakes:
        if _equal(answer, value):
            print(f"Not yet: {hint}.")
            return
    if answer.shape != np.shape(right):
        print(f"Not yet: the shape is {answer.shape}, expected {np.shape(right)}.")
    else:
        print("Not yet. Go back to the last example and follow it step by step.")


def _equal(answer, value):
    value = np.asarray(value, dtype=float)
    return answer.shape == value.shape and np.allclose(answer, value, rtol=1e-4)


class guess:  # lower case: it reads as a verb, guess(answer)
    """Keep an answer folded until the reader clicks on it.

    Parameters
    ----------
    answer : object
        Shown as ``print`` would show it.

    Examples
    --------
    >>> from cnnlib import conv_output_size
    >>> guess(conv_output_size(28, 5, pad=2))
    guess first, then look: 28
    """

    def __init__(self, answer):
        self.answer = answer

    def __repr__(self):
        return f"guess first, then look: {self.answer}"

    def _repr_html_(self):
        return (
            "<details><summary>Guess first, then click.</summary>"
            f"<pre>{html.escape(str(self.answer))}</pre></details>"
        )


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
