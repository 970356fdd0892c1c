"""Questions on paper, with numbers of each student's own."""

import itertools

import numpy as np

from ..base import ByHand, Mistake, combinations


# --- 1: the length of the output ---------------------------------------------------
def _lengths():
    """Return settings where the step does not divide the room: rounding matters."""
    return combinations(
        length=range(60, 100),
        window=(5, 7),
        stride=(3, 4),
        pad=(2, 3, 4),
        dilation=(2, 3),
    )


def _length(length, window, stride, pad, dilation):
    return (length + 2 * pad - dilation * (window - 1) - 1) // stride + 1


LENGTH = ByHand(
    "hw2.by_hand_1",
    solve=lambda q: _length(**q),
    variants=_lengths,
    mistakes={
        "padding counted once": Mistake(
            lambda q: _length(**(q | {"length": q["length"] - q["pad"]})),
            "the padding counts once. It stands at both ends.",
        ),
        "no padding": Mistake(
            lambda q: _length(**(q | {"pad": 0})), "the padding is missing."
        ),
        "no dilation": Mistake(
            lambda q: _length(**(q | {"dilation": 1})),
            "the dilation is missing: the window reaches further.",
        ),
        "dilation times window": Mistake(
            lambda q: (
                (q["length"] + 2 * q["pad"] - q["dilation"] * q["window"])
                // q["stride"]
                + 1
            ),
            "the window does not reach over dilation * window: between 3 numbers there "
            "are 2 gaps.",
        ),
        "stride on the padded size": Mistake(
            lambda q: (
                (q["length"] + 2 * q["pad"]) // q["stride"]
                - (q["dilation"] * (q["window"] - 1) + 1)
                + 1
            ),
            "the stride divides the padded size. Subtract the window first, then "
            "divide.",
        ),
        "places are not steps": Mistake(
            lambda q: _length(**q) - 1,
            "these are the steps. The first place counts too: + 1.",
        ),
        "rounded up": Mistake(
            lambda q: _length(**(q | {"length": q["length"] + q["stride"] - 1})),
            "round down: a part of a step is no place.",
        ),
        "no stride": Mistake(
            lambda q: _length(**(q | {"stride": 1})), "the stride is missing."
        ),
    },
)


# --- 2: the receptive field --------------------------------------------------------
def _fields():
    sets = itertools.product((5, 7, 8, 9), (2, 3, 4), (3, 4, 5), (2, 3), (3, 5, 6))
    return [{"windows": [a, c, e], "strides": [b, d, 2]} for a, b, c, d, e in sets]


def _field(windows, strides):
    field, step = 1, 1
    for window, stride in zip(windows, strides, strict=True):
        field += (window - 1) * step
        step *= stride
    return field


def _field_with_sum(windows, strides):
    field, step = 1, 0
    for window, stride in zip(windows, strides, strict=True):
        field += (window - 1) * max(step, 1)
        step += stride
    return field


def _field_from_the_back(windows, strides):
    return _field(windows[::-1], strides[::-1])


FIELD = ByHand(
    "hw2.by_hand_2",
    solve=lambda q: _field(**q),
    variants=_fields,
    mistakes={
        "strides added": Mistake(
            lambda q: _field_with_sum(**q),
            "the strides are added. Steps multiply: a step of 2 in steps of 3 is 6.",
        ),
        "no strides": Mistake(
            lambda q: _field(q["windows"], [1, 1, 1]),
            "the strides are missing: a later window counts in steps of the layers "
            "before it.",
        ),
        "own stride too": Mistake(
            lambda q: (
                1
                + sum(
                    (window - 1) * int(np.prod(q["strides"][: k + 1]))
                    for k, window in enumerate(q["windows"])
                )
            ),
            "a window is widened by its own stride too. Only the layers before it "
            "count.",
        ),
        "window not less one": Mistake(
            lambda q: (
                1
                + sum(
                    window * int(np.prod(q["strides"][:k]))
                    for k, window in enumerate(q["windows"])
                )
            ),
            "each layer adds window - 1 steps, not window.",
        ),
        "layers turned around": Mistake(
            lambda q: _field_from_the_back(**q),
            "the layers are taken from the last to the first. This formula goes from "
            "the input to the output.",
        ),
        "one missing": Mistake(
            lambda q: _field(**q) - 1,
            "begin with 1: without layers one sample is seen.",
        ),
    },
)


