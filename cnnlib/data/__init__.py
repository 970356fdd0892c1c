"""Load the images that the course trains on.

Each loader returns ``(x_train, t_train), (x_test, t_test)`` as in the book, takes
the same three options, and gives new arrays at each call: change them as you like.

Pixels are float32 in [0, 1]; with ``normalize=False`` the bytes 0 to 255 as they
stand in the file (uint8). Labels are int64 and not the file's uint8, because
arithmetic on uint8 wraps around without a word (``labels - 5`` would be 251 and up).

Notation: N images, C channels, H x W pixels.
"""

from .either import load_colour_images, load_handwritten_digits
from .files import (
    CIFAR10_CLASSES,
    FASHION_MNIST_CLASSES,
    load_cifar10,
    load_fashion_mnist,
    load_mnist,
)
from .offline import COLOURED_SHAPES_CLASSES, load_coloured_shapes, load_digits

__all__ = [
    "CIFAR10_CLASSES",
    "COLOURED_SHAPES_CLASSES",
    "FASHION_MNIST_CLASSES",
    "load_cifar10",
    "load_colour_images",
    "load_coloured_shapes",
    "load_digits",
    "load_fashion_mnist",
    "load_handwritten_digits",
    "load_mnist",
]
