"""hw4: what a network hands out, and what the grader makes of hostile arrays."""

import numpy as np
import pytest

from cnnlib.architectures import (
    CIFAR_FIRST,
    CIFAR_IMPROVED,
    RESNET20,
    Architecture,
    Row,
    build,
)
from cnnlib.exercises import hw4_design
from cnnlib.exercises.network_arrays import COLUMNS, KINDS, describe, rebuild, table_of
from homework.answers import hidden_cases, judge

NAME = "hw4.design"
ROWS = [
    Row("Conv1", "convolution", filters=16, window=3, pad=1),
    Row("Norm1", "batch normalization"),
    Row("Relu1", "relu"),
    Row("Pool1", "max pooling", window=2),
    Row("Means", "global average pooling"),
    Row("Affine1", "affine", units=10),
]
SMALL = build(Architecture("small", (3, 32, 32), ROWS), rng=3)


@pytest.mark.parametrize("described", [RESNET20, CIFAR_FIRST, CIFAR_IMPROVED])
def test_a_network_comes_back_from_its_arrays(described):
    net, rng = build(described.with_input((3, 32, 32)), rng=1), np.random.default_rng(2)
    for array in net.state().values():
        array[...] = rng.uniform(0.1, 0.3, array.shape)
    x = rng.random((3, 3, 32, 32), np.float32)
    arrays = describe(net)
    assert table_of(arrays).parameters == sum(a.size for a in net.params.values())
    np.testing.assert_array_equal(rebuild(arrays).predict(x), net.predict(x))


def test_branches_and_their_order_come_back():
    rows = [
        Row("a", "convolution", filters=4, window=3, pad="same", stride=2),
        Row("b", "convolution", 6, 3, pad="full", groups=2, after=("a",)),
        Row("c", "average pooling", window=3, stride=1, pad=(2, 2), after=("a",)),
        Row("d", "concat", after=("b", "c")),
        Row("e", "tanh"),
        Row("f", "zero channels", filters=12),
        Row("g", "sigmoid"),
        Row("h", "dropout"),
        Row("i", "affine", units=10, bias=False),
    ]
    net = build(Architecture("branches", (3, 32, 32), rows), rng=1)
    x = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    np.testing.assert_array_equal(rebuild(describe(net)).predict(x), net.predict(x))


def changed(**changes):
    """Return the small network's arrays with some changed as said."""
    arrays = {name: array.copy() for name, array in describe(SMALL).items()}
    for name, change in changes.items():
        arrays[name] = change(arrays[name])
    return arrays


def put(row, column, value):
    def change(rows):
        rows[row, COLUMNS.index(column)] = value
        return rows

    return change


def none(edges):
    """Return one edge: every other layer follows the one above."""
    return edges[:1]


def poolings(count, window, pad):
    """Return rows of poolings that keep an image large, one after the other."""
    row = dict.fromkeys(COLUMNS, 1) | {"kind": KINDS.index("max pooling")}
    row |= {"window": window} | dict.fromkeys(("top", "bottom", "left", "right"), pad)
    return np.array([list(row.values())] * count)


HOSTILE = [
    (changed, {"rows": lambda a: a[:, :5]}, "no table of 13"),
    (changed, {"rows": lambda a: a.astype(float)}, "no table of 13"),
    (changed, {"rows": lambda a: a[:0]}, "no table of 13"),
    (changed, {"rows": lambda a: np.tile(a, (40, 1))}, "no table of 13"),
    (changed, {"rows": put(0, "size", 10**9)}, "that no layer can have"),
    (changed, {"rows": put(0, "kind", 77)}, "of no known kind"),
    (changed, {"rows": put(0, "window", 5000)}, "above 64"),
    (changed, {"rows": put(0, "top", 5000)}, "above 64"),
    (changed, {"rows": put(0, "stride_v", 0)}, "layer 1 is impossible"),
    (changed, {"rows": put(0, "size", 90_000)}, "far too many numbers"),
    (
        changed,
        {"edges": none, "rows": lambda a: poolings(150, window=32, pad=16)},
        "far too many",
    ),
    (
        changed,
        {"edges": none, "rows": lambda a: poolings(40, window=63, pad=31)},
        "take too long",
    ),
    (changed, {"rows": put(3, "kind", KINDS.index("concat"))}, "two or more"),
    (changed, {"edges": lambda a: a[:, ::-1]}, "does not come before it"),
    (changed, {"edges": lambda a: a - 1}, "does not come before it"),
    (changed, {"edges": lambda a: np.zeros(3)}, "no table of 2"),
    (changed, {"weights": lambda a: a[:-1]}, "weights and running averages"),
    (changed, {"weights": lambda a: a * np.inf}, "nan or infinity"),
    (changed, {"weights": lambda a: np.zeros(2_000_000)}, "far too large"),
    (changed, {"weights": lambda a: None}, "missing"),
]


@pytest.mark.parametrize(("make", "changes", "words"), HOSTILE)
def test_arrays_that_are_no_design_bring_nothing(make, changes, words):
    with np.errstate(all="ignore"):
        verdict = judge(NAME, hidden_cases(NAME), [make(**changes)])
    assert verdict.fraction == 0
    assert words in verdict.words


def test_a_claimed_count_or_claimed_scores_change_nothing():
    claims = {"scores": np.eye(10)[np.arange(1000) % 10], "parameters": np.array(5)}
    verdict = judge(
        NAME,
        hidden_cases(NAME),
        [describe(SMALL) | claims],
    )
    assert verdict.fraction == 0


def test_the_hidden_case_holds_no_image_and_other_keys_draw_other_images():
    from homework.answers.hw4_design.design import hidden_images

    (case,) = hidden_cases(NAME)
    assert list(case) == ["key"]
    one, labels = hidden_images(int(case["key"]))
    assert one.shape == (1000, 3, 32, 32)
    assert np.bincount(labels).tolist() == [100] * 10
    assert not np.array_equal(one, hidden_images(int(case["key"]) + 1)[0])
    x = hw4_design.load_coloured_shapes()[1][0]
    assert not np.array_equal(one, x)
