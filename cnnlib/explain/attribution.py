"""Which pixels made the network say so? Four answers, all by our own backward.

Everything here works in test mode on a copy: nothing of yours is changed, and no
gradient of a training step is overwritten. A "score" is an output of the network
before the softmax.
"""

import copy

import numpy as np

from .. import checks, fast
from ..elementwise import Dropout
from ..geometry import conv_output_size, whole
from ..layer import Layer, naming
from ..layers import BatchNormalization

__all__ = [
    "excite",
    "feature_maps",
    "grad_cam",
    "input_gradient",
    "occlusion_map",
    "saliency",
]

# Layers that do something else in training.
TWO_FACED = (BatchNormalization, fast.BatchNormalization, Dropout)


class _Still(Layer):
    """A normalization or a dropout that stays in test mode, with a backward.

    In test mode each of them is a straight line, ``slope * x + shift``.
    """

    def __init__(self, layer):
        self.layer = layer

    def forward(self, x, train=True):
        out, one, zero = (
            self.layer.forward(v, train=False)
            for v in (x, np.ones_like(x), np.zeros_like(x))
        )
        return self.keep(train, out, one - zero)

    def backward(self, dout):
        dout, slope = self.recall(dout)
        return dout * slope


class _Probe:
    """A copy of a network in test mode that remembers what every layer put out."""

    def __init__(self, network):
        twin = copy.deepcopy(network)
        self.layers, self.dtype = _still(twin.layers), twin.dtype

    def forward(self, x):
        """Return the outputs of all layers by name; the last are the scores."""
        x, maps = self.input(x), {}
        for name, layer in self.layers.items():
            with naming(name):
                maps[name] = x = layer.forward(x, train=True)
        return maps

    def input(self, x):
        return checks.array(x, "x").astype(self.dtype, copy=False)

    def backward(self, dout, start, stop=None):
        """Return the gradient at the output of ``stop``; at the image if None."""
        names = list(self.layers)
        first = 0 if stop is None else names.index(stop) + 1
        for name in reversed(names[first : names.index(start) + 1]):
            dout = self.layers[name].backward(dout)
        return dout

    def last(self):
        return list(self.layers)[-1]

    def check_name(self, layer):
        if layer not in self.layers:
            raise ValueError(
                f"there is no layer {layer!r}; this network has {list(self.layers)}."
            )
        return layer


def _still(layers):
    """Replace, also inside blocks, what does something else in training."""
    for name, layer in layers.items():
        if isinstance(layer, TWO_FACED):
            layers[name] = _Still(layer)
        elif isinstance(getattr(layer, "children", None), dict):
            _still(layer.children)
    return layers


def feature_maps(network, x) -> dict:
    """Return what every layer puts out for the images, by the layer's name.

    Parameters
    ----------
    network : Sequential
    x : array (N, C, H, W)

    Returns
    -------
    dict of str to array
        (N, FN, OH, OW) for convolutions, (N, M) for affine layers.
    """
    return _Probe(network).forward(x)


def input_gradient(network, x, dout, layer=None):
    """Return how the image would have to change to move a layer's output.

    Parameters
    ----------
    network : Sequential
    x : array (N, C, H, W)
    dout : array
        One number for each output of the layer: how much we want of it.
    layer : str, optional
        The last one, the scores, if not given.

    Returns
    -------
    array (N, C, H, W)
        The gradient of ``sum(dout * output)`` at ``x``.
    """
    probe = _Probe(network)
    layer = probe.last() if layer is None else probe.check_name(layer)
    probe.forward(x)
    return probe.backward(dout, layer)


def saliency(network, x, target=None):
    """Return the gradient of one score at each pixel: what ``dx`` says.

    A large number means: make this pixel a little brighter, and the score rises a
    lot. Often its absolute value is drawn.

    Parameters
    ----------
    network : Sequential
    x : array (N, C, H, W)
    target : int or array (N,), optional
        The class whose score is asked about; what the network says, if not given.

    Returns
    -------
    array (N, C, H, W)
        Score per intensity.

    References
    ----------
    Simonyan, Vedaldi & Zisserman, "Deep inside convolutional networks" (2014).
    """
    probe = _Probe(network)
    scores = probe.forward(x)[probe.last()]
    return probe.backward(_one_hot(scores, target), probe.last())


