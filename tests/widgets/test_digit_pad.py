"""DigitPad in Python: images, answers, maps, and what it refuses."""

import numpy as np
import pytest

import cnnlib
from cnnlib.networks import Sequential, SimpleConvNet
from cnnlib.widgets import DigitPad

from .pads import NETWORKS, one


@pytest.fixture(scope="module")
def trained():
    return SimpleConvNet.pretrained()


def test_image_probabilities_and_answer_are_there_for_the_next_cell(trained):
    pad = DigitPad(trained)
    assert pad.answer is None
    assert repr(pad) == "DigitPad: SimpleConvNet, the pad is empty"
    for image in (one(), one()[np.newaxis], one().astype(np.float32)):
        pad.image = image
        assert pad.image.shape == (28, 28)
        expected = cnnlib.softmax(trained.predict(one()[None, None]).astype(float))[0]
        np.testing.assert_allclose(pad.probabilities, expected, atol=1e-6)
        np.testing.assert_allclose(pad.reply["probabilities"], expected, atol=1e-6)
    assert pad.answer == 1
    assert pad.describe() == "SimpleConvNet says 1, > 99 % sure"


def test_each_question_is_answered_once_and_its_image_is_not_sent_back(trained):
    pad = DigitPad(trained)
    replies, sent = [], []
    pad.observe(lambda change: replies.append(change.new["asked"]), "reply")
    pad.send_state = lambda key=None: sent.append(key)
    hear = pad._msg_callbacks  # what a message of the page calls
    for number in (1, 2):  # the same image may be asked about again
        hear(pad, {"ask": number}, [memoryview(one().tobytes())])
    hear(pad, "seen", [])
    assert replies == [1, 2]
    np.testing.assert_array_equal(pad.image, one())
    assert pad.answer == 1
    assert set(sent) <= {"reply"}


def test_maps_are_those_of_the_first_layers(trained):
    pad = DigitPad(trained)
    pad.image = one()
    layers = trained.layers
    x = layers["Conv1"].forward(one()[None, None].astype(np.float32), train=False)
    x = layers["Relu1"].forward(x, train=False)
    pooled = layers["Pool1"].forward(x, train=False)
    for maps, expected, name in zip(
        pad.reply["maps"], (x, pooled), ("Conv1 → Relu1", "Pool1"), strict=True
    ):
        assert maps["name"] == name
        assert maps["data"]["shape"] == list(expected.shape[1:])
        levels = np.frombuffer(maps["data"]["data"], np.uint8) / 255
        values = maps["low"] + levels * (maps["high"] - maps["low"])
        step = (maps["high"] - maps["low"]) / 255
        np.testing.assert_allclose(values, expected.ravel(), atol=0.51 * step)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("odd, fast", ["Conv1 → Norm1 → Relu1 → Drop1 → Local", "Pool1"]),
        ("LeNet-5 of 1998, 32x32", ["C1 → Squash1", "S2"]),
        ("global average", ["C"]),
        ("no convolution", []),
    ],
)
def test_activations_belong_to_the_convolution_before_them(rng, kind, names):
    found = [maps["name"] for maps in DigitPad(NETWORKS[kind](rng)).reply["maps"]]
    assert found == names


def test_an_answer_does_not_disturb_a_training(trained, rng):
    x = rng.random((4, 1, 28, 28)).astype(np.float32)
    layers = cnnlib.SimpleConvNet(rng=7, engine="textbook")
    expected = layers.gradient(x, [1, 2, 3, 4])["W1"].copy()
    scores = layers.forward(x)
    layers.last_layer.forward(scores, np.array([1, 2, 3, 4]))
    DigitPad(layers).image = one()
    layers.backward(layers.last_layer.backward())
    np.testing.assert_array_equal(layers.grads["W1"], expected)


def test_the_answer_is_that_of_the_present_weights():
    network = SimpleConvNet(rng=7)
    pad = DigitPad(network)
    pad.image = one()
    before = pad.probabilities
    network.params["b3"] = np.arange(10) * 10
    assert pad.answer == 9
    assert not np.allclose(pad.probabilities, before)


def test_test_digits_are_loaded_with_their_labels(trained):
    x = np.stack([one()[None], 1 - one()[None]])
    pad = DigitPad(trained, x, [1, 0], rng=7)
    sent = []
    pad.send = lambda content: sent.append(content)
    pad.load(1)
    np.testing.assert_array_equal(pad.image, x[1, 0])
    pad._handle_custom_msg("load", [])
    assert sent[0] == {"label": 0}
    assert len(sent) == 2
    assert DigitPad(trained, x, np.eye(2)[[1, 0]])._t.tolist() == [1, 0]


def test_without_digits_of_ones_own_those_of_scikit_learn_are_loaded(trained):
    pad = DigitPad(trained, rng=7)
    pad.load()
    (_, _), (x, _) = cnnlib.load_digits()
    assert (x[:, 0] == pad.image).all(axis=(1, 2)).any()


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.zeros((14, 14)), r"expected \(28, 28\), for example x_test\[3, 0\]"),
        (np.zeros((3, 28, 28)), r"expected \(28, 28\)"),
        (255 * one(), "divide by 255"),
        (-one(), "from -1 to"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.zeros(784), "expected one grey image"),
    ],
)
def test_what_is_no_image_is_refused(trained, image, says):
    with pytest.raises(ValueError, match=says):
        DigitPad(trained).image = image


@pytest.mark.parametrize(
    ("network", "error", "says"),
    [
        (lambda: "net", TypeError, "network is a str; expected a network of cnnlib"),
        (
            lambda: SimpleConvNet((3, 32, 32)),
            ValueError,
            r"takes \(3, 32, 32\); the pad draws one grey image of 28x28",
        ),
        (lambda: SimpleConvNet((1, 20, 20)), ValueError, r"takes \(1, 20, 20\)"),
        (
            lambda: Sequential({"A": cnnlib.Affine(np.ones((5, 2)), None)}),
            ValueError,
            r"neither images \(1, 28, 28\) nor \(1, 32, 32\).*W expects 5",
        ),
        (
            lambda: Sequential({"R": cnnlib.Relu()}),
            ValueError,
            r"expected scores \(1, classes\)",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_refused(network, error, says):
    with pytest.raises(error, match=says):
        DigitPad(network())


@pytest.mark.parametrize(
    ("x", "t", "says"),
    [
        (np.zeros((2, 1, 8, 8)), None, r"expected digits \(N, 1, 28, 28\)"),
        (np.full((2, 1, 28, 28), 255), None, r"runs from 255 to 255"),
        (np.zeros((2, 1, 28, 28)), [1], "for 2 digits; expected one label each"),
    ],
)
def test_what_are_no_digits_is_refused(trained, x, t, says):
    with pytest.raises(ValueError, match=says):
        DigitPad(trained, x, t)


def test_a_network_that_breaks_later_is_a_sentence_in_place(trained):
    network = SimpleConvNet(rng=7)
    pad = DigitPad(network)
    network.params["W1"][:] = np.nan
    pad.image = one()
    assert "Did training diverge?" in pad.reply["problem"]
    network.layers["Affine1"] = cnnlib.Affine(np.ones((3, 10)), None)
    pad.image = one()
    assert "'Affine1'" in pad.reply["problem"]
    assert "'Affine1'" in pad.describe()
