"""Networks: layers put together."""

from .sequential import Sequential
from .simple_convnet import SimpleConvNet

__all__ = ["Sequential", "SimpleConvNet"]