def grad_cam(network, x, layer, target=None, relu=True):
    """Weigh the feature maps of a layer by what they do for one score.

    The weight of a map is the mean of the score's gradient over the map. The sum
    of the weighted maps is negative where the image speaks against the class;
    ``relu=True`` keeps what speaks for it.

    Parameters
    ----------
    network : Sequential
    x : array (N, C, H, W)
    layer : str
        One whose output is a stack of maps, such as "Relu1".
    target : int or array (N,), optional
        The class; what the network says, if not given.
    relu : bool
        Turn negative numbers into 0, as in the paper.

    Returns
    -------
    array (N, OH, OW)
        Of the size of the layer's maps.

    Raises
    ------
    ValueError
        If there is no such layer, or its output is no stack of maps.

    References
    ----------
    Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
    gradient-based localization" (2017).
    """
    probe = _Probe(network)
    maps = probe.forward(x)
    A = maps[probe.check_name(layer)]  # (N, FN, OH, OW)
    if A.ndim != 4:
        raise ValueError(
            f"layer {layer!r} puts out the shape {A.shape}; expected maps "
            "(N, FN, OH, OW): choose a convolution, or the ReLU or pooling after it."
        )
    scores = maps[probe.last()]
    dA = probe.backward(_one_hot(scores, target), probe.last(), stop=layer)
    weights = dA.mean(axis=(2, 3), keepdims=True)  # (N, FN, 1, 1)
    cam = (weights * A).sum(axis=1)  # (N, OH, OW)
    return np.maximum(cam, 0) if relu else cam


def occlusion_map(network, x, target=None, size=5, stride=1, fill=0.0):
    """Cover each part of the image in turn; return how far the score falls.

    It needs no gradient at all. But what is put over the image matters: black
    (``fill=0``) on a black background changes nothing.

    Parameters
    ----------
    network : Sequential
    x : array (N, C, H, W)
    target : int or array (N,), optional
        The class whose score is watched; what the network says, if not given.
    size, stride : int
        Of the patch that covers, in pixels.
    fill : float
        Intensity of the patch.

    Returns
    -------
    array (N, OH, OW)
        Score before minus score after; a positive number means that the class
        needs this part. ``OH = conv_output_size(H, size, stride)``.

    References
    ----------
    Zeiler & Fergus, "Visualizing and understanding convolutional networks" (2014).
    """
    x = checks.images(x).astype(network.dtype, copy=False)
    H, W = x.shape[2:]
    places = [
        (row * stride, col * stride)
        for row in range(conv_output_size(H, size, stride))
        for col in range(conv_output_size(W, size, stride))
    ]
    scores = network.predict(x)
    chosen = _one_hot(scores, target)
    falls = []
    for image, before, row in zip(x, scores, chosen, strict=True):
        covered = np.repeat(image[np.newaxis], len(places), axis=0)
        for i, (y, z) in enumerate(places):
            covered[i, :, y : y + size, z : z + size] = fill
        falls.append((before - network.predict(covered)) @ row)
    return np.reshape(falls, (len(x), -1, conv_output_size(W, size, stride)))


def excite(network, layer, unit, start, place=None, steps=100, rate=0.1, limits=(0, 1)):
    """Change an image step by step until one unit answers strongly.

    Gradient ascent: the weights stay, the image learns. Every step is equally long,
    however small the gradient is.

    Parameters
    ----------
    network : Sequential
    layer : str
        After a ReLU only the places count that say yes.
    unit : int
        Which filter of a convolution, or which unit of an affine layer.
    start : array (1, C, H, W)
        Where to begin, for example grey with a little noise.
    place : (row, column), optional
        One place of the filter's map; the mean of the map if not given.
    steps : int
    rate : float
        Length of a step: root mean square change of a pixel, in intensity.
    limits : (float, float) or None
        Least and greatest intensity.

    Returns
    -------
    image : array (1, C, H, W)
    answers : list of float
        What the unit said before each step, and at the end.

    Raises
    ------
    ValueError
        If there is no such layer or unit, or its gradient is 0.

    References
    ----------
    Erhan, Bengio, Courville & Vincent, "Visualizing higher-layer features of a deep
    network" (2009).
    """
    probe = _Probe(network)
    probe.check_name(layer)
    x = probe.input(checks.images(start)).copy()
    answers = []
    for _ in range(whole(steps, "steps", least=1)):
        out = probe.forward(x)[layer]
        answer, dout = _answer(out, unit, place)
        answers.append(answer)
        dx = probe.backward(dout, layer)
        length = np.sqrt(np.mean(dx**2))
        if length == 0:
            raise ValueError(
                f"the gradient of unit {unit} of {layer!r} is 0 everywhere: no small "
                "change moves it. Choose the layer before the ReLU, or another start."
            )
        x = x + dx * (rate / length)
        x = x if limits is None else np.clip(x, *limits)
    answers.append(_answer(probe.forward(x)[layer], unit, place)[0])
    return x, answers


def _answer(out, unit, place):
    """Return what a unit says, the mean or at one place, and the gradient of this."""
    if not 0 <= whole(unit, "unit", least=0) < out.shape[1]:
        raise ValueError(
            f"there is no unit {unit}: the layer has {out.shape[1]}, counted from 0."
        )
    chosen = (slice(None), unit, *(() if place is None else place))
    dout = np.zeros(out.shape, out.dtype)
    dout[chosen] = 1 / out[chosen].size
    return float(out[chosen].mean()), dout


def _one_hot(scores, target):
    """Return an array like the scores with a 1 at the class asked for."""
    target = scores.argmax(axis=1) if target is None else target
    labels = checks.labels(np.broadcast_to(target, (len(scores),)), scores.shape)
    return np.eye(scores.shape[1], dtype=scores.dtype)[labels]
