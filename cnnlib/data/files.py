"""The data sets that lie in files: MNIST, Fashion-MNIST, CIFAR-10."""

import warnings

import numpy as np

from ..fetch import CIFAR10, FASHION_MNIST, MNIST, data_folder, fetch
from ..formats import (
    CIFAR10_BATCH,
    CIFAR10_TEST,
    CIFAR10_TRAIN,
    read_cifar10_archive,
    read_cifar10_folder,
    read_idx,
)
from .form import arrange

# fmt: off
FASHION_MNIST_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)
# fmt: on

CIFAR10_COUNTS = (len(CIFAR10_TRAIN) * CIFAR10_BATCH, CIFAR10_BATCH)  # train, test


def load_mnist(normalize=True, flatten=False, one_hot_label=False):
    """Load MNIST: 70,000 handwritten digits, 28 x 28 pixels, white on black.

    The files come from the folder ``CNNLIB_DATA``, else from the cache, else from
    the network (11 MB, once); each is checked against its SHA-256.

    Parameters
    ----------
    normalize : bool
        True: float32 in [0, 1]. False: uint8, 0 to 255.
    flatten : bool
        True: one row an image, (N, 784). False: (N, 1, 28, 28).
    one_hot_label : bool
        True: labels as float32 rows (N, 10) with a single 1. False: int64 (N,).

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        60,000 images and labels to learn from, 10,000 to test on.

    Raises
    ------
    FileNotFoundError
        If the files are neither here nor to be had; says what was tried and how to
        place them by hand.
    ValueError
        If a file is damaged.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten
    digits", licence CC BY-SA 3.0. Saito, section 3.6.1.
    """
    return arrange(read_mnist_like(MNIST), normalize, flatten, one_hot_label)


def load_fashion_mnist(normalize=True, flatten=False, one_hot_label=False):
    """Load Fashion-MNIST: 70,000 pieces of clothing in the format of MNIST.

    A drop-in for MNIST that is harder. The names of the classes stand in
    `FASHION_MNIST_CLASSES`. The files come from the folder ``CNNLIB_DATA``, else
    from the cache, else from the network (31 MB, once); each is checked against its
    MD5, the hash that its authors publish.

    Parameters
    ----------
    normalize, flatten, one_hot_label : bool
        As in `load_mnist`.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        60,000 and 10,000 images (N, 1, 28, 28) and their labels.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_mnist`.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for
    benchmarking machine learning algorithms", arXiv:1708.07747; (c) Zalando SE,
    MIT licence.
    """
    return arrange(read_mnist_like(FASHION_MNIST), normalize, flatten, one_hot_label)


def load_cifar10(normalize=True, flatten=False, one_hot_label=False, folder=None):
    """Load CIFAR-10: 60,000 colour photographs of ten kinds of things.

    The names of the classes stand in `CIFAR10_CLASSES`. The official archive comes
    from the folder ``CNNLIB_DATA``, else from the cache, else from the network
    (170 MB, once), and is checked against its SHA-256. It is read without pickle and
    without unpacking it to the disk.

    ``CNNLIB_DATA/cifar10`` may also hold the unpacked ``*.bin`` files, directly or in
    ``cifar-10-batches-bin``. For these no hash is published, and some may be missing:
    then those that are there are loaded, with a warning that says how many.

    As float32 the images take 740 MB; ``normalize=False`` takes a quarter of that.

    Parameters
    ----------
    normalize, one_hot_label : bool
        As in `load_mnist`.
    flatten : bool
        True: (N, 3072). False: (N, 3, 32, 32); the channels are red, green, blue.
    folder : path, optional
        Read the ``*.bin`` files of this folder and look nowhere else.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        50,000 and 10,000 images and their labels.

    Raises
    ------
    FileNotFoundError
        As in `load_mnist`; or if `folder` lacks ``test_batch.bin`` or has not one
        ``data_batch_k.bin``.
    ValueError
        If a file is damaged.

    Warns
    -----
    UserWarning
        If the files hold fewer images than CIFAR-10 has.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images",
    technical report, University of Toronto, 2009. No licence is stated.
    """
    parts = read_cifar10(folder)
    if part_of_cifar10(parts):
        warnings.warn(
            f"these files hold {part_of_cifar10(parts)}. Accuracies do not compare "
            "with published ones.",
            stacklevel=2,
        )
    return arrange(parts, normalize, flatten, one_hot_label)


def read_mnist_like(dataset, again=True):
    """Read four idx files; return two pairs: images (N, 1, 28, 28), labels (N,)."""
    paths = fetch(dataset, again)
    parts = []
    for image_path, label_path in (paths[:2], paths[2:]):
        images, labels = read_idx(image_path, 3), read_idx(label_path, 1)
        if images.shape != (len(labels), 28, 28):
            raise ValueError(
                f"{image_path} holds {images.shape}, expected ({len(labels)}, 28, 28) "
                f"to go with the {len(labels)} labels of {label_path}."
            )
        if labels.size and labels.max() > 9:
            raise ValueError(
                f"{label_path} has the label {labels.max()} at place "
                f"{labels.argmax()}; expected 0 to 9."
            )
        parts.append((images[:, None], labels.astype(np.int64)))
    return parts


def _cifar10_folder():
    """Return the folder of unpacked CIFAR-10 files in CNNLIB_DATA, None if none."""
    root = data_folder(CIFAR10)
    # The archive goes first: it can be checked, the unpacked files cannot.
    if root is None or any((root / name).is_file() for name in CIFAR10.files):
        return None
    for folder in (root, root / "cifar-10-batches-bin"):
        if any(folder.glob("*_batch*.bin")):
            return folder
    return None


def read_cifar10(folder=None, download=True):
    """Read the unpacked files, or the archive if there are none; return two pairs."""
    folder = _cifar10_folder() if folder is None else folder
    if folder is None:
        batches = read_cifar10_archive(*fetch(CIFAR10, download=download))
    else:
        batches = read_cifar10_folder(folder)
    test = batches.pop(CIFAR10_TEST)
    train = [np.concatenate(parts) for parts in zip(*batches.values(), strict=True)]
    return train, test


def part_of_cifar10(parts) -> str:
    """Say how much of CIFAR-10 this is; "" if it is all."""
    counts = tuple(len(t) for _, t in parts)
    if counts == CIFAR10_COUNTS:
        return ""
    return (
        f"a part of CIFAR-10: {counts[0]:,} of {CIFAR10_COUNTS[0]:,} training and "
        f"{counts[1]:,} of {CIFAR10_COUNTS[1]:,} test images"
    )
