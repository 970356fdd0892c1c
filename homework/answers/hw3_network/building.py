"""A network with two convolutions."""

import numpy as np

from cnnlib import (
    Affine,
    AveragePooling,
    Convolution,
    Pooling,
    Relu,
    Sequential,
    softmax,
)
from cnnlib.exercises.hw3_network import fill

from ..base import Answer, Mistake

LAYERS = "conv relu pool conv relu pool affine relu affine"


def network(inputs, layers=LAYERS, window=3, pad=1):
    """Return a Sequential of the named layers with the known weights."""
    shape = tuple(inputs[name] for name in ("channels", "height", "width"))
    filters = iter((inputs["filters1"], inputs["filters2"]))
    units = [inputs["hidden"], inputs["classes"]][-layers.count("affine") :]
    net = {}
    for place, kind in enumerate(layers.split()):
        layer = _layer(kind, shape, filters, units, window, pad)
        shape = layer.forward(np.zeros((1, *shape))).shape[1:]
        net[f"{kind} {place}"] = layer
    net = Sequential(net)
    for number, array in enumerate(net.params.values()):
        array[...] = fill(array.shape, number)
    return net


def _layer(kind, shape, filters, units, window, pad):
    """Return one layer for inputs of a shape, with weights of 0."""
    if kind == "conv":
        FN = next(filters)
        W = np.zeros((FN, shape[0], window, window))
        return Convolution(W, np.zeros(FN), pad=pad)
    if kind == "affine":
        M = units.pop(0)
        return Affine(np.zeros((int(np.prod(shape)), M)), np.zeros(M))
    if kind == "relu":
        return Relu()
    return {"pool": Pooling, "mean": AveragePooling}[kind](2, 2)


def results(inputs, scores=lambda scores: scores, **settings):
    """Return what the driver finds in a network."""
    net = network(inputs, **settings)
    shapes = np.zeros((len(net.params), 4), int)
    for row, array in zip(shapes, net.params.values(), strict=True):
        row[: array.ndim] = array.shape
    found = scores(net.predict(inputs["x"]))
    loss = net.last_layer.forward(found, inputs["t"], train=False)
    return {
        "shapes": shapes,
        "spread": np.ones(len(shapes) // 2),
        "scores": found,
        "loss": np.array(loss),
    }


def _case(rng, C, H, W, filters1, filters2, hidden, classes, N=3):
    return {
        "channels": C,
        "height": H,
        "width": W,
        "filters1": filters1,
        "filters2": filters2,
        "hidden": hidden,
        "classes": classes,
        "seed": int(rng.integers(1000)),
        "x": rng.uniform(0, 1, (N, C, H, W)).round(2).astype(np.float32),
        "t": rng.integers(0, classes, N),
    }


def _with(**settings):
    """Return a mistake in how the network is put together."""
    return lambda inputs: {
        key: value
        for key, value in results(inputs, **settings).items()
        if key != "spread"
    }


def _spread(rule):
    """Return a mistake in how the weights begin: ``rule(n)`` is their deviation."""

    def solve(inputs):
        shapes = [s for s in results(inputs)["shapes"] if s[1]]
        fans = [int(np.prod(s[1:])) if s[2] else int(s[0]) for s in shapes]
        spread = [
            rule(s, n) / np.sqrt(2 / n) for s, n in zip(shapes, fans, strict=True)
        ]
        return {"spread": np.array(spread)}

    return solve


def _swapped(inputs):
    swap = {"filters1": inputs["filters2"], "filters2": inputs["filters1"]}
    return _with()(inputs | swap)


BUILD = Answer(
    "hw3.build_network",
    solve=results,
    visible=lambda rng: [
        _case(rng, 1, 12, 12, 16, 12, 20, 10),
        _case(rng, 3, 12, 16, 6, 10, 16, 5),
    ],
    cases=lambda rng: [
        _case(rng, 1, 28, 28, 16, 8, 30, 10),
        _case(rng, 3, 16, 12, 9, 12, 16, 4),
        _case(rng, 2, 13, 18, 10, 8, 12, 7),
    ],
    required=("shapes",),
    tolerance={
        "spread": (0.22, 0.0),
        "scores": (1e-3, 1e-4),
        "loss": (1e-3, 1e-4),
    },
    mistakes={
        "no padding": Mistake(
            _with(pad=0),
            "the convolutions have no padding: with 3 x 3 filters and pad 1 the size "
            "stays the same.",
        ),
        "5 x 5 filters": Mistake(
            _with(window=5, pad=2), "the filters are 5 x 5. Here they are 3 x 3."
        ),
        "filters swapped": Mistake(
            _swapped,
            "filters1 and filters2 are swapped: filters1 belongs to the first "
            "convolution.",
        ),
        "second pooling missing": Mistake(
            _with(layers="conv relu pool conv relu affine relu affine"),
            "the second pooling is missing.",
        ),
        "first pooling missing": Mistake(
            _with(layers="conv relu conv relu pool affine relu affine"),
            "the first pooling is missing.",
        ),
        "hidden layer missing": Mistake(
            _with(layers="conv relu pool conv relu pool affine"),
            "the hidden layer is missing: there are two Affine layers.",
        ),
        "mean pooling": Mistake(
            _with(layers="conv relu mean conv relu mean affine relu affine"),
            "the pooling takes means. Here it takes the maximum: Pooling(2, 2).",
        ),
        "first relu missing": Mistake(
            _with(layers="conv pool conv relu pool affine relu affine"),
            "the ReLU after the first convolution is missing.",
        ),
        "second relu missing": Mistake(
            _with(layers="conv relu pool conv pool affine relu affine"),
            "the ReLU after the second convolution is missing.",
        ),
        "third relu missing": Mistake(
            _with(layers="conv relu pool conv relu pool affine affine"),
            "the ReLU between the two Affine layers is missing.",
        ),
        "relu at the end": Mistake(
            _with(layers="conv relu pool conv relu pool affine relu affine relu"),
            "there is a ReLU after the last Affine. Scores may be negative: the loss "
            "takes them as they are.",
        ),
        "softmax twice": Mistake(
            _with(scores=softmax),
            "softmax twice: your network ends with a softmax, and the loss "
            "(SoftmaxWithLoss) holds one already. End with the scores.",
        ),
        "fixed deviation": Mistake(
            _spread(lambda s, n: 0.01),
            "the weights begin with 0.01. He's rule is sqrt(2 / n), where n is how "
            "many numbers one output is summed from.",
        ),
        "deviation 1": Mistake(
            _spread(lambda s, n: 1),
            "the weights begin with a deviation of 1: too large. He's rule is "
            "sqrt(2 / n).",
        ),
        "xavier": Mistake(
            _spread(lambda s, n: np.sqrt(1 / n)),
            "this is Xavier's rule, sqrt(1 / n). With ReLU half of the numbers "
            "become 0, so He's rule has a 2.",
        ),
        "zeros": Mistake(
            _spread(lambda s, n: 0),
            "the weights begin as zeros: then all filters stay the same for ever.",
        ),
        "channels forgotten in n": Mistake(
            _spread(lambda s, n: np.sqrt(2 / (s[2] * s[3] if s[2] else n))),
            "in n the channels are missing: one output is summed from C * 3 * 3 "
            "numbers.",
        ),
        "filters in place of inputs": Mistake(
            _spread(lambda s, n: np.sqrt(2 / (s[0] * s[2] * s[3] if s[2] else s[1]))),
            "n counts the outputs. It is the number of inputs that one output is "
            "summed from.",
        ),
    },
)

ANSWERS = [BUILD]
