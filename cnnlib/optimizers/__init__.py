"""Optimizers: how a network walks downhill.

``base`` is what all of them share, weight decay included; ``rules`` has the seven
ways to take a step, in order of increasing complexity; ``schedules`` changes the
learning rate while training goes on.
"""

from .base import Optimizer
from .rules import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    RMSProp,
    make_optimizer,
)
from .schedules import CosineDecay, StepDecay, WarmUp

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "CosineDecay",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "StepDecay",
    "WarmUp",
    "make_optimizer",
]
