"""Reflect padding, by indices, and the part of the sound that an output sees."""

import numpy as np

from ..base import Answer, Mistake


# --- reflect padding ---------------------------------------------------------------
def indices(size, pad, mode="reflect"):
    """Return which number stands at each place of the padded row."""
    return np.pad(np.arange(size), pad, mode=mode)


def _bounced_once(size, pad):
    """Return indices that are right for short padding only: negative ones stay."""
    i = np.abs(np.arange(-pad, size + pad))
    return np.where(i >= size, 2 * (size - 1) - i, i)


def _same_order(size, pad):
    """Return the neighbours of the edge without turning their order around."""
    i = np.arange(size)
    return np.concatenate([i[1 : pad + 1], i, i[-pad - 1 : -1]])


def _index(change):
    return lambda inputs: {"index": change(**inputs)}


def _sizes(*pairs, more=0):
    """Return cases: the given (size, pad), and ``more`` at random."""

    def cases(rng):
        extra = zip(rng.integers(3, 12, more), rng.integers(1, 25, more), strict=True)
        every = [*pairs, *extra]
        return [{"size": int(size), "pad": int(pad)} for size, pad in every]

    return cases


INDEX = Answer(
    "hw2.reflect_index",
    solve=lambda inputs: {"index": indices(**inputs)},
    visible=_sizes((5, 2), (4, 1), (4, 7)),
    cases=_sizes((6, 3), (9, 1), (5, 13), (7, 0), more=3),
    mistakes={
        "edge repeated": Mistake(
            _index(lambda size, pad: indices(size, pad, "symmetric")),
            "the edge is repeated ('symmetric'). The mirror stands on the last number "
            "itself: ... 2 1 | 0 1 2 ...",
        ),
        "edge all along": Mistake(
            _index(lambda size, pad: indices(size, pad, "edge")),
            "all the padding is the edge number ('edge'). A mirror shows its "
            "neighbours: ... 2 1 | 0 1 2 ...",
        ),
        "from the other end": Mistake(
            _index(lambda size, pad: indices(size, pad, "wrap")),
            "the padding comes from the other end ('wrap'; -1 in Python is the last "
            "number). A mirror shows the near end: ... 2 1 | 0 1 2 ...",
        ),
        "one mirror only": Mistake(
            _index(_bounced_once),
            "right for short padding. Padding that is longer than the row meets the "
            "mirror at the other end too: the pattern repeats every 2 * (size - 1).",
        ),
        "not turned around": Mistake(
            _index(_same_order),
            "the neighbours stand in their old order. A mirror turns them around: "
            "the nearest stays the nearest, ... 2 1 | 0 1 2 ...",
        ),
        "padding at the start only": Mistake(
            _index(lambda size, pad: indices(size, pad)[: size + pad]),
            "the padding at the end is missing: there are size + 2 * pad places.",
        ),
    },
)


def reflect_backward(dout, size, pad):
    """Return dx (N, C, size): each number gets the gradients of all its images."""
    dx = np.zeros((*dout.shape[:2], size))
    for place, index in enumerate(indices(size, pad)):
        dx[:, :, index] += dout[:, :, place]
    return dx


def _reflect_case(rng, N, C, size, pad):
    dout = rng.standard_normal((N, C, size + 2 * pad)).round(2)
    return {"dout": dout, "size": size, "pad": pad}


def _last_image(dout, size, pad):
    """Return what `dx[:, :, index] += dout` does: a repeated index counts once."""
    dx = np.zeros((*dout.shape[:2], size))
    dx[:, :, indices(size, pad)] += dout
    return dx


def _scattered(dout, size, pad, mode):
    dx = np.zeros((*dout.shape[:2], size))
    for place, index in enumerate(indices(size, pad, mode)):
        dx[:, :, index] += dout[:, :, place]
    return dx


def _dx(change):
    return lambda inputs: {"dx": change(**inputs)}


REFLECT_BACKWARD = Answer(
    "hw2.reflect_backward",
    solve=_dx(reflect_backward),
    visible=lambda rng: [
        _reflect_case(rng, 1, 1, 5, 2),
        _reflect_case(rng, 2, 3, 4, 3),
        _reflect_case(rng, 1, 2, 3, 5),
    ],
    cases=lambda rng: [
        _reflect_case(rng, 1, 1, 6, 1),
        _reflect_case(rng, 2, 2, 7, 4),
        _reflect_case(rng, 3, 1, 4, 9),
    ],
    mistakes={
        "repeated index counts once": Mistake(
            _dx(_last_image),
            "a number and its mirror images: only one of them counts. NumPy's "
            "`dx[index] += dout` writes a repeated index once. Use a loop, or "
            "np.add.at.",
        ),
        "padding cut off": Mistake(
            _dx(lambda dout, size, pad: dout[:, :, pad : pad + size]),
            "the padding was cut off, as for zeros. But here it is made of x: each "
            "mirror image sends its gradient back too.",
        ),
        "mean of the images": Mistake(
            _dx(
                lambda dout, size, pad: (
                    reflect_backward(dout, size, pad)
                    / np.bincount(indices(size, pad), minlength=size)
                )
            ),
            "this is the mean over a number and its mirror images. Gradients add up.",
        ),
        "edge repeated": Mistake(
            _dx(lambda dout, size, pad: _scattered(dout, size, pad, "symmetric")),
            "the edge is repeated ('symmetric'): check your indices first.",
        ),
        "padding not sent back": Mistake(
            _dx(lambda dout, size, pad: dout),
            "this is dout itself. dx has the shape (N, C, size), without padding.",
        ),
    },
)


