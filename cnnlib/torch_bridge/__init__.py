"""The bridge to PyTorch: networks and weights over there and back again.

Everything in this course has a counterpart in PyTorch, the tool in which most people
work. ``to_torch`` and ``from_torch`` translate networks with their weights,
``copy_weights`` carries weights between two networks that exist, and ``compare``
shows, layer by layer, that both compute the same outputs and the same gradients.

This is the only part of the package that needs PyTorch: ``pip install torch``.
"""

try:
    import torch
except ImportError:
    raise ImportError(
        "cnnlib.torch_bridge needs PyTorch, which is not installed here. Install it "
        "with: pip install torch (on Linux that brings the libraries for GPUs along, "
        "some gigabytes; pytorch.org shows the command for a smaller version). The "
        "rest of the course does without it."
    ) from None

from .back import from_torch
from .comparison import Comparison, LayerDifference, compare
from .forth import to_torch
from .pairs import copy_weights
from .speed import training_speed

__all__ = [
    "Comparison",
    "LayerDifference",
    "compare",
    "copy_weights",
    "from_torch",
    "to_torch",
    "training_speed",
]
