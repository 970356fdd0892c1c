"""The data sets that need no network: small digits, and shapes drawn here."""

import functools

import numpy as np

from .form import arrange, enlarge
from .shapes import SHAPES, draw_shapes


def load_digits(normalize=True, flatten=False, one_hot_label=False):
    """Load scikit-learn's 1,797 real handwritten digits; needs no network.

    The 8 x 8 pictures are enlarged to 20 x 20 and get a border of 4 pixels, which is
    how MNIST places its digits. The split is fixed: every fifth image of each digit
    is for testing. The same people wrote both parts, so the test is a little easy.

    SimpleConvNet reaches about 94 to 97 % on the test images (20 epochs, Adam).

    Parameters
    ----------
    normalize, flatten, one_hot_label : bool
        As in `load_mnist`.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        1,442 and 355 images (N, 1, 28, 28) and their labels.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49, licence CC BY 4.0 (the test part,
    as scikit-learn ships it).
    """
    from sklearn import datasets  # here, not above: it takes a second to import

    bunch = datasets.load_digits()
    images = np.zeros((len(bunch.images), 1, 28, 28), np.uint8)
    enlarged = enlarge(bunch.images.astype(np.float32), 20)
    images[:, 0, 4:24, 4:24] = np.rint(enlarged * (255 / 16))  # ink comes as 0 to 16
    labels = bunch.target.astype(np.int64)

    test = np.zeros(len(labels), bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[4::5]] = True
    parts = (images[~test], labels[~test]), (images[test], labels[test])
    return arrange(parts, normalize, flatten, one_hot_label)


COLOURED_SHAPES_CLASSES = tuple(shape.__name__.replace("_", " ") for shape in SHAPES)
SHAPES_TRAIN, SHAPES_TEST = 5000, 1000


def load_coloured_shapes(normalize=True, flatten=False, one_hot_label=False):
    """Load 6,000 coloured shapes, 32 x 32 pixels, which the package draws itself.

    They stand in for CIFAR-10 where there is no network: the same size, three
    channels, ten classes, whose names stand in `COLOURED_SHAPES_CLASSES`. Place,
    size, angle, proportions, colours, background and noise differ from picture to
    picture and tell nothing about the class, so single pixels do not either: a linear
    classifier reaches 13 % of the test images (10 % is guessing), three 3x3
    convolutions of 16, 32 and 64 filters 82 % after ten epochs of Adam, and 93 % with
    batch normalization.

    Drawing takes half a second, once in a session. The pictures are the same on
    every machine.

    Parameters
    ----------
    normalize, flatten, one_hot_label : bool
        As in `load_cifar10`.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        5,000 and 1,000 images (N, 3, 32, 32) and their labels; each class has as
        many as the others, also among the first 10, 20, 30... images.
    """
    parts = [(x.copy(), t.copy()) for x, t in _coloured_shapes()]
    return arrange(parts, normalize, flatten, one_hot_label)


@functools.cache
def _coloured_shapes():
    """Draw all shapes, once in a session."""
    labels = [np.arange(n) % len(SHAPES) for n in (SHAPES_TRAIN, SHAPES_TEST)]
    seeds = (2012, 1998)  # AlexNet's year and LeNet's: any two different numbers do
    return [(draw_shapes(t, seed), t) for t, seed in zip(labels, seeds, strict=True)]
