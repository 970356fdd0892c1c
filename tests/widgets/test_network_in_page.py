"""The forward pass of the page equals NumPy's, for every layer of the package."""

import base64
import json

import numpy as np
import pytest

import cnnlib
from cnnlib import fast
from cnnlib.networks import Sequential, SimpleConvNet
from cnnlib.networks.blocks import Branches, Path
from cnnlib.networks.composite import Composite
from cnnlib.widgets import DigitPad
from cnnlib.widgets.base import read
from cnnlib.widgets.exporting import BLOCKS, WRITERS
from cnnlib.widgets.inside import answer

from .pads import NETWORKS, one

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
        for room in (cnnlib, fast, cnnlib.networks.lenet, cnnlib.networks.blocks)
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, cnnlib.layer.Layer)
    }
    rows = {Sequential, SimpleConvNet, Path}
    bases = {cnnlib.layer.Layer, Composite, Branches, cnnlib.SoftmaxWithLoss}
    assert layers - rows - bases == set(WRITERS) | set(BLOCKS)


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
    with pytest.raises(ValueError, match=r"'Affine1' holds 1e\+06.*float32"):
        DigitPad(network).to_html(tmp_path / "pad.html")
