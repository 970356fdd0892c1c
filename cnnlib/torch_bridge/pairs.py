"""Pairs: which layer here belongs to which module there."""

import numpy as np
import torch
from torch import nn

from .. import fast, layers
from ..networks.composite import leaves
from . import modules

__all__ = ["copy_weights", "pairs"]

# Here these are part of another layer, or only move numbers.
WITHOUT_PARTNER = (
    nn.Flatten,
    nn.Identity,
    nn.ZeroPad2d,
    nn.ConstantPad2d,
    modules.SamePad2d,
)

# What each kind of module calls the arrays that we call W and b, gamma and beta.
WEIGHTS, SCALES = {"W": "weight", "b": "bias"}, {"gamma": "weight", "beta": "bias"}
NAMES = {
    nn.Conv2d: WEIGHTS,
    nn.Linear: WEIGHTS,
    nn.BatchNorm1d: SCALES,
    nn.BatchNorm2d: SCALES,
}

PARTNERS = {
    "Affine": (nn.Linear,),
    "AveragePooling": (nn.AvgPool2d, modules.UncountedAvgPool2d),
    "BatchNormalization": (nn.BatchNorm1d, nn.BatchNorm2d),
    "Convolution": (nn.Conv2d,),
    "Dropout": (nn.Dropout,),
    "GlobalAveragePooling": (nn.AdaptiveAvgPool2d,),
    "GlobalMaxPooling": (nn.AdaptiveMaxPool2d,),
    "LocalResponseNormalization": (nn.LocalResponseNorm,),
    "Pooling": (nn.MaxPool2d,),
    "Relu": (nn.ReLU,),
    "Sigmoid": (nn.Sigmoid,),
    "Tanh": (nn.Tanh,),
    "ZeroChannels": (modules.ZeroChannels,),
}


def pairs(network, module) -> list:
    """Return [(layer, its module)...] in order, for a network and its twin.

    They need not come from ``to_torch``: what counts is that the same kinds of layers
    stand in the same order. Flattening and padding are passed over.

    Raises
    ------
    ValueError
        If the two do not go together; says where.
    """
    ours = [leaf for leaf in leaves(network) if not is_flatten(leaf)]
    theirs = list(_module_leaves(module))
    for place, (layer, partner) in enumerate(zip(ours, theirs, strict=False), 1):
        kind = type(layer).__name__
        if not isinstance(partner, PARTNERS.get(kind, ())):
            raise ValueError(
                f"the networks do not go together: layer {place} here is {kind}, there "
                f"{partner}. Both need the same kinds of layers in the same order "
                "(flattening and padding not counted)."
            )
    if len(ours) != len(theirs):
        raise ValueError(
            f"the networks do not go together: {len(ours)} layers here, {len(theirs)} "
            "there (flattening and padding not counted)."
        )
    return list(zip(ours, theirs, strict=True))


def arrays(layer, module) -> dict:
    """Return {name: (array here, tensor there, as an array is turned)} of a pair."""
    names = dict(NAMES.get(type(module), {}))
    names |= {name: name for name in getattr(layer, "statistics", ())}
    found = {}
    for ours, theirs in names.items():
        array, tensor = getattr(layer, ours, None), getattr(module, theirs, None)
        if (array is None) != (tensor is None):
            raise ValueError(
                f"the networks do not go together: {type(layer).__name__} has "
                f"{'no' if array is None else 'a'} {ours}, {module} has "
                f"{'no' if tensor is None else 'a'} {theirs}."
            )
        if array is not None:
            found[ours] = array, tensor.T if _turned(module, ours) else tensor
    return found


def copy_weights(source, target) -> None:
    """Copy all weights and running statistics from one network into its twin.

    One is a network of this course, the other one of PyTorch; either may be the
    source. Whatever does not fit is said before anything is copied.

    Parameters
    ----------
    source, target : Sequential and nn.Module, or the other way round

    Raises
    ------
    TypeError
        If not exactly one of the two is an nn.Module.
    ValueError
        If the layers or the shapes do not go together.

    Examples
    --------
    ``copy_weights(network, module)`` carries over there what was trained here.
    """
    away = isinstance(target, nn.Module)
    if away == isinstance(source, nn.Module):
        raise TypeError(
            f"source is {type(source).__name__}, target {type(target).__name__}; "
            "expected one network of cnnlib and one nn.Module."
        )
    network, module = (source, target) if away else (target, source)
    found = [
        (f"{type(layer).__name__}.{name}", *values)
        for layer, partner in pairs(network, module)
        for name, values in arrays(layer, partner).items()
    ]
    for name, array, tensor in found:
        if array.shape != tuple(tensor.shape):
            raise ValueError(
                f"{name} has shape {array.shape} here and {tuple(tensor.shape)} there "
                "(in our order of axes). The networks are of different size."
            )
    with torch.no_grad():
        for _, array, tensor in found:
            if away:
                tensor.copy_(torch.from_numpy(np.ascontiguousarray(array)))
            else:
                array[...] = tensor.cpu().numpy()


def _turned(module, name) -> bool:
    """Tell whether PyTorch keeps this array the other way round: (out, in)."""
    return isinstance(module, nn.Linear) and name == "W"


def is_flatten(layer) -> bool:
    """Tell whether a layer only moves numbers."""
    return isinstance(layer, layers.Flatten | fast.Flatten)


def gradients_of(layer, module) -> dict:
    """Return the gradients of a module's parameters under the names that we use."""
    found = {}
    for name, theirs in NAMES.get(type(module), {}).items():
        if getattr(module, theirs) is not None and name in layer.parameters:
            gradient = getattr(module, theirs).grad
            found[name] = gradient.T if _turned(module, name) else gradient
    return found


def _module_leaves(module):
    """Yield the modules that compute something, in order."""
    children = list(module.children())
    if isinstance(module, WITHOUT_PARTNER):
        return
    if not children or isinstance(module, modules.UncountedAvgPool2d):
        if not isinstance(module, nn.Sequential):  # an empty one is the identity
            yield module
        return
    for child in children:
        yield from _module_leaves(child)
