"""Answers to hw2_layers: layers for sound."""

import numpy as np

from .base import Answer, Mistake


def conv1d(x, W, b, stride, pad, dilation=1):
    """Return the 1-D convolution (N, FN, OL) by its definition."""
    N, C, L = x.shape
    FN, _, FL = W.shape
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    OL = (L + 2 * pad - FL) // stride + 1
    out = np.zeros((N, FN, OL))
    for o in range(OL):
        window = x[:, :, o * stride : o * stride + FL]  # (N, C, FL)
        out[:, :, o] = np.tensordot(window, W, axes=([1, 2], [1, 2])) + b
    return out


def _conv1d_case(rng, N, C, L, FN, FL, stride, pad):
    return {
        "x": rng.standard_normal((N, C, L)).round(2),
        "W": rng.standard_normal((FN, C, FL)).round(2),
        "b": rng.uniform(1, 2, FN).round(2),
        "stride": stride,
        "pad": pad,
    }


def _forward(change=lambda **case: case):
    def solve(inputs):
        return {"out": conv1d(**change(**inputs))}

    return solve


def _bias_each(x, W, b, stride, pad):
    return {"out": conv1d(x, W, b * W[0].size, stride, pad)}


CONV1D_FORWARD = Answer(
    "hw2.conv1d_forward",
    solve=_forward(),
    visible=lambda rng: [
        _conv1d_case(rng, 1, 1, 5, 1, 3, 1, 0),
        _conv1d_case(rng, 2, 3, 9, 4, 3, 1, 1),
        _conv1d_case(rng, 2, 2, 10, 3, 4, 3, 2),
    ],
    cases=lambda rng: [
        _conv1d_case(rng, 1, 1, 7, 1, 2, 1, 0),
        _conv1d_case(rng, 3, 2, 8, 5, 3, 1, 0),
        _conv1d_case(rng, 2, 4, 11, 3, 5, 1, 2),
        _conv1d_case(rng, 2, 3, 12, 2, 4, 2, 1),
        _conv1d_case(rng, 4, 2, 13, 3, 3, 4, 3),
    ],
    mistakes={
        "flipped filter": Mistake(
            _forward(lambda W, **case: case | {"W": W[:, :, ::-1]}),
            "your filter is turned around (flipped): np.convolve does this. A "
            "convolution layer multiplies x[i + j] with W[j], without turning.",
        ),
        "no bias": Mistake(
            _forward(lambda b, **case: case | {"b": 0 * b}),
            "the bias is missing: add b[f] once to each output of filter f.",
        ),
        "bias for each element": Mistake(
            lambda inputs: _bias_each(**inputs),
            "the bias is added once for each number in the window. Add it once for "
            "each output, after the sum.",
        ),
    },
)

ANSWERS = [CONV1D_FORWARD]
