"""Write a network as plain rows that a page can run: one row for each small step."""

import numpy as np

from .. import fast
from ..conv import (
    AveragePooling,
    Convolution,
    GlobalAveragePooling,
    GlobalMaxPooling,
    Pooling,
)
from ..geometry import resolve, resolve_pooling
from ..layers import (
    Affine,
    BatchNormalization,
    Dropout,
    Flatten,
    LocalResponseNormalization,
    Relu,
    Sigmoid,
    Tanh,
)
from ..networks import blocks, lenet
from .inside import leaves, run_apart


def rows_of(network, x):
    """Return the rows of a network: dicts of plain values and of arrays.

    Parameters
    ----------
    network : Path
        Layers in a row: a network, or a branch of a block.
    x : array (1, C, H, W)
        Any input; the rows hold the sizes that follow from it.

    Raises
    ------
    ValueError
        If a page can't run one of the layers.
    """
    rows = []
    for name, layer in leaves(network):
        if type(layer) in BLOCKS:
            rows.append({"layer": name, **_block(layer, name, x)})
        elif type(layer) in WRITERS:
            written = WRITERS[type(layer)](layer, x.shape[1:])
            rows += [{"layer": name, **row} for row in written]
        else:
            raise ValueError(
                f"a page can't run layer {name!r}, a {type(layer).__name__}: it knows "
                "the layers of cnnlib only. In JupyterLab the pad works with it."
            )
        x = run_apart(layer, x)
    return rows


def _block(layer, name, x):
    """Write a block as rows for each branch, and how their results are joined."""
    branches = [
        rows_of(blocks.Path({f"{name}.{branch}": inside}), x)
        for branch, inside in layer.branches.items()
    ]
    return {"kind": BLOCKS[type(layer)], "branches": branches}


def _convolution(layer, shape, W=None):
    W = layer.W if W is None else W
    settings = (layer.stride, layer.pad, layer.dilation)
    g = resolve(*shape[1:], *W.shape[2:], *settings)
    return [
        {
            "kind": "convolution",
            "W": W,
            "b": np.zeros(len(W)) if layer.b is None else layer.b,
            "groups": layer.groups,
            **_window(g, len(W)),
        }
    ]


def _sparse_convolution(layer, shape):
    full = layer.full
    W = np.zeros(full.W.shape)
    W[layer.filters, layer.seen] = layer.W
    b = np.zeros(len(W)) if layer.b is None else layer.b
    return [_convolution(full, shape, W)[0] | {"b": b}]


def _pooling(kind):
    def write(layer, shape):
        settings = (layer.pool_h, layer.pool_w, layer.stride, layer.pad)
        g = resolve_pooling(*shape[1:], *settings)
        return [{"kind": kind, "window": [g.FH, g.FW], **_window(g, shape[0])}]

    return write


def _window(g, channels):
    """Write where a window stands; the lower and right padding follow from it."""
    return {
        "stride": list(g.stride),
        "pad": [g.pad[0][0], g.pad[1][0]],
        "dilation": list(g.dilation),
        "out": [channels, g.OH, g.OW],
    }


def _subsampling(layer, shape):
    average = _pooling("average pooling")(layer.average, shape)
    return [*average, _scale(layer.W * layer.window**2, layer.b)]


def _batch_normalization(layer, shape):
    scale = layer.gamma / np.sqrt(layer.running_var + layer.eps)
    return [_scale(scale, layer.beta - layer.running_mean * scale)]


def _scale(factor, shift):
    """Multiply and shift each channel."""
    return {"kind": "scale", "W": factor, "b": shift}


def _affine(layer, shape):
    b = np.zeros(layer.W.shape[1]) if layer.b is None else layer.b
    return [{"kind": "affine", "W": layer.W, "b": b}]


def _local_response_normalization(layer, shape):
    settings = {name: getattr(layer, name) for name in ("size", "alpha", "beta", "k")}
    return [{"kind": "local response normalization", **settings}]


def _radial_basis(layer, shape):
    return [{"kind": "radial basis", "W": layer.codes}]


def _zero_channels(layer, shape):
    return [{"kind": "zero channels", "channels": layer.channels}]


def _plain(kind, **settings):
    return lambda layer, shape: [{"kind": kind, **settings}]


# The very classes: a subclass may compute something else.
WRITERS = {
    Convolution: _convolution,
    fast.Convolution: _convolution,
    lenet.SparseConvolution: _sparse_convolution,
    Pooling: _pooling("max pooling"),
    fast.Pooling: _pooling("max pooling"),
    AveragePooling: _pooling("average pooling"),
    fast.AveragePooling: _pooling("average pooling"),
    lenet.Subsampling: _subsampling,
    GlobalAveragePooling: _plain("global average pooling"),
    fast.GlobalAveragePooling: _plain("global average pooling"),
    GlobalMaxPooling: _plain("global max pooling"),
    fast.GlobalMaxPooling: _plain("global max pooling"),
    Affine: _affine,
    fast.Affine: _affine,
    BatchNormalization: _batch_normalization,
    fast.BatchNormalization: _batch_normalization,
    LocalResponseNormalization: _local_response_normalization,
    fast.LocalResponseNormalization: _local_response_normalization,
    lenet.RadialBasis: _radial_basis,
    blocks.ZeroChannels: _zero_channels,
    Relu: _plain("relu"),
    fast.Relu: _plain("relu"),
    Sigmoid: _plain("sigmoid"),
    Tanh: _plain("tanh", inside=1, outside=1),
    lenet.ScaledTanh: _plain("tanh", inside=2 / 3, outside=1.7159),
    Dropout: _plain("same"),  # it acts in training only
    Flatten: _plain("flatten"),
    fast.Flatten: _plain("flatten"),
}

# Branches side by side, and how they are joined.
BLOCKS = {blocks.Residual: "add", blocks.Add: "add", blocks.Concat: "concat"}
