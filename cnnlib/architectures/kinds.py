"""The arithmetic of each kind of layer: what comes out, and what it costs.

Two rules count everything:

* one **multiply-add** for each weight at each place where it is used. Biases,
  plain pooling, activations and normalizations are left out, as is usual.
* one **connection** for each number that a unit looks at, and one for its bias.
  Layers that treat every number alone belong to the unit before them.
"""

import math
from typing import NamedTuple

from ..geometry import resolve, resolve_pooling, whole

__all__ = ["KINDS", "Facts"]


class Facts(NamedTuple):
    """What one layer does to one image.

    ``windows`` holds what the receptive field needs: None if every number is treated
    alone, 'all' if each unit sees the whole input of the layer, or the resolved
    ``geometry.Window``.
    """

    shape: tuple
    weights: int = 0
    biases: int = 0
    multiply_adds: int = 0
    connections: int = 0
    windows: object = None


def convolution(row, shape):
    """Slide FN filters over all channels, or each group over its own."""
    C, H, W = _image(shape)
    FN, FS = _need(row, "filters"), _need(row, "window")
    groups = whole(row.groups, "groups", least=1)
    if C % groups or FN % groups:
        raise ValueError(
            f"{C} channels and {FN} filters can not both be split into {groups} "
            "groups of equal size."
        )
    g = resolve(H, W, FS, FS, row.stride or 1, row.pad, row.dilation)
    return _shared(FN, FN * (C // groups) * FS * FS, row.bias, g)


def sparse_convolution(row, shape):
    """Look at some channels only with each filter, as a table says."""
    C, H, W = _image(shape)
    FS = _need(row, "window")
    if not row.sees or not all(row.sees):
        raise ValueError(
            "a sparse convolution needs sees=: for each filter the channels that it "
            "looks at, for example sees=((0, 1), (1, 2))."
        )
    most = max(max(channels) for channels in row.sees)
    if most >= C:
        raise ValueError(
            f"sees names channel {most}, but {C} channels come in: 0 to {C - 1}."
        )
    g = resolve(H, W, FS, FS, row.stride or 1, row.pad, row.dilation)
    seen = sum(len(channels) for channels in row.sees)
    return _shared(len(row.sees), seen * FS * FS, row.bias, g)


def pooling(row, shape):
    """Take one number a window, channel by channel; nothing to train."""
    C, H, W = _image(shape)
    FS = _need(row, "window")
    g = resolve_pooling(H, W, FS, FS, row.stride, row.pad)
    out = (C, g.OH, g.OW)
    return Facts(out, connections=math.prod(out) * FS * FS, windows=g)


def subsampling(row, shape):
    """Average windows, with a trained factor and bias for each channel."""
    plain = pooling(row, shape)
    C, outputs = plain.shape[0], math.prod(plain.shape)
    wires = plain.connections + outputs  # a bias for each output
    return plain._replace(weights=C, biases=C, multiply_adds=outputs, connections=wires)


def global_pooling(row, shape):
    """Take one number a channel."""
    C, H, W = _image(shape)
    return Facts((C,), connections=C * H * W, windows="all")


def affine(row, shape):
    """Connect every input with every unit."""
    D, M = math.prod(shape), _need(row, "units")
    biases = M if row.bias else 0
    return Facts((M,), D * M, biases, D * M, D * M + biases, "all")


def rbf(row, shape):
    """Measure the distance to one fixed code a class."""
    D, M = math.prod(shape), _need(row, "units")
    return Facts((M,), multiply_adds=D * M, connections=D * M, windows="all")


def elementwise(row, shape):
    """Leave the shape as it is, and train nothing."""
    return Facts(shape)


def batch_normalization(row, shape):
    """Scale and shift each channel: two trained numbers each."""
    return Facts(shape, weights=shape[0], biases=shape[0])


def local_response_normalization(row, shape):
    """Divide by the neighbouring channels: images only."""
    return Facts(_image(shape))


def zero_channels(row, shape):
    """Add channels of 0 behind the others, until there are ``filters``."""
    C, H, W = _image(shape)
    FN = _need(row, "filters")
    if FN < C:
        raise ValueError(
            f"{C} channels come in, more than the filters={FN} that are to come out; "
            "zeros can only be added."
        )
    return Facts((FN, H, W))


def add(row, *shapes):
    """Add up inputs of one shape: the end of a residual block."""
    if len(set(shapes)) != 1:
        raise ValueError(
            f"{' and '.join(map(_text, shapes))} can not be added: the shapes must be "
            "equal. A 1x1 convolution with a stride can make them so."
        )
    return Facts(shapes[0])


def concat(row, *shapes):
    """Put the channels of several inputs one after the other."""
    sizes = {_image(shape)[1:] for shape in shapes}
    if len(sizes) != 1:
        raise ValueError(
            f"{' and '.join(map(_text, shapes))} can not stand one after the other: "
            "height and width must be equal."
        )
    return Facts((sum(shape[0] for shape in shapes), *sizes.pop()))


KINDS = {
    "convolution": convolution,
    "sparse convolution": sparse_convolution,
    "max pooling": pooling,
    "average pooling": pooling,
    "subsampling": subsampling,
    "global average pooling": global_pooling,
    "affine": affine,
    "rbf": rbf,
    "relu": elementwise,
    "sigmoid": elementwise,
    "tanh": elementwise,
    "scaled tanh": elementwise,
    "dropout": elementwise,
    "local response normalization": local_response_normalization,
    "batch normalization": batch_normalization,
    "zero channels": zero_channels,
    "add": add,
    "concat": concat,
}


def _shared(FN, weights, bias, g):
    """Count weights that are used again at every place of the window ``g``."""
    biases, places = FN if bias else 0, g.OH * g.OW
    wires = (weights + biases) * places
    return Facts((FN, g.OH, g.OW), weights, biases, weights * places, wires, g)


def _image(shape):
    if len(shape) != 3:
        raise ValueError(
            f"it needs an image (C, H, W), but {_text(shape)} numbers in a row come "
            "in. Windows have to come before affine layers."
        )
    return shape


def _need(row, name):
    value = getattr(row, name)
    if value is None:
        raise ValueError(f"a row of kind {row.kind!r} needs {name}=.")
    return whole(value, name, least=1)


def _text(shape):
    return " x ".join(map(str, shape))
