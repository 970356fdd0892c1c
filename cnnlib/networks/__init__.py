"""Networks: layers put together."""

from .initial import initial_weights
from .sequential import Sequential
from .simple_convnet import SimpleConvNet

__all__ = ["Sequential", "SimpleConvNet", "initial_weights"]
