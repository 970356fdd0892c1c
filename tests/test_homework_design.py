"""hw4: a design as arrays, judged outside; hints that name what went wrong.

The notebook's solution is trained once. The wrong networks are made from it, each by
the one change that the mistake would make, and the other right ones too.
"""

import functools

import numpy as np
import pytest
from homework_notebooks import marks, run, visible_words

from cnnlib import Affine, Relu, Residual, Sequential, fast, layers
from cnnlib.architectures import (
    Architecture,
    Row,
    build,
)
from cnnlib.exercises import hw4_design
from cnnlib.exercises.network_faults import fault_in_training
from cnnlib.layers import SoftmaxWithLoss

NAME = "hw4.design"


def solution():
    return run("hw4")[0]["network"]


@functools.cache
def weights():
    return {name: array.copy() for name, array in solution().state().items()}


def network(**changes):
    """Return the trained network with some arrays put through functions."""
    net = build(run("hw4")[0]["design"], rng=0)
    for name, array in net.state().items():
        array[...] = changes.get(name, lambda a: a)(weights()[name])
    return net


def with_layers(change):
    """Return the trained network with its dict of layers put through a function."""
    return Sequential(change(dict(network().layers)))


# --- right ones -----------------------------------------------------------------------


def in_the_textbook_engine():
    net = build(run("hw4")[0]["design"], engine="textbook", rng=0)
    for name, array in net.state().items():
        array[...] = weights()[name]
    return net


def in_double_precision():
    return network().astype(np.float64)


def with_normalization_folded_into_the_convolutions():
    layers, found = dict(network().layers), {}
    for name, layer in layers.items():
        if name.startswith("Conv"):
            norm = layers[f"Norm{name[4:]}"]
            scale = norm.gamma / np.sqrt(norm.running_var + norm.eps)
            W = layer.W * scale[:, None, None, None]
            b = norm.beta - norm.running_mean * scale
            layer = fast.Convolution(W.astype(np.float32), b, pad="same")
        if not name.startswith("Norm"):
            found[name] = layer
    return Sequential(found)


def with_blocks():
    """Add a residual block that adds 0, and one branch inside another."""
    zero = np.zeros((64, 64, 1, 1), np.float32)
    block = Residual({"Conv": fast.Convolution(zero, None), "Relu": fast.Relu()})
    return with_layers(
        lambda layers: {
            name: new
            for old, layer in layers.items()
            for name, new in (
                {"Block": block, old: layer} if old == "Means" else {old: layer}
            ).items()
        }
    )


def with_a_flatten_before_the_affine():
    return with_layers(
        lambda found: {
            **{k: v for k, v in found.items() if k != "Affine1"},
            "Flatten": layers.Flatten(),
            "Affine1": found["Affine1"],
        }
    )


RIGHT = [
    solution,
    network,
    in_the_textbook_engine,
    in_double_precision,
    with_normalization_folded_into_the_convolutions,
    with_blocks,
    with_a_flatten_before_the_affine,
]


@pytest.mark.parametrize("make", RIGHT)
def test_a_right_network_gets_all_points(make):
    net = make()
    words, content = visible_words(NAME, net)
    assert content, words
    assert "brings 100%" in words
    assert marks(NAME, net).fraction == 1


# --- wrong ones -----------------------------------------------------------------------


def untrained():
    return build(run("hw4")[0]["design"], rng=3)


def flattened():
    rng = np.random.default_rng(0)
    middle = rng.normal(0, 0.01, (64 * 8 * 8, 60)).astype(np.float32)
    return with_layers(
        lambda found: {
            **{k: v for k, v in found.items() if k not in ("Means", "Affine1")},
            "Affine1": fast.Affine(middle, np.zeros(60)),
            "Affine2": fast.Affine(middle[:60, :10].copy(), np.zeros(10)),
        }
    )


def wide():
    rows = [
        Row("Conv1", "convolution", filters=96, window=3, pad=1),
        Row("Pool1", "max pooling", window=4),
        Row("Conv2", "convolution", filters=120, window=3, pad=1),
        Row("Means", "global average pooling"),
        Row("Affine1", "affine", units=10),
    ]
    return build(Architecture("wide", (3, 32, 32), rows), rng=0)


def slow():
    rows = [Row(f"Conv{k}", "convolution", filters=48, window=3, pad=1) for k in "1234"]
    rows += [Row("Means", "global average pooling"), Row("A", "affine", units=10)]
    return build(Architecture("slow", (3, 32, 32), rows), rng=0)


class Softmax:
    """A layer that a student might write."""

    def forward(self, x, train=True):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


class Own(Relu):
    """A layer of the student's own."""


class Brightened(Sequential):
    """A predict that does more than the layers."""

    def predict(self, x, batch_size=100):
        return super().predict(x / x.max(axis=(1, 2, 3), keepdims=True), batch_size)


def after(name, layer):
    return with_layers(lambda found: {**found, name: layer})


