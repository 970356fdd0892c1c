"""Over there: a network of this course as PyTorch modules, with its weights."""

import collections
import math

import torch
from torch import nn

from .. import conv, elementwise, fast, layers
from ..geometry import check_pad, pair, span
from ..networks import Add, Concat, Residual, Sequential, ZeroChannels
from ..networks.blocks import Path
from . import modules

__all__ = ["to_torch"]

ROOMS = (conv, elementwise, fast, layers)


def to_torch(network, input_dim=None):
    """Return a network as an ``nn.Sequential`` with the same weights.

    It returns scores, which ``nn.CrossEntropyLoss`` takes as they are: this loss
    contains the softmax, as ``SoftmaxWithLoss`` does. Names stay. ``Affine`` becomes
    ``nn.Flatten`` and ``nn.Linear``, unless its input is flat already.

    Parameters
    ----------
    network : Sequential or layer
        It is not changed; the weights are copies.
    input_dim : (C, H, W) or (D,), optional
        Shape of one sample, if the network does not know it. It is needed only where
        batch normalization or a linear layer comes first.

    Returns
    -------
    nn.Sequential
        In training mode, as every new module; call ``.eval()`` to test.

    Raises
    ------
    ValueError
        If a layer has no counterpart in PyTorch; the message names it.

    References
    ----------
    notebooks/10_from_numpy_to_pytorch.ipynb.
    """
    if input_dim is None:
        input_dim = getattr(network, "input_dim", None)
    flat = input_dim is not None and len(input_dim) == 1
    members = _members(network)
    if members is None:
        members = {type(network).__name__: network}
    return _row(members, flat)[0]


def _row(members, flat):
    """Return layers as an nn.Sequential, and whether what they return is flat."""
    found = {}
    for name, layer in members.items():
        parts, flat = _translate(name, layer, flat)
        for suffix, module in parts.items():
            key = f"{name}_{suffix}" if suffix else name
            found[_key(key, found)] = module
    return nn.Sequential(collections.OrderedDict(found)), flat


def _key(name, taken):
    """Return a name that PyTorch takes: no dots, and no attribute of a module."""
    name = name.replace(".", "_")
    while name in taken or hasattr(nn.Sequential, name):
        name += "_"
    return name


def _members(layer):
    """Return the layers in a row, or None if it is none."""
    rows = (Sequential, Path)
    for kind in rows:
        if isinstance(layer, kind) and type(layer).forward is kind.forward:
            return layer.layers
    return None


def _translate(name, layer, flat):
    """Return the modules for a layer by suffix ("" for the main one), and flatness."""
    members = _members(layer)
    if members is not None:
        row, flat = _row(members, flat)
        return {"": row}, flat
    if type(layer) in (Add, Concat, Residual):
        ways, ends = {}, []
        for key, branch in layer.branches.items():
            ways[_key(key, ways)], end = _branch(key, branch, flat)
            ends.append(end)
        kind = modules.Concat if type(layer) is Concat else modules.Sum
        return {"": kind(ways)}, ends[0]
    if type(layer) is ZeroChannels:
        return {"": modules.ZeroChannels(layer.channels)}, flat
    kind = type(layer).__name__
    own = any(getattr(room, kind, None) is type(layer) for room in ROOMS)
    if not own or kind not in COUNTERPARTS:
        raise ValueError(
            f"layer {name!r} ({kind}) has no counterpart in PyTorch that cnnlib knows "
            f"of; it knows {', '.join(sorted(COUNTERPARTS))}, blocks of these, and "
            "Sequential. Write that layer as an nn.Module of your own, translate the "
            "others, and put them together."
        )
    return COUNTERPARTS[kind](layer, flat)


def _branch(name, layer, flat):
    """Return a branch of a block as an nn.Sequential, and whether it ends flat."""
    members = _members(layer)
    return _row({name: layer} if members is None else members, flat)


def _tensor(array):
    return None if array is None else nn.Parameter(torch.tensor(array))