# --- 3: a convolution on paper -----------------------------------------------------
def _rows():
    """Return rows without zeros, and filters whose turning shows."""
    rng = np.random.default_rng(3)
    sets = []
    for _ in range(200):
        x = rng.choice([1, 2, 3, 4, 5], 6)
        w = rng.choice([-2, -1, 1, 2, 3], 3, replace=False)
        b = int(rng.choice([1, 2, 3]))
        sets.append({"x": x.tolist(), "w": w.tolist(), "b": b})
    return sets


def _row(x, w, b, stride=2, before=1, after=1):
    """Return the outputs with a padding of 1 and a stride of 2."""
    x = [0] * before + list(x) + [0] * after
    places = range(0, len(x) - len(w) + 1, stride)
    return [sum(x[i + j] * w[j] for j in range(len(w))) + b for i in places]


ROW = ByHand(
    "hw2.by_hand_3",
    solve=lambda q: _row(**q),
    variants=_rows,
    mistakes={
        "flipped filter": Mistake(
            lambda q: _row(q["x"], q["w"][::-1], q["b"]),
            "the filter is turned around. A convolution layer does not turn it.",
        ),
        "bias for each element": Mistake(
            lambda q: _row(q["x"], q["w"], 3 * q["b"]),
            "the bias is added three times. Add it once for each output.",
        ),
        "no bias": Mistake(lambda q: _row(q["x"], q["w"], 0), "the bias is missing."),
        "padding at the end": Mistake(
            lambda q: _row(**q, before=0, after=2),
            "the first window begins with the padding: one zero at each end.",
        ),
        "window moves by one": Mistake(
            lambda q: _row(**q, stride=1)[:3],
            "the window moves by 1. The stride is 2.",
        ),
    },
)


# --- 4: L2 pooling on paper --------------------------------------------------------
# Two numbers whose mean square is the square of a whole number.
_PAIRS = [(1, 7), (2, 14), (7, 17), (3, 21), (7, 23), (4, 28), (5, 35)]


def _pairs():
    swaps = (False, True)
    sets = itertools.product(_PAIRS, swaps, (1, -1), (1, -1), (2, 3, 4, 5))
    pairs = [
        {"x": [s * (b if swap else a), t * (a if swap else b)], "factor": factor}
        for (a, b), swap, s, t, factor in sets
    ]
    return [p for p in pairs if p["x"][0] * p["x"][1] < 0]  # one of them negative


def _root(x):
    return float(np.sqrt(np.mean(np.square(x))))


def _pair_with_dout(pair):
    """Choose dout so that the gradient is whole: factor * x."""
    return {"x": pair["x"], "dout": round(2 * pair["factor"] * _root(pair["x"]))}


def _solve_pair(q, share=None, out=None):
    root = _root(q["x"])
    share = share or (lambda x: x / (2 * root))
    out = root if out is None else out
    return [out, *(q["dout"] * share(x) for x in q["x"])]


PAIR = ByHand(
    "hw2.by_hand_4",
    solve=_solve_pair,
    variants=lambda: [_pair_with_dout(pair) for pair in _pairs()],
    mistakes={
        "sum for mean": Mistake(
            lambda q: _solve_pair(
                q,
                share=lambda x: x / (np.sqrt(2) * _root(q["x"])),
                out=np.sqrt(2) * _root(q["x"]),
            ),
            "the sum of the squares was taken, not their mean.",
        ),
        "no root": Mistake(
            lambda q: _solve_pair(q, share=lambda x: x, out=_root(q["x"]) ** 2),
            "the root is missing.",
        ),
        "1/size missing": Mistake(
            lambda q: _solve_pair(q, share=lambda x: x / _root(q["x"])),
            "the output is right. In the gradient 1/2 is missing: the output is the "
            "root of a mean of two squares.",
        ),
        "sign lost": Mistake(
            lambda q: _solve_pair(q, share=lambda x: abs(x) / (2 * _root(q["x"]))),
            "the output is right. In the gradient a sign is lost.",
        ),
        "shared equally": Mistake(
            lambda q: _solve_pair(q, share=lambda x: 0.5),
            "the output is right. The gradient is not shared equally: that is average "
            "pooling.",
        ),
    },
)

ANSWERS = [LENGTH, FIELD, ROW, PAIR]
