"""The layer with three planted bugs, repaired."""

import numpy as np

from ..base import Answer, Mistake


def layer(x, W, b, a, stride, pad, dout):
    """Return output and gradients of a convolution followed by a leaky ReLU."""
    (N, _, H, width), (FN, _, FH, FW) = x.shape, W.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    OH, OW = (H + 2 * pad - FH) // stride + 1, (width + 2 * pad - FW) // stride + 1
    z = np.zeros((N, FN, OH, OW))
    for i, j in np.ndindex(OH, OW):
        at = _window(i, j, stride, FH, FW)
        z[:, :, i, j] = np.tensordot(padded[at], W, axes=([1, 2, 3], [1, 2, 3])) + b
    slope = a[:, np.newaxis, np.newaxis]
    results = {"out": np.where(z > 0, z, slope * z)}
    dz = np.where(z > 0, dout, slope * dout)
    dx, dW = np.zeros(padded.shape), np.zeros(W.shape)
    for i, j in np.ndindex(OH, OW):
        at = _window(i, j, stride, FH, FW)
        dW += np.tensordot(dz[:, :, i, j], padded[at], axes=([0], [0]))
        dx[at] += np.tensordot(dz[:, :, i, j], W, axes=1)
    da = np.where(z > 0, 0, dout * z).sum(axis=(0, 2, 3))
    dx = dx[:, :, pad : pad + H, pad : pad + width]
    return results | {"dx": dx, "dW": dW, "db": dz.sum(axis=(0, 2, 3)), "da": da}


def _window(i, j, stride, FH, FW):
    top, left = i * stride, j * stride
    return np.s_[:, :, top : top + FH, left : left + FW]


def _last_writes(inputs):
    """Return dx where the last window that sees a pixel overwrites the others."""
    x, W, a, stride, pad = (inputs[n] for n in ("x", "W", "a", "stride", "pad"))
    dout, (H, width), (FH, FW) = inputs["dout"], x.shape[2:], W.shape[2:]
    slope = a[:, np.newaxis, np.newaxis]
    dz = np.where(layer(**inputs)["out"] > 0, dout, slope * dout)
    dx = np.zeros((*x.shape[:2], H + 2 * pad, width + 2 * pad))
    for i, j in np.ndindex(dout.shape[2:]):
        dx[_window(i, j, stride, FH, FW)] = np.tensordot(dz[:, :, i, j], W, axes=1)
    return {"dx": dx[:, :, pad : pad + H, pad : pad + width]}


def _case(rng, N, C, H, W, FN, size, stride, pad):
    FH, FW = size
    OH, OW = (H + 2 * pad - FH) // stride + 1, (W + 2 * pad - FW) // stride + 1
    return {
        "x": rng.standard_normal((N, C, H, W)).round(2),
        "W": rng.standard_normal((FN, C, FH, FW)).round(2),
        "b": rng.standard_normal(FN).round(2),
        "a": rng.uniform(0.05, 0.4, FN).round(2),
        "stride": stride,
        "pad": pad,
        "dout": rng.standard_normal((N, FN, OH, OW)).round(2),
    }


def _without_slope(inputs):
    """Return the gradients through a plain ReLU."""
    flat = layer(**(inputs | {"a": 0 * inputs["a"]}))
    return {name: flat[name] for name in ("dx", "dW", "db")}


def _times(factor):
    """Return a mistake: dW and db times a number that depends on the batch."""

    def solve(inputs):
        right, N = layer(**inputs), len(inputs["x"])
        return {name: right[name] * factor(N) for name in ("dW", "db")}

    return solve


REPAIR = Answer(
    "hw3.repair",
    solve=lambda inputs: layer(**inputs),
    required=("out", "da"),
    visible=lambda rng: [
        _case(rng, 2, 1, 4, 5, 2, (3, 3), 1, 0),
        _case(rng, 3, 2, 6, 5, 2, (3, 2), 2, 1),
    ],
    cases=lambda rng: [
        _case(rng, 2, 2, 5, 6, 3, (3, 3), 1, 1),
        _case(rng, 4, 1, 7, 4, 2, (2, 3), 1, 0),
        _case(rng, 3, 3, 8, 9, 2, (4, 3), 2, 2),
    ],
    mistakes={
        "bug 1: db past the activation": Mistake(
            lambda inputs: {"db": inputs["dout"].sum(axis=(0, 2, 3))},
            "the bias stands before the leaky ReLU. On the way back the gradient has "
            "to pass it first. Which array holds it after that?",
        ),
        "bug 2: = for +=": Mistake(
            _last_writes,
            "where windows overlap, the last one overwrites the others (`=` for `+=`).",
        ),
        "bug 3: 1/N twice": Mistake(
            lambda inputs: {"dW": layer(**inputs)["dW"] / len(inputs["x"])},
            "N times too small: the 1/N of the mean stands in dout already.",
        ),
        "db also divided by N": Mistake(
            lambda inputs: {"db": layer(**inputs)["db"] / len(inputs["x"])},
            "N times too small: the 1/N of the mean stands in dout already.",
        ),
        "N times too large": Mistake(
            _times(lambda N: N),
            "N times too large. Taking the division out is enough: do not multiply.",
        ),
        "slope forgotten": Mistake(
            _without_slope,
            "this is the gradient of a plain ReLU: where z is negative, the slope a "
            "is missing.",
        ),
    },
)

ANSWERS = [REPAIR]
