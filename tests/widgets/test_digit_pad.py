"""DigitPad: its placing, its network in the browser, drawing by hand and by keys."""

import base64
import json

import numpy as np
import pytest
from seen import least_contrast, run_python

import cnnlib
from cnnlib import fast
from cnnlib.architectures import LENET5, LENET5_PAPER, build
from cnnlib.networks import Sequential, SimpleConvNet
from cnnlib.widgets import DigitPad, place_digit
from cnnlib.widgets.base import read
from cnnlib.widgets.exporting import WRITERS
from cnnlib.widgets.inside import answer

def one():
    """Draw a 1."""
    image = np.zeros((28, 28))
    image[4:24, 13:15] = 1
    return image


# --- placing --------------------------------------------------------------------------


def strokes(rng, size=(90, 70)):
    """Make a drawing of random blots, somewhere on the paper."""
    ink = np.zeros(size)
    for _ in range(rng.integers(1, 5)):
        top, left = (int(rng.integers(0, n - 3)) for n in size)
        high, wide = (int(rng.integers(1, n // 2)) for n in size)
        ink[top : top + high, left : left + wide] = rng.random()
    return ink


def test_the_ink_fills_the_box_and_its_mass_lies_in_the_middle(rng):
    for _ in range(50):
        image = place_digit(strokes(rng))
        rows, columns = np.nonzero(image > 1e-9)
        spans = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert max(spans) == 20
        mass = [
            (image.sum(axis=axis) @ (np.arange(28) + 0.5)) / image.sum()
            for axis in (1, 0)
        ]
        in_pixel_14 = [14 - 1e-6 <= centre <= 15 for centre in mass]
        touches = [min(p) == 0 or max(p) == 27 for p in (rows, columns)]
        assert all(np.logical_or(in_pixel_14, touches))


def test_placing_keeps_the_amount_of_ink(rng):
    ink = strokes(rng, (40, 40))
    rows, columns = np.nonzero(ink)
    scale = 20 / (max(np.ptp(rows), np.ptp(columns)) + 1)
    assert place_digit(ink).sum() == pytest.approx(ink.sum() * scale**2)


def test_place_and_size_of_a_drawing_do_not_matter(rng):
    ink = strokes(rng, (60, 60))
    larger = np.kron(np.pad(ink, ((31, 2), (5, 17))), np.ones((2, 2)))
    np.testing.assert_allclose(place_digit(larger), place_digit(ink), atol=1e-12)


def test_no_ink_gives_an_empty_image():
    assert not place_digit(np.zeros((50, 50))).any()


@pytest.mark.requires_mnist
def test_digits_of_mnist_stay_as_they_are():
    (_, _), (x, _) = cnnlib.load_mnist()
    x = x[:300, 0].astype(float)
    same = [np.abs(place_digit(image) - image).max() < 1e-6 for image in x]
    assert all(same)


def test_the_page_places_drawings_as_python_does(mathematics, rng):
    call = mathematics(DigitPad)
    inks = [strokes(rng, (36, 28)) for _ in range(40)]
    inks += [np.eye(30), np.ones((9, 9)), np.tri(40), np.zeros((5, 7))]
    answers = call("placeDigit", [[ink.ravel().tolist(), *ink.shape] for ink in inks])
    for ink, placed in zip(inks, answers, strict=True):
        np.testing.assert_allclose(placed, place_digit(ink).ravel(), atol=1e-12)


def test_a_stroke_is_two_pen_widths_of_ink_with_grey_edges(mathematics):
    (ink,) = mathematics(DigitPad)("layInk", [[[[40, 70], [100, 70]]]])
    ink = np.reshape(ink, (140, 140))
    assert ink[70, 70] == 1
    assert not ink[:60].any()
    assert ink.sum() == pytest.approx(60 * 12 + np.pi * 36, rel=0.01)
    assert ((ink > 0) & (ink < 1)).any()


@pytest.mark.parametrize(
    ("ink", "says"),
    [
        (np.ones((2, 3, 3)), r"expected one image \(H, W\)"),
        (-np.ones((3, 3)), "use 1 - ink"),
        ([[np.nan]], "expected 0 for paper"),
    ],
)
def test_what_is_no_drawing_is_refused(ink, says):
    with pytest.raises(ValueError, match=says):
        place_digit(ink)


# --- the network in the page ----------------------------------------------------------


def odd_network(engine, rng):
    """Build one of every layer, nested, with settings that are not the default."""
    room = fast if engine == "fast" else cnnlib

    def draw(*shape):
        return rng.normal(0, 0.3, shape).astype(np.float32)

    norm = room.BatchNormalization(draw(6) + 1, draw(6))
    norm.running_mean[:], norm.running_var[:] = draw(6), rng.random(6) + 0.5
    last = room.BatchNormalization(draw(12) + 1, draw(12))
    block = Sequential(
        {
            "Conv": room.Convolution(draw(8, 3, 3, 2), None, (1, 2), "same", (2, 1), 2),
            "Tanh": room.Tanh(),
            "Pool": room.Pooling(3, 2, stride=2, pad=1),
        }
    )
    return Sequential(
        {
            "Conv1": room.Convolution(draw(6, 1, 5, 5), draw(6), pad=((2, 1), (0, 2))),
            "Norm1": norm,
            "Relu1": room.Relu(),
            "Drop1": room.Dropout(0.3),
            "Local": room.LocalResponseNormalization(4, 0.5),
            "Pool1": room.AveragePooling(3, 3, stride=2, pad=1),
            "Block": block,
            "Flat": room.Flatten(),
            "Affine1": room.Affine(draw(8 * 8 * 5, 12), draw(12)),
            "Norm2": last,
            "Sigmoid": room.Sigmoid(),
            "Affine2": room.Affine(draw(12, 10), None),
        }
    )


def ending(pool):
    """Build a network that ends with a global pooling."""
    W = np.random.default_rng(3).normal(size=(10, 1, 5, 5)).astype(np.float32)
    return Sequential({"C": cnnlib.Convolution(W, np.zeros(10)), "P": pool()})


NETWORKS = {
    "fast": lambda rng: SimpleConvNet(rng=rng, weight_init_std="he"),
    "textbook": lambda rng: SimpleConvNet(
        rng=rng, weight_init_std="he", engine="textbook"
    ),
    "LeNet-5": lambda rng: build(LENET5, rng=rng),
    "LeNet-5 of 1998, 32x32": lambda rng: build(LENET5_PAPER, rng=rng),
    "odd, fast": lambda rng: odd_network("fast", rng),
    "odd, textbook": lambda rng: odd_network("textbook", rng),
    "global average": lambda rng: ending(cnnlib.GlobalAveragePooling),
    "global maximum": lambda rng: ending(fast.GlobalMaxPooling),
    "no convolution": lambda rng: Sequential(
        {"A": cnnlib.Affine(rng.normal(size=(784, 10)) / 28, np.zeros(10))}, None, (784,)
    ),
}

RUN = """async ([script, network, pixels]) => {
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
  const {unpack, runner} = await import(url);
  const images = JSON.parse(pixels);
  const run = runner(unpack(JSON.parse(network)));
  return JSON.stringify(images.map((image) => {
    const {probabilities, outputs} = run(Float64Array.from(image));
    return [probabilities, Object.fromEntries(Object.entries(outputs).map(
      ([name, {shape, data}]) => [name, [shape, Array.from(data)]]))];
  }));
}"""


@pytest.fixture(scope="module")
def blank(browser):
    """A page of no widget, to run scripts in."""
    page = browser.new_page()
    yield page
    page.close()


def run_in_browser(page, pad, images):
    """Let the exported network of a pad answer to images."""
    def plain(value):
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    def with_base64(value):
        if isinstance(value, dict) and set(value) == {"shape", "data"}:
            data = base64.b64encode(value["data"]).decode()
            return {"shape": value["shape"], "base64": data}
        if isinstance(value, dict):
            return {name: with_base64(item) for name, item in value.items()}
        return [with_base64(v) for v in value] if isinstance(value, list) else value

    network = json.dumps(with_base64(plain(pad.page_state()["network"])))
    script = read("common.js", "page.js", "network.js") + "export {unpack, runner};"
    # as text: Playwright takes a minute to hand over a million numbers
    pixels = json.dumps([image.ravel().tolist() for image in images])
    return json.loads(page.evaluate(RUN, [script, network, pixels]))


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_page_answers_as_numpy_does(blank, rng, kind, precision):
    pad = DigitPad(NETWORKS[kind](rng), one()[None, None], precision=precision)
    images = np.clip(rng.normal(0.2, 0.5, (8, 28, 28)), 0, 1)
    images[0] = 0
    exact = precision == "float32"
    for image, (probabilities, outputs) in zip(
        images, run_in_browser(blank, pad, images), strict=True
    ):
        expected, layers = answer(pad.network, image, pad._size)
        np.testing.assert_allclose(
            probabilities, expected, atol=1e-5 if exact else 5e-3
        )
        assert list(outputs) == list(layers)
        for name, (shape, data) in outputs.items():
            assert shape == list(layers[name].shape)
            scale = np.abs(layers[name]).max() or 1
            np.testing.assert_allclose(
                np.reshape(data, shape) / scale,
                layers[name] / scale,
                atol=1e-5 if exact else 5e-3,
            )


def test_float16_moves_a_trained_network_by_less_than_a_thousandth(blank):
    (_, _), (x, _) = cnnlib.load_digits()
    pad = DigitPad(SimpleConvNet.pretrained())
    found = [y for y, _ in run_in_browser(blank, pad, x[:25, 0])]
    expected = [answer(pad.network, image, 28)[0] for image in x[:25, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_every_layer_of_the_package_has_a_row():
    layers = {
        value
        for room in (cnnlib, fast, cnnlib.networks.lenet)
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, cnnlib.layer.Layer)
    }
    blocks = {cnnlib.SoftmaxWithLoss, Sequential, SimpleConvNet, cnnlib.layer.Layer}
    assert layers - blocks == set(WRITERS)


class Doubled(cnnlib.Relu):
    """A student's own layer, which a page can not know."""

    def forward(self, x, train=True):
        """Return twice what Relu returns."""
        return 2 * super().forward(x, train)


def test_a_layer_that_the_page_can_not_run_is_named(tmp_path):
    network = SimpleConvNet(rng=7)
    network.layers["Relu1"] = Doubled()
    pad = DigitPad(network)
    assert len(pad.probabilities) == 10
    with pytest.raises(ValueError, match="can't run layer 'Relu1', a Doubled"):
        pad.to_html(tmp_path / "pad.html")


def test_weights_beyond_float16_are_named(tmp_path):
    network = SimpleConvNet(rng=7)
    network.params["W2"][0, 0] = 1e6
    with pytest.raises(ValueError, match="'Affine1' holds 1e\\+06.*float32"):
        DigitPad(network).to_html(tmp_path / "pad.html")


# --- in Python ------------------------------------------------------------------------


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
