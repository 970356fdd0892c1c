"""From a description to a network that runs."""

import numpy as np

from .. import checks
from ..networks import Sequential, ZeroChannels, initial_weights, lenet
from ..networks.engines import engine_room
from .nesting import JOINS, inputs_of, nest
from .tables import LayerTable

__all__ = ["build"]


def build(architecture, engine="fast", rng=None, weight_init_std="he"):
    """Make a network out of its description, with random weights.

    Parameters
    ----------
    architecture : Architecture
    engine : {'fast', 'textbook'}
        Which layers to use.
    rng : numpy.random.Generator, int or None
        Where the weights, and the choices of dropout, come from; an int is a seed.
    weight_init_std : float or {'std', 'xavier', 'sigmoid', 'he', 'relu'}
        As in ``SimpleConvNet``.

    Returns
    -------
    Sequential
        Its layers have the names of the rows; a row that joins branches becomes a
        block, ``Residual``, ``Add`` or ``Concat``, with the branches inside. All
        parameters are float32.

    Raises
    ------
    ValueError
        If a row is impossible, or the branches can not be nested into blocks.

    Examples
    --------
    >>> from cnnlib.architectures import LENET5, build
    >>> build(LENET5, rng=7).params["W1"].shape
    (6, 1, 5, 5)
    """
    table = LayerTable(architecture)
    for name, problem in table.problems.items():
        raise ValueError(
            f"row {name!r} of {architecture.name} is impossible: {problem}"
        )
    room, rng = engine_room(engine), checks.as_rng(rng)

    def draw(shape, inputs):
        return initial_weights(shape, inputs, weight_init_std, rng)

    built, inputs = {}, inputs_of(architecture)
    shapes = {"input": tuple(architecture.input_dim)}
    for line in table:
        shapes[line.name] = line.shape
        if line.kind not in JOINS:
            shape = shapes[inputs[line.name][0]]
            layer = BUILDERS[line.kind](line.row, shape, room, draw, rng)
            built[line.name] = layer
    layers = nest(architecture, built)
    return Sequential(layers, room.SoftmaxWithLoss(), tuple(architecture.input_dim))


def _convolution(row, shape, room, draw, rng):
    C, FS = shape[0] // row.groups, row.window
    W = draw((row.filters, C, FS, FS), C * FS * FS)
    b = _zeros(row.filters) if row.bias else None
    return room.Convolution(W, b, row.stride or 1, row.pad, row.dilation, row.groups)


def _sparse_convolution(row, shape, room, draw, rng):
    FS, seen = row.window, sum(len(channels) for channels in row.sees)
    W = draw((seen, FS, FS), seen / len(row.sees) * FS * FS)
    b = _zeros(len(row.sees)) if row.bias else None
    settings = (row.stride or 1, row.pad, row.dilation, room.Convolution)
    return lenet.SparseConvolution(W, b, row.sees, shape[0], *settings)


def _pooling(name):
    def make(row, shape, room, draw, rng):
        return getattr(room, name)(row.window, row.window, row.stride, row.pad)

    return make


def _subsampling(row, shape, room, draw, rng):
    C = shape[0]
    W = np.full(C, 1 / row.window**2, np.float32)  # at first the plain average
    settings = (row.window, row.stride, row.pad, room.AveragePooling)
    return lenet.Subsampling(W, _zeros(C), *settings)


def _affine(row, shape, room, draw, rng):
    D = int(np.prod(shape))
    return room.Affine(draw((D, row.units), D), _zeros(row.units) if row.bias else None)


def _rbf(row, shape, room, draw, rng):
    codes = lenet.digit_codes()
    if codes.shape != (row.units, int(np.prod(shape))):
        raise ValueError(
            f"row {row.name!r} compares {shape} with {row.units} codes; there are "
            "drawings of 10 digits with 7 x 12 = 84 pixels only."
        )
    return lenet.RadialBasis(codes)


def _plain(name):
    def make(row, shape, room, draw, rng):
        return getattr(room, name)()

    return make


def _scaled_tanh(row, shape, room, draw, rng):
    return lenet.ScaledTanh()


def _dropout(row, shape, room, draw, rng):
    return room.Dropout(row.ratio, rng.spawn(1)[0])


def _local_response_normalization(row, shape, room, draw, rng):
    # AlexNet's numbers; its paper does not divide alpha by the 5 channels
    return room.LocalResponseNormalization(size=5, alpha=5e-4, beta=0.75, k=2.0)


def _zero_channels(row, shape, room, draw, rng):
    return ZeroChannels(row.filters)


def _batch_normalization(row, shape, room, draw, rng):
    return room.BatchNormalization(np.ones(shape[0], np.float32), _zeros(shape[0]))


def _zeros(n):
    return np.zeros(n, np.float32)


BUILDERS = {
    "convolution": _convolution,
    "sparse convolution": _sparse_convolution,
    "max pooling": _pooling("Pooling"),
    "average pooling": _pooling("AveragePooling"),
    "subsampling": _subsampling,
    "global average pooling": _plain("GlobalAveragePooling"),
    "affine": _affine,
    "rbf": _rbf,
    "relu": _plain("Relu"),
    "sigmoid": _plain("Sigmoid"),
    "tanh": _plain("Tanh"),
    "scaled tanh": _scaled_tanh,
    "dropout": _dropout,
    "local response normalization": _local_response_normalization,
    "batch normalization": _batch_normalization,
    "zero channels": _zero_channels,
}
