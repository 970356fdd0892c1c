"""Kind errors: look at what arrives before NumPy does.

A wrong shape is the most common mistake of all. Each function here returns its
argument, ready to use, or says what arrived, what was expected and what to do.
"""

import numpy as np


def array(values, name):
    """Return ``values`` as a numeric array, without copying one.

    Raises
    ------
    ValueError
        If rows have different lengths or an axis is empty.
    TypeError
        If the values are not real numbers.
    """
    try:
        values = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} is a list whose rows have different lengths; expected a "
            "rectangular array. Count the numbers in each row."
        ) from None
    if values.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} holds {values.dtype}; expected real numbers. "
            f"Convert it first, for example {name}.astype(np.float32)."
        )
    if values.size == 0:
        raise ValueError(
            f"{name} is empty (shape {values.shape}); expected at least one sample."
        )
    return values


def samples(values, name):
    """Return ``values`` as a numeric array with an axis of samples.

    Raises
    ------
    ValueError
        If ``values`` is a single number.
    """
    values = array(values, name)
    if values.ndim == 0:
        raise ValueError(
            f"{name} is a single number ({values}); expected an array of samples, "
            "shape (N, ...)."
        )
    return values


def floats(values, name):
    """Return ``values`` as a floating array: whole numbers become float64.

    Small integers would wrap around in ``x - x.max()`` or ``x * x``, and NumPy
    computes functions of them in half precision.
    """
    values = array(values, name)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def images(x, channels=None, name="x"):
    """Return ``x`` as an array (N, C, H, W), with C checked if it is given.

    Raises
    ------
    ValueError
        If ``x`` is not 4-D or has the wrong number of channels.
    """
    x = array(x, name)
    if x.ndim != 4:
        raise ValueError(
            f"{name} has shape {x.shape}, {x.ndim} axes; expected 4: (N, C, H, W). "
            + _to_four_axes(x, name)
        )
    if channels is not None and x.shape[1] != channels:
        hint = f"Check the order of the axes: (N, C, H, W), so C is {name}.shape[1]."
        if x.shape[3] == channels:
            hint = f"{name} looks like (N, H, W, C): use {name}.transpose(0, 3, 1, 2)."
        raise ValueError(
            f"{name} has shape {x.shape}, that is {x.shape[1]} channel(s); "
            f"the filters expect {channels}. {hint}"
        )
    return x


def _to_four_axes(x, name) -> str:
    if x.ndim == 2:
        return (
            f"For one grey image write {name}.reshape(1, 1, {x.shape[0]}, "
            f"{x.shape[1]}); flat rows of pixels need their height and width back, "
            f"for example {name}.reshape(-1, 1, 28, 28)."
        )
    if x.ndim == 3:
        return (
            f"For one image (C, H, W) write {name}[np.newaxis]; for grey images "
            f"(N, H, W) write {name}[:, np.newaxis]."
        )
    return "N images of C channels, H pixels high and W wide."


def filters(W, b, groups):
    """Return filters (FN, C, FH, FW) and biases (FN,) or None, checked together."""
    W = array(W, "W")
    if W.ndim != 4:
        raise ValueError(
            f"W has shape {W.shape}; expected 4 axes: (FN, C, FH, FW), that is "
            "(filters, channels, height, width). For one grey filter write "
            "W.reshape(1, 1, FH, FW)."
        )
    if W.shape[0] % groups:
        raise ValueError(
            f"W holds {W.shape[0]} filters, not a multiple of groups={groups}. "
            "Every group gets the same number of filters."
        )
    return W, bias(b, W.shape[0], f"one bias a filter, shape ({W.shape[0]},)")


def bias(b, size, expected):
    """Return ``b`` as an array (size,), or None if there is no bias."""
    if b is None:
        return None
    b = array(b, "b")
    if b.shape != (size,):
        raise ValueError(f"b has shape {b.shape}; expected {expected}.")
    return b


def matrix(W, b):
    """Return weights (D, M) and biases (M,) or None, checked together."""
    W = array(W, "W")
    if W.ndim != 2:
        raise ValueError(
            f"W has shape {W.shape}; expected 2 axes: (features in, features out)."
        )
    return W, bias(b, W.shape[1], f"one bias an output, shape ({W.shape[1]},)")


