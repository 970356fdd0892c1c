"""Single layers: convolution and max pooling, forward and backward.

Inside a network the neighbours of a layer have left their numbers in the order that
they like. So the fast engine runs twice: on ordinary memory, which it must first
convert, and ("batch-last") on what its own layers hand on. Only the images of the
first convolution are ordinary in both, since they come from outside. PyTorch
likewise gets its inputs in the order of each variant.
"""

from dataclasses import dataclass

import numpy as np

import cnnlib
from cnnlib import fast

from . import book
from .case import Case, Setup, batch_last, images
from .timing import local


@dataclass(frozen=True)
class Work:
    """One layer on one batch: shapes of images and filters, padding, targets.

    ``inside`` says that the layer is not the first of a network. The targets are
    pairs: faster than the book, faster than PyTorch.
    """

    x_shape: tuple
    W_shape: tuple | None  # None: max pooling 2x2
    pad: int
    inside: bool
    forward: tuple
    backward: tuple

    def sized(self, tiny):
        """Return the shapes to use: small ones of the same kind for the tests."""
        if not tiny:
            return self.x_shape, self.W_shape
        C = min(self.x_shape[1], 3)
        W_shape = self.W_shape and (4, C, *self.W_shape[2:])
        return (2, C, 8, 8), W_shape


CONVOLUTIONS = {
    "100x1x28x28 -> 30x5x5": Work(
        (100, 1, 28, 28), (30, 1, 5, 5), 0, False, (10, 0.8), (3.5, 1.5)
    ),
    "64x16x32x32 -> 32x3x3": Work(
        (64, 16, 32, 32), (32, 16, 3, 3), 1, True, (12, 0.6), (5, 0.5)
    ),
    "32x64x16x16 -> 128x3x3": Work(
        (32, 64, 16, 16), (128, 64, 3, 3), 1, True, (7, 0.8), (5, 0.7)
    ),
}
POOLING = Work((100, 30, 24, 24), None, 0, True, (28, None), (10, None))


def make_layer(room, W, pad):
    """Return a convolution of a room, or a pooling if there are no filters."""
    if W is None:
        return room.Pooling(2, 2, stride=2)
    return room.Convolution(W, np.zeros(len(W), W.dtype), 1, pad)


def passes(layer, x, order, direction):
    """Return the call to time: the layer's forward, or its backward after one."""
    if direction == "forward":
        return lambda: [layer.forward(x)]
    out = layer.forward(x)
    dout = order(images(*out.shape, seed=9).astype(out.dtype))

    def backward():
        dx = layer.backward(dout)
        return [dx, layer.dW, layer.db] if hasattr(layer, "dW") else [dx]

    return backward


def layer_case(work, direction):
    """Return the ``build`` of one direction through one layer."""

    def build(setup: Setup):
        x_shape, W_shape = work.sized(setup.tiny)
        x = images(*x_shape)
        W = None if W_shape is None else images(*W_shape, seed=8)

        def enter(name, room, dtype=np.float32, order=np.asarray, variant=""):
            filters = W if W is None else W.astype(dtype)
            layer = make_layer(room, filters, work.pad)
            x_order = order if work.inside else np.asarray
            call = passes(layer, x_order(x.astype(dtype)), order, direction)
            return local(name, call, variant=variant)

        rooms = {"book": (book, np.float64), "textbook": (cnnlib,), "fast": (fast,)}
        contenders = [enter(name, *rooms[name]) for name in setup.numpy_names()]
        if "fast" in setup.names and (work.inside or direction == "backward"):
            own = {"order": batch_last, "variant": "batch-last"}
            contenders.append(enter("fast", fast, **own))
        return contenders + setup.torch_contenders(
            "layer", x=x, W=W, pad=work.pad, direction=direction
        )

    return build


def _cases():
    titles = {"forward": "forward", "backward": "backward with dx"}
    for direction, title in titles.items():
        for number, (shapes, work) in enumerate(CONVOLUTIONS.items(), start=1):
            yield Case(
                f"conv{number}-{direction}",
                f"conv {title} {shapes}",
                layer_case(work, direction),
                *getattr(work, direction),
            )
    for direction in titles:
        yield Case(
            f"pool-{direction}",
            f"max pool 2x2 {direction} 100x30x24x24",
            layer_case(POOLING, direction),
            *getattr(POOLING, direction),
        )


CASES = list(_cases())