def _convolution(layer, flat):
    FN, C, FH, FW = layer.W.shape
    stride, dilation = pair(layer.stride, "stride"), pair(layer.dilation, "dilation")
    pads, padding = _padding(layer.pad, (FH, FW), stride, dilation)
    conv2d = nn.Conv2d(
        C * layer.groups,
        FN,
        (FH, FW),
        stride,
        padding,
        dilation,
        layer.groups,
        bias=layer.b is not None,
    )
    conv2d.weight, conv2d.bias = _tensor(layer.W), _tensor(layer.b)
    return pads | {"": conv2d}, False


def _pooling(layer, flat):
    window, stride = (layer.pool_h, layer.pool_w), pair(layer.stride, "stride")
    pads, padding = _padding(layer.pad, window, stride, most=2, value=-math.inf)
    return pads | {"": nn.MaxPool2d(window, stride, padding)}, False


def _average_pooling(layer, flat):
    window, stride = (layer.pool_h, layer.pool_w), pair(layer.stride, "stride")
    pads, padding = _padding(layer.pad, window, stride, most=2)
    if pads:
        return {"": modules.UncountedAvgPool2d(pads["pad"], window, stride)}, False
    pool = nn.AvgPool2d(window, stride, padding, count_include_pad=False)
    return {"": pool}, False


def _padding(pad, window, stride, dilation=(1, 1), most=None, value=0.0):
    """Return a module that pads, if PyTorch's layer can not, and its own padding.

    A convolution pads both sides alike; a pooling, besides, at most ``window / most``.
    """
    amounts = []
    for mode, length, step, wide in zip(
        check_pad(pad), window, stride, dilation, strict=True
    ):
        missing = span(length, wide) - 1
        if mode == "same" and step > 1:
            before = modules.SamePad2d(check_pad(pad), window, stride, dilation, value)
            return {"pad": before}, 0
        modes = {
            "valid": (0, 0),
            "full": (missing, missing),
            "same": (missing // 2, missing - missing // 2),
        }
        amounts.append(modes[mode] if isinstance(mode, str) else mode)
    (top, bottom), (left, right) = amounts
    small = most is None or all(
        most * before <= length
        for (before, _), length in zip(amounts, window, strict=True)
    )
    if top == bottom and left == right and small:
        return {}, (top, left)
    sides = (left, right, top, bottom)
    return {"pad": nn.ConstantPad2d(sides, value) if value else nn.ZeroPad2d(sides)}, 0


def _affine(layer, flat):
    linear = nn.Linear(*layer.W.shape, bias=layer.b is not None)
    linear.weight, linear.bias = _tensor(layer.W.T.copy()), _tensor(layer.b)
    before = {} if flat else {"flatten": nn.Flatten()}
    return before | {"": linear}, True


def _batch_normalization(layer, flat):
    kind = nn.BatchNorm1d if flat else nn.BatchNorm2d
    # PyTorch's momentum is the part of the new, ours the part of the old
    norm = kind(len(layer.gamma), layer.eps, momentum=round(1 - layer.momentum, 12))
    norm.weight, norm.bias = _tensor(layer.gamma), _tensor(layer.beta)
    norm.running_mean = torch.tensor(layer.running_mean)
    norm.running_var = torch.tensor(layer.running_var)
    return {"": norm}, flat


def _response_normalization(layer, flat):
    norm = nn.LocalResponseNorm(layer.size, layer.alpha, layer.beta, layer.k)
    return {"": norm}, flat


def _global(kind):
    return lambda layer, flat: ({"": kind(1), "flatten": nn.Flatten()}, True)


def _same_shape(make):
    return lambda layer, flat: ({"": make(layer)}, flat)


COUNTERPARTS = {
    "Affine": _affine,
    "AveragePooling": _average_pooling,
    "BatchNormalization": _batch_normalization,
    "Convolution": _convolution,
    "Dropout": _same_shape(lambda layer: nn.Dropout(layer.ratio)),
    "Flatten": lambda layer, flat: ({"": nn.Flatten()}, True),
    "GlobalAveragePooling": _global(nn.AdaptiveAvgPool2d),
    "GlobalMaxPooling": _global(nn.AdaptiveMaxPool2d),
    "LocalResponseNormalization": _response_normalization,
    "Pooling": _pooling,
    "Relu": _same_shape(lambda layer: nn.ReLU()),
    "Sigmoid": _same_shape(lambda layer: nn.Sigmoid()),
    "Tanh": _same_shape(lambda layer: nn.Tanh()),
}