def features(x, size):
    """Return ``x`` (N, ...) if each sample holds ``size`` numbers."""
    x = array(x, "x")
    if x.ndim < 2:
        raise ValueError(
            f"x has shape {x.shape}; expected a batch (N, {size}) or (N, C, H, W). "
            "For a single sample write x[np.newaxis]."
        )
    found = x.size // len(x)
    if found != size:
        raise ValueError(
            f"x has shape {x.shape}, that is {found} numbers a sample; W expects "
            f"{size}. A different image size, filter size or padding before this layer "
            "changes the count: compute it with conv_output_size."
        )
    return x


def scales(gamma, beta):
    """Return scale and shift of a normalization, both (D,)."""
    gamma, beta = array(gamma, "gamma"), array(beta, "beta")
    if gamma.ndim != 1 or gamma.shape != beta.shape:
        raise ValueError(
            f"gamma has shape {gamma.shape} and beta {beta.shape}; expected one number "
            "a feature or channel in each, for example np.ones(C) and np.zeros(C)."
        )
    if gamma.dtype.kind != "f":
        raise TypeError(
            f"gamma holds {gamma.dtype}; expected floats, for example np.ones(C)."
        )
    return gamma, beta


def channels(x, size):
    """Return ``x`` (N, D) or (N, C, H, W) if its axis 1 has the right length."""
    x = array(x, "x")
    if x.ndim not in (2, 4):
        raise ValueError(f"x has shape {x.shape}; expected (N, D) or (N, C, H, W).")
    if x.shape[1] != size:
        raise ValueError(
            f"x has shape {x.shape}, that is {x.shape[1]} features along axis 1; "
            f"gamma holds {size}: one a feature or channel."
        )
    return x


def gradient(dout, shape, dtype):
    """Return ``dout`` in the output's type, if it has the output's shape."""
    dout = array(dout, "dout")
    if dout.shape != shape:
        raise ValueError(
            f"dout has shape {dout.shape}, but forward returned {shape}; they must "
            "be equal: one number for each output."
        )
    return dout.astype(dtype, copy=False) if dtype.kind == "f" else dout


def labels(t, shape):
    """Return labels (N,) of integers or targets (N, classes), to fit the scores.

    Parameters
    ----------
    t : array
        Labels (N,) or (N, 1), or one-hot rows or probabilities (N, classes).
    shape : (int, int)
        Shape (N, classes) of the scores.

    Raises
    ------
    ValueError
        If ``t`` does not fit, a label is out of range or a row does not sum to 1.
    """
    N, classes = shape
    t = array(t, "t")
    if t.shape == (N, classes) and classes > 1:
        if t.min() < 0 or not np.allclose(t.sum(axis=1), 1, atol=1e-3):
            raise ValueError(
                f"t has shape {t.shape} like the scores, so each row should be one-hot "
                "or probabilities: no negative number, sum 1. For labels pass (N,)."
            )
        return t
    if t.shape not in ((N,), (N, 1)):
        raise ValueError(
            f"t has shape {t.shape}, the scores {shape}; expected labels of shape "
            f"({N},) or one-hot rows of shape {shape}. Are x and t from the same batch?"
        )
    t = t.reshape(N)
    if t.dtype.kind == "f" and not np.array_equal(t, np.floor(t)):
        raise ValueError("t holds fractions; labels are whole numbers 0, 1, 2...")
    if t.min() < 0 or t.max() >= classes:
        raise ValueError(
            f"t holds labels from {t.min()} to {t.max()}, but there are scores for "
            f"{classes} classes only: labels run from 0 to {classes - 1}."
        )
    return t.astype(np.int64)


def lowest(x):
    """Return the number that never wins a maximum, in the type of ``x``."""
    if x.dtype.kind == "b":
        return False
    return -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min


def as_rng(rng) -> np.random.Generator:
    """Return a random generator from a Generator, a seed, or None (fresh)."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise TypeError(
            f"rng is {rng!r}; expected a generator such as np.random.default_rng(7), "
            "a whole number >= 0 as its seed, or None."
        ) from None


def fraction(value, name) -> float:
    """Return a number in [0, 1), such as a dropout ratio or a momentum."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} is {value!r}; expected a number from 0 to below 1.")
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}; it must be at least 0 and below 1.")
    return float(value)