# --- what an output sees -----------------------------------------------------------
def seen(layers, place):
    """Return the first and the last input place that an output place depends on."""
    first = last = place
    for window, stride, pad, dilation in reversed(layers.tolist()):
        first = first * stride - pad
        last = last * stride - pad + dilation * (window - 1)
    return {"first": first, "last": last}


def _changed(**columns):
    """Return a mistake: some settings of all layers are taken for others."""

    def solve(inputs):
        layers = inputs["layers"].copy()
        for number, name in enumerate(("window", "stride", "pad", "dilation")):
            if name in columns:
                layers[:, number] = columns[name]
        return seen(layers, inputs["place"])

    return solve


def _window_whole(layers, place):
    first = last = place
    for window, stride, pad, dilation in reversed(layers.tolist()):
        first = first * stride - pad
        last = last * stride - pad + dilation * window
    return {"first": first, "last": last}


def _dilated_window(layers, place):
    first = last = place
    for window, stride, pad, dilation in reversed(layers.tolist()):
        first = first * stride - pad
        last = last * stride - pad + dilation * window - 1
    return {"first": first, "last": last}


def _stride_added(layers, place):
    first = last = place
    for window, stride, pad, dilation in reversed(layers.tolist()):
        first = first + stride - pad
        last = last + stride - pad + dilation * (window - 1)
    return {"first": first, "last": last}


# window, stride, pad, dilation of each layer
SHOWN_STACKS = [
    [[5, 1, 0, 1]],
    [[5, 1, 2, 1], [3, 2, 1, 1]],
    [[7, 2, 3, 1], [2, 2, 0, 1], [3, 1, 2, 2]],
]
DEEP_STACK = [[64, 16, 32, 1], [5, 2, 2, 1], [2, 2, 0, 1], [3, 1, 2, 2]]


def _shown_stacks(rng):
    return [
        {"layers": np.array(stack), "place": place}
        for stack, place in zip(SHOWN_STACKS, (3, 4, 5), strict=True)
    ]


def _hidden_stacks(rng):
    """Return a deep stack, and random ones of three layers."""
    stacks = [np.array(DEEP_STACK)]
    for _ in range(3):
        columns = [rng.integers(*ends, 3) for ends in ((2, 9), (1, 4), (0, 4), (1, 4))]
        stacks.append(np.stack(columns, axis=1))
    return [{"layers": stack, "place": int(rng.integers(3, 30))} for stack in stacks]


SEEN = Answer(
    "hw2.seen",
    solve=lambda inputs: seen(**inputs),
    visible=_shown_stacks,
    cases=_hidden_stacks,
    mistakes={
        "stride added": Mistake(
            lambda inputs: _stride_added(**inputs),
            "the stride is added. Output o begins at o * stride: multiply.",
        ),
        "layers from the front": Mistake(
            lambda inputs: seen(inputs["layers"][::-1], inputs["place"]),
            "the layers are walked from the first to the last. The question goes back "
            "from the output to the input: begin with the last layer.",
        ),
        "no padding": Mistake(
            _changed(pad=0),
            "the padding is missing: with padding the first window begins at -pad.",
        ),
        "no stride": Mistake(
            _changed(stride=1),
            "the strides are missing: output o begins at o * stride.",
        ),
        "no dilation": Mistake(
            _changed(dilation=1),
            "the dilation is missing: the numbers of a window stand dilation apart.",
        ),
        "window whole": Mistake(
            lambda inputs: _window_whole(**inputs),
            "the end is one too far in each layer: a window that begins at i ends at "
            "i + window - 1.",
        ),
        "dilated window": Mistake(
            lambda inputs: _dilated_window(**inputs),
            "a dilated window reaches dilation * (window - 1) further, not "
            "dilation * window - 1: between 3 numbers there are 2 gaps.",
        ),
    },
)

ANSWERS = [INDEX, REFLECT_BACKWARD, SEEN]
