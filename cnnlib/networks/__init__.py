"""Networks: layers put together, in a row or side by side."""

from .blocks import Add, Concat, Residual, ZeroChannels
from .initial import initial_weights
from .sequential import Sequential
from .simple_convnet import SimpleConvNet

__all__ = [
    "Add",
    "Concat",
    "Residual",
    "Sequential",
    "SimpleConvNet",
    "ZeroChannels",
    "initial_weights",
]
