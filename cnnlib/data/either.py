"""The best data set that can be had; which one it is stands in a printed line."""

from ..fetch import DataNotFoundError
from . import files
from .files import CIFAR10_CLASSES
from .form import arrange
from .offline import COLOURED_SHAPES_CLASSES, load_coloured_shapes, load_digits


def load_handwritten_digits(normalize=True, flatten=False, one_hot_label=False):
    """Load MNIST if it is here or can be had, else `load_digits`, and say which.

    Prints one line: which digits, how many, what accuracy to expect, and, if MNIST
    is missing, why and how to get it. When a download has failed, later calls in the
    same session do not try the network again; `load_mnist` always does, and once it
    succeeded this function finds MNIST too.

    Parameters
    ----------
    normalize, flatten, one_hot_label : bool
        As in `load_mnist`.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        Images (N, 1, 28, 28) and their labels.

    Raises
    ------
    ValueError
        If a file in ``CNNLIB_DATA`` is damaged: that wants mending, not a fallback.
    """
    options = normalize, flatten, one_hot_label
    try:
        parts = arrange(files.read_mnist_like(files.MNIST, again=False), *options)
        which, accuracy, hint = "MNIST", "98 to 99", ""
    except DataNotFoundError as error:
        parts = load_digits(*options)
        which, accuracy = "scikit-learn's small digits, NOT MNIST", "94 to 97"
        hint = (
            f" Why not MNIST: {error.reason}. To get it: run cnnlib.load_mnist() "
            "with a network; its error says how to place the files by hand."
        )
    (x_train, _), (x_test, _) = parts
    print(
        f"{which}: {len(x_train):,} images for training, {len(x_test):,} for testing. "
        f"Expect about {accuracy} % test accuracy.{hint}"
    )
    return parts


def load_colour_images(normalize=True, flatten=False, one_hot_label=False):
    """Load CIFAR-10 if it is on this computer, else `load_coloured_shapes`; say which.

    Prints one line: which images, how many, and, if CIFAR-10 is missing, why and how
    to get it. It never downloads: 170 MB are for you to ask for, with `load_cifar10`.

    Parameters
    ----------
    normalize, flatten, one_hot_label : bool
        As in `load_cifar10`.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        Images (N, 3, 32, 32) and their labels.
    classes : tuple of str
        The names of the ten classes.

    Raises
    ------
    ValueError
        If a file in ``CNNLIB_DATA`` is damaged: that wants mending, not a fallback.
    """
    options = normalize, flatten, one_hot_label
    try:
        parts = files.read_cifar10(download=False)
        which = files.part_of_cifar10(parts).partition(":")[0] or "CIFAR-10"
        train, test = arrange(parts, *options)
        classes, hint = CIFAR10_CLASSES, ""
    except DataNotFoundError as error:
        train, test = load_coloured_shapes(*options)
        which, classes = "coloured shapes, NOT CIFAR-10", COLOURED_SHAPES_CLASSES
        hint = (
            f" Why not CIFAR-10: {error.reason}. To get it (170 MB): run "
            "cnnlib.load_cifar10() with a network; its error says how to place the "
            "file by hand."
        )
    print(
        f"{which[0].upper()}{which[1:]}: {len(train[0]):,} images for training, "
        f"{len(test[0]):,} for testing.{hint}"
    )
    return train, test, classes
