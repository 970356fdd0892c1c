"""A network with two convolutions, and a loss with weights."""

import numpy as np

from cnnlib import (
    Affine,
    AveragePooling,
    Convolution,
    Pooling,
    Relu,
    Sequential,
    conv_output_size,
    softmax,
)
from cnnlib.exercises.hw3_network import fill

from ..base import Answer, Mistake

# --- the network ----------------------------------------------------------------------

LAYERS = "conv relu pool conv relu pool affine relu affine"


def network(inputs, layers=LAYERS, window=3, pad=1):
    """Return a Sequential with the known weights."""
    C, H, W = (inputs[name] for name in ("channels", "height", "width"))
    filters = [inputs["filters1"], inputs["filters2"]]
    units = [inputs["hidden"], inputs["classes"]]
    rest = layers.split().count("affine")
    units = units[-rest:]
    parts, features = {}, None
    number = 0
    for place, kind in enumerate(layers.split()):
        if kind == "conv":
            shape, C = (filters[0], C, window, window), filters.pop(0)
            weights = fill(shape, number), fill((C,), number + 1)
            parts[f"{place}"] = Convolution(*weights, pad=pad)
            H, W = (conv_output_size(size, window, pad=pad) for size in (H, W))
        elif kind == "affine":
            features = features or C * H * W
            shape, features = (features, units[0]), units.pop(0)
            parts[f"{place}"] = Affine(fill(shape, number), fill(shape[1:], number + 1))
        elif kind == "relu":
            parts[f"{place}"] = Relu()
        else:
            parts[f"{place}"] = {"pool": Pooling, "mean": AveragePooling}[kind](2, 2)
            H, W = H // 2, W // 2
        number += 2 * (kind in ("conv", "affine"))
    return Sequential(parts)


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


# --- the loss -------------------------------------------------------------------------


def weighted_loss(scores, t, weights, axis=1):
    """Return the weighted mean cross entropy, and its gradient."""
    rows = np.arange(len(t))
    shifted = scores - scores.max(axis=axis, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=axis, keepdims=True)
    w = weights[t] / weights[t].sum()
    truth = np.eye(scores.shape[1])[t]
    log_p = np.log(np.maximum(p[rows, t], 1e-300))
    return {"loss": -(w * log_p).sum(), "dscores": w[:, np.newaxis] * (p - truth)}


def _loss_case(rng, N, classes, offset=0):
    return {
        "scores": rng.normal(0, 2, (N, classes)).round(2) + offset,
        "t": np.append(rng.permutation(classes), rng.integers(0, classes, N))[:N],
        "weights": rng.uniform(0.5, 3, classes).round(1),
    }


def _overflow(scores, t, weights):
    with np.errstate(over="ignore", invalid="ignore"):
        bad = np.exp(scores).max() == np.inf
    right = weighted_loss(scores, t, weights)
    if not bad:
        return right
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(scores)
        p = e / e.sum(axis=1, keepdims=True)
    w = weights[t] / weights[t].sum()
    truth = np.eye(scores.shape[1])[t]
    return {"loss": np.nan, "dscores": w[:, np.newaxis] * (p - truth)}


def _scaled(loss, dscores):
    """Return a mistake: the right results times factors of (N, sum of weights)."""

    def solve(inputs):
        right = weighted_loss(**inputs)
        N, total = len(inputs["t"]), inputs["weights"][inputs["t"]].sum()
        return {
            "loss": right["loss"] * loss(N, total),
            "dscores": right["dscores"] * dscores(N, total),
        }

    return solve


def _unweighted(inputs):
    return weighted_loss(**(inputs | {"weights": np.ones(len(inputs["weights"]))}))


def _softmax_twice(inputs):
    return weighted_loss(**(inputs | {"scores": softmax(inputs["scores"])}))


def _no_truth(inputs):
    right = weighted_loss(**inputs)
    w = inputs["weights"][inputs["t"]]
    truth = np.eye(inputs["scores"].shape[1])[inputs["t"]]
    w = (w / w.sum())[:, np.newaxis]
    return {"dscores": right["dscores"] + w * truth}


def _weight_of_column(inputs):
    """Weight every column of the gradient by its own class, not by the right one."""
    plain = _unweighted(inputs)["dscores"] * len(inputs["t"])
    total = inputs["weights"][inputs["t"]].sum()
    return {"dscores": plain * inputs["weights"] / total}


LOSS = Answer(
    "hw3.weighted_loss",
    solve=lambda inputs: weighted_loss(**inputs),
    visible=lambda rng: [
        _loss_case(rng, 2, 3),
        _loss_case(rng, 5, 4),
        _loss_case(rng, 3, 3, offset=1000),
    ],
    cases=lambda rng: [
        _loss_case(rng, 4, 3),
        _loss_case(rng, 8, 10),
        _loss_case(rng, 6, 5, offset=900),
    ],
    mistakes={
        "no mean": Mistake(
            _scaled(lambda N, total: total, lambda N, total: total),
            "this is the sum over the batch: divide by the sum of the weights.",
        ),
        "1/N for the sum of weights": Mistake(
            _scaled(lambda N, total: total / N, lambda N, total: total / N),
            "you divide by N. A weighted mean divides by the sum of the weights of "
            "these samples.",
        ),
        "softmax over the wrong axis": Mistake(
            lambda inputs: weighted_loss(**inputs, axis=0),
            "the softmax runs over the batch (axis 0). The probabilities of one sample "
            "sum to 1: axis 1.",
        ),
        "softmax twice": Mistake(
            _softmax_twice, "softmax twice: it was applied to probabilities again."
        ),
        "no weights": Mistake(
            _unweighted, "the weights are missing: sample n weighs weights[t[n]]."
        ),
        "overflow": Mistake(
            lambda inputs: _overflow(**inputs),
            "right for small scores, but exp(1000) is too large for a float. Subtract "
            "the largest score of each row first: it changes no probability.",
        ),
        "truth not subtracted": Mistake(
            _no_truth,
            "these are the probabilities. The gradient is probability minus truth: "
            "subtract 1 at the right class.",
        ),
        "sign turned": Mistake(
            _scaled(lambda N, total: -1, lambda N, total: -1),
            "the sign is turned around: the loss is minus the logarithm.",
        ),
        "weight of the column": Mistake(
            _weight_of_column,
            "each column has the weight of its own class. The whole row of sample n "
            "has the weight of its right class, weights[t[n]].",
        ),
    },
)

ANSWERS = [BUILD, LOSS]
