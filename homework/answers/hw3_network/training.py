"""Training into a band of accuracy, and finding the worst mistakes."""

import numpy as np

from cnnlib import load_digits, softmax
from cnnlib.exercises.hw3_network import GOAL, accuracy

from ..base import Answer, Mistake, unusable

# --- training -------------------------------------------------------------------------

LEAST = 0.5  # accuracy that brings no points
SUSPICIOUS = 0.995
SHIFTED_GOAL = 0.85  # on images that were moved: nobody has trained on them


def _digits():
    return load_digits(normalize=False)[1]


def _unseen(rng):
    """Return the test digits, and the same ones moved by a pixel."""
    x, t = _digits()
    moves = [(0, 1), (0, -1), (1, 0), (-1, 0)]
    moved = [
        np.roll(image, moves[k], axis=(1, 2))
        for image, k in zip(x, rng.integers(0, 4, len(x)), strict=True)
    ]
    return [{"images": x}, {"images": np.array(moved)}]


def _labels(inputs):
    t = _digits()[1]
    return {"labels": t[inputs["indices"]] if "indices" in inputs else t}


def _mark(inputs, outputs):
    """Return the fraction of a case: all from the goal on, in proportion below."""
    scores, labels = outputs.get("scores"), _labels(inputs)["labels"]
    if scores is None or (text := unusable(scores)):
        return 0.0, "no scores" if scores is None else f"scores {text}"
    if scores.shape != (len(labels), 10) or not np.isfinite(scores.astype(float)).all():
        return 0.0, f"the scores have shape {scores.shape}, or hold nan"
    moved = not np.array_equal(inputs["images"], _digits()[0])
    goal, which = (SHIFTED_GOAL, " moved") if moved else (GOAL, "")
    reached = accuracy(scores, labels)
    fraction = min(max((reached - LEAST) / (goal - LEAST), 0), 1)
    if reached > SUSPICIOUS:
        return fraction, f"{reached:.1%} right: was it trained on the test digits?"
    found = f"accuracy {reached:.1%} on the{which} test digits, expected {goal:.0%}"
    return fraction, "" if reached >= goal else found


TRAIN = Answer(
    "hw3.train",
    solve=_labels,
    visible=lambda rng: [{"indices": np.arange(len(_digits()[1]))}],
    cases=_unseen,
    mistakes={},
    mark=_mark,
)


# --- the worst mistakes ---------------------------------------------------------------


def worst(scores, t, count, order=lambda p, t: p[np.arange(len(t)), t], axis=1):
    """Return the wrong images whose right class has the smallest probability."""
    shifted = scores - scores.max(axis=axis, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=axis, keepdims=True)
    wrong = np.flatnonzero(scores.argmax(axis=1) != t)
    return wrong[np.argsort(order(p, t)[wrong], kind="stable")][:count]


def _case(rng, N, classes, count):
    """Return scores of which about a half are wrong, with no two alike."""
    t = rng.integers(0, classes, N)
    scores = rng.normal(0, 2, (N, classes)).round(3)
    scores[np.arange(N), t] += 1.5
    return {"scores": scores, "t": t, "count": count}


def _index(change):
    return lambda inputs: {"index": change(**inputs)}


def _in_list_of_wrong(scores, t, count):
    wrong = np.flatnonzero(scores.argmax(axis=1) != t)
    return np.searchsorted(wrong, worst(scores, t, count))


def _by_score(scores, t, count):
    wrong = np.flatnonzero(scores.argmax(axis=1) != t)
    return wrong[np.argsort(scores[wrong, t[wrong]])][:count]


def _best_of_wrong(scores, t, count):
    return worst(scores, t, len(t))[::-1][:count]


def _among_all(scores, t, count):
    p = softmax(scores)[np.arange(len(t)), t]
    return np.argsort(-p)[:count]


def _unsorted(scores, t, count):
    return np.flatnonzero(scores.argmax(axis=1) != t)[:count]


WORST = Answer(
    "hw3.worst_mistakes",
    solve=_index(worst),
    visible=lambda rng: [_case(rng, 12, 4, 3), _case(rng, 30, 10, 6)],
    cases=lambda rng: [
        _case(rng, 20, 5, 4),
        _case(rng, 50, 10, 9),
        _case(rng, 40, 3, 5),
    ],
    mistakes={
        "places in the list of wrong": Mistake(
            _index(_in_list_of_wrong),
            "these are places in the list of wrong images. Asked are the numbers of "
            "the images: wrong[order], not order.",
        ),
        "sorted by score": Mistake(
            _index(_by_score),
            "sorted by the score of the right class. Scores of different images do not "
            "compare: take the softmax first.",
        ),
        "softmax over the wrong axis": Mistake(
            _index(lambda **inputs: worst(**inputs, axis=0)),
            "the softmax runs over the images (axis 0). It runs over the classes.",
        ),
        "turned around": Mistake(
            _index(_best_of_wrong),
            "turned around: the worst mistake has the smallest probability of the "
            "right class, and comes first.",
        ),
        "right ones too": Mistake(
            _index(_among_all), "there are images among them that were read right."
        ),
        "not sorted": Mistake(
            _index(_unsorted),
            "these are wrong images, but not sorted: the smallest probability of the "
            "right class comes first.",
        ),
        "sorted by the wrong answer": Mistake(
            _index(lambda **inputs: worst(**inputs, order=lambda p, t: -p.max(axis=1))),
            "sorted by the probability of the answer. Sort by the probability of the "
            "right class, the smallest first.",
        ),
    },
)

ANSWERS = [TRAIN, WORST]
