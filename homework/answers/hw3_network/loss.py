"""A loss in which some classes count more."""

import numpy as np

from cnnlib import softmax

from ..base import Answer, Mistake


def weighted_loss(scores, t, weights, axis=1, sum_axis=None):
    """Return the weighted mean cross entropy, and its gradient."""
    rows = np.arange(len(t))
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    p = e / e.sum(axis=axis if sum_axis is None else sum_axis, keepdims=True)
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
        "sum over the wrong axis": Mistake(
            lambda inputs: weighted_loss(**inputs, sum_axis=0),
            "the sum in the softmax runs over the batch (axis 0). The probabilities of "
            "one sample sum to 1: axis 1.",
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

ANSWERS = [LOSS]
