"""A training step of the improved CIFAR-10 network: batch normalization, 3x3 windows.

The book's chapter 7 has no such network, so it does not take part. Dropout is left
out: everybody draws other random numbers, and nobody could be compared.
"""

from dataclasses import replace

import numpy as np

from cnnlib.architectures import CIFAR_IMPROVED, build

from .case import Case, Setup
from .networks import CHECK_RATE, STILL_RATE, stepper, trainer
from .timing import local


def description(setup):
    """Return the network without dropout; a small one for the tests."""
    rows = [row for row in CIFAR_IMPROVED.rows if row.kind != "dropout"]
    if setup.tiny:
        smaller = {"convolution": {"filters": 32}, "affine": {"units": 10}}
        rows = [replace(row, **smaller.get(row.kind, {})) for row in rows]
    return replace(CIFAR_IMPROVED, rows=rows)


def layers_as_arrays(network):
    """Return kind and arrays of each layer, for a process without cnnlib."""
    return [
        (type(layer).__name__, [getattr(layer, name) for name in layer.parameters])
        for layer in network.layers.values()
    ]


def train_step(setup: Setup):
    """Forward, backward and Adam on a batch of 100."""
    rng = np.random.default_rng(7)
    N = 20 if setup.tiny else 100
    x = rng.random((N, 3, 32, 32), dtype=np.float32)
    t = rng.integers(0, 10, N)

    def ready(name, lr):
        network = build(description(setup), name, rng=7)
        optimizer = trainer(network, (x, t), (x, t), lr).optimizer
        return stepper(network, optimizer, x, t)

    def enter(name):
        def three_losses():
            step = ready(name, CHECK_RATE)
            return [[step() for _ in range(3)]]

        return local(name, ready(name, STILL_RATE), three_losses)

    names = [name for name in setup.numpy_names() if name != "book"]
    return [enter(name) for name in names] + setup.torch_contenders(
        "deep_step",
        x=x,
        t=t,
        layers=layers_as_arrays(build(description(setup), rng=7)),
        rates=(STILL_RATE, CHECK_RATE),
    )


CASES = [
    Case(
        "cifar-step",
        "improved CIFAR-10 network, train step, batch 100",
        train_step,
        torch=0.7,
    )
]
