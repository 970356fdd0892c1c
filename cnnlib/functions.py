"""Functions on arrays: the sigmoid, the softmax and the cross entropy.

They hold no state. The layers of the same name remember what backward needs.
"""

import numpy as np

from . import checks

__all__ = ["cross_entropy_error", "softmax"]


def sigmoid(x):
    """Squash every number into (0, 1).

    Written with tanh, which never overflows; ``1 / (1 + exp(-x))`` does for
    large negative ``x``.
    """
    return 0.5 * (np.tanh(0.5 * x) + 1)


def softmax(x):
    """Turn scores into probabilities along the last axis.

    The largest score is subtracted first: it changes nothing in the result, and
    ``exp`` can not overflow any more.

    Parameters
    ----------
    x : array (..., classes)
        Scores, any real numbers.

    Returns
    -------
    array (..., classes)
        Positive numbers whose last axis sums to 1.

    References
    ----------
    Saito, section 3.5.
    """
    x = checks.floats(x, "x")
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x):
    """Return the logarithm of the softmax, exact where the softmax rounds to 0."""
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def cross_entropy_error(y, t) -> float:
    """Measure how far probabilities are from the truth, averaged over a batch.

    It is the mean of ``-log(probability of the right class)``: 0 for a sure and
    right answer, ln 10 = 2.303 for guessing among ten classes.

    Parameters
    ----------
    y : array (N, classes) or (classes,)
        Probabilities, as ``softmax`` returns them.
    t : array
        Labels (N,), or one-hot rows (N, classes); without N for a single sample.

    Returns
    -------
    float
        In nats, at least 0.

    Raises
    ------
    ValueError
        If ``t`` does not fit to ``y``, or ``y`` holds no probabilities.

    References
    ----------
    Saito, section 4.2.
    """
    y = checks.array(y, "y")
    t = checks.array(t, "t")
    if y.ndim == 1:
        y, t = y[np.newaxis], t[np.newaxis]
    if y.ndim != 2:
        raise ValueError(f"y has shape {y.shape}; expected (N, classes).")
    if y.min() < 0 or y.max() > 1.001:
        raise ValueError(
            f"y holds numbers from {y.min():.3g} to {y.max():.3g}; expected "
            "probabilities from 0 to 1. Call softmax(scores) first."
        )
    smallest = np.finfo(y.dtype).tiny if y.dtype.kind == "f" else 1e-300
    return mean_loss(np.log(np.maximum(y, smallest)), checks.labels(t, y.shape))


def mean_loss(log_y, t) -> float:
    """Average the cross entropy from logarithms and labels that were checked."""
    if t.ndim == 2:
        return float(-(t * log_y).sum() / len(log_y))
    return float(-log_y[np.arange(len(t)), t].mean())