def standardized():
    """Trained on images minus mean, divided by deviation (about a half, a quarter)."""
    from cnnlib import load_coloured_shapes

    x = load_coloured_shapes()[1][0]
    std, mean = x.std(axis=(0, 2, 3)), x.mean(axis=(0, 2, 3))
    net = network(W1=lambda W: W * std[:, None, None])
    net.layers["Norm1"].running_mean -= np.einsum(
        "fchw,c->f", weights()["W1"], mean.astype(np.float32)
    )
    return net


def without_one_part(share):
    return network(W6=lambda W: W * (np.arange(len(W)) % 10 >= share)[:, None])


def mixed(W):
    return np.roll(W, 1, axis=-1)


def one_class():
    return network(b6=lambda b: b + 1e6 * (np.arange(10) == 3))


def all_swapped():
    swap = {f"W{k}": lambda W: W.swapaxes(2, 3) for k in range(1, 6)}
    return network(**swap)


def fresh_averages():
    names = [name for name in weights() if name.startswith("running")]
    fresh = {name: (lambda a, n=name: 0 * a + ("var" in n)) for name in names}
    return network(**fresh)


WRONG = [
    ("untrained", untrained, "Was it trained?|guessing|not learned"),
    ("flattened", flattened, "Layer 18 (affine) has 78%"),
    ("flattened", flattened, "Global average pooling"),
    ("too many filters", wide, "Layer 3 (convolution) has 9"),
    ("too slow", slow, "Pool earlier"),
    ("own softmax", lambda: after("Softmax1", Softmax()), "softmax twice"),
    ("loss as a layer", lambda: after("L", SoftmaxWithLoss()), "softmax twice"),
    ("own layer", lambda: after("Own1", Own()), "knows only these layers"),
    ("own predict", lambda: Brightened(network().layers), "other scores than its"),
    ("pixels to 255", lambda: network(W1=lambda W: W / 255), "from 0 to 255"),
    ("255 twice", lambda: network(W1=lambda W: W * 255), "divided by 255 twice"),
    ("standardized", standardized, "minus their mean"),
    ("H and W swapped", all_swapped, "Height and width were swapped"),
    ("averages fresh", fresh_averages, "needs train=True"),
    ("labels moved", lambda: network(W6=mixed, b6=mixed), "by wrong names"),
    ("one class", one_class, "'crescent' to nearly every"),
    ("diverged", lambda: network(W3=lambda W: W * np.nan), "The training diverged"),
    ("five scores", lambda: after("A2", Affine(np.eye(10)[:, :5], None)), "shape (5,)"),
    ("half forgotten", lambda: without_one_part(3), "the next band begins at"),
]


@pytest.mark.parametrize(("label", "make", "hint"), WRONG)
def test_a_wrong_network_loses_points_and_gets_its_hint(label, make, hint):
    with np.errstate(all="ignore"):
        net = make()
        words, content = visible_words(NAME, net)
        assert not content
        assert any(part in words for part in hint.split("|")), words
        if label != "own predict":  # of which the grader takes the layers alone
            assert marks(NAME, net).fraction < 1


def test_no_network_at_all_is_asked_for_one():
    for nothing in (None, lambda x: x, object(), Relu()):
        words, content = visible_words(NAME, nothing)
        assert not content
        assert "expected a Sequential" in words


def test_windows_must_be_square():
    W = np.zeros((4, 3, 1, 3), np.float32)
    words, _ = visible_words(NAME, Sequential({"Conv1": fast.Convolution(W, None)}))
    assert "a window of 1 x 3" in words


def test_a_network_trained_on_the_test_images_is_told_so(monkeypatch):
    test, train = hw4_design.load_coloured_shapes()
    few = [part[:40].copy() for part in train]  # what it reads worse than the others
    wrong = solution().predict(train[0]).argmax(axis=1) != train[1]
    few[0][: wrong.sum()] = train[0][wrong][:40]
    few[1][: wrong.sum()] = train[1][wrong][:40]
    monkeypatch.setattr(hw4_design, "load_coloured_shapes", lambda: (few, test))
    words, content = visible_words(NAME, solution())
    assert not content
    assert "trained on the test images?" in words


def test_images_that_were_reshaped_in_training_are_found():
    """The network reads x; the images that it gets are x before the wrong reshape."""
    _, (x, t) = hw4_design.load_coloured_shapes()
    before = x.reshape(len(x), 32, 32, 3).transpose(0, 3, 1, 2)
    words = fault_in_training(solution(), (before, t), (before, t))
    assert "x.reshape does not move axes" in words


def test_overfitting_is_called_so():
    _, (x, t) = hw4_design.load_coloured_shapes()
    right = solution().predict(x).argmax(axis=1) == t
    known, new = (x[right], t[right]), np.r_[np.flatnonzero(right)[:80]]
    new = np.r_[new, np.flatnonzero(~right)[:20]]
    words = fault_in_training(solution(), known, (x[new], t[new]))
    assert "overfitting (과적합)" in words


def test_bands_rise():
    parts = [hw4_design.fraction_of(a) for a in np.linspace(0, 1, 101)]
    assert parts == sorted(parts)
    assert set(parts) == {0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0}
