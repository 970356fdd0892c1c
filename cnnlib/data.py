"""Load the images that the course trains on.

Each loader returns ``(x_train, t_train), (x_test, t_test)`` as in the book, takes
the same three options, and gives new arrays at each call: change them as you like.

Pixels are float32 in [0, 1]; with ``normalize=False`` the bytes 0 to 255 as they
stand in the file (uint8). Labels are int64 and not the file's uint8, because
arithmetic on uint8 wraps around without a word (``labels - 5`` would be 251 and up).

Notation: N images, C channels, H x W pixels.
"""

import warnings

import numpy as np

from cnnlib.fetch import (
    CIFAR10,
    FASHION_MNIST,
    MNIST,
    DataNotFoundError,
    data_folder,
    fetch,
)
from cnnlib.formats import (
    CIFAR10_BATCH,
    CIFAR10_TEST,
    CIFAR10_TRAIN,
    read_cifar10_archive,
    read_cifar10_folder,
    read_idx,
)

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
    return _arrange(_read_mnist_like(MNIST), normalize, flatten, one_hot_label)


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
    return _arrange(_read_mnist_like(FASHION_MNIST), normalize, flatten, one_hot_label)


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
    parts = _read_cifar10(_cifar10_folder() if folder is None else folder)
    counts = tuple(len(t) for _, t in parts)
    if counts != CIFAR10_COUNTS:
        warnings.warn(
            f"these files hold a part of CIFAR-10: {counts[0]:,} of "
            f"{CIFAR10_COUNTS[0]:,} training and {counts[1]:,} of "
            f"{CIFAR10_COUNTS[1]:,} test images. Accuracies do not compare with "
            "published ones.",
            stacklevel=2,
        )
    return _arrange(parts, normalize, flatten, one_hot_label)


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
    enlarged = _enlarge(bunch.images.astype(np.float32), 20)
    images[:, 0, 4:24, 4:24] = np.rint(enlarged * (255 / 16))  # ink comes as 0 to 16
    labels = bunch.target.astype(np.int64)

    test = np.zeros(len(labels), bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[4::5]] = True
    parts = (images[~test], labels[~test]), (images[test], labels[test])
    return _arrange(parts, normalize, flatten, one_hot_label)


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
        parts = _arrange(_read_mnist_like(MNIST, again=False), *options)
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


def _read_mnist_like(dataset, again=True):
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


def _read_cifar10(folder):
    """Read the unpacked files, or the archive if folder is None; return two pairs."""
    if folder is None:
        batches = read_cifar10_archive(*fetch(CIFAR10))
    else:
        batches = read_cifar10_folder(folder)
    test = batches.pop(CIFAR10_TEST)
    train = [np.concatenate(parts) for parts in zip(*batches.values(), strict=True)]
    return train, test


def _enlarge(images, size):
    """Enlarge (N, H, W) pictures to (N, size, size) by bilinear interpolation.

    A new pixel is a mean of its neighbours, the nearer the heavier. Along one axis
    that is a matrix (size, H), so both axes are two matrix products.
    """

    def weights(old):
        # Pixels are squares: the centre of number k lies at k + 0.5.
        at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        lower = np.minimum(at.astype(int), old - 2)
        matrix = np.zeros((size, old), images.dtype)
        matrix[np.arange(size), lower] = 1 - (at - lower)
        matrix[np.arange(size), lower + 1] = at - lower
        return matrix

    _, H, W = images.shape
    return weights(H) @ images @ weights(W).T  # (N, size, size)


def _arrange(parts, normalize, flatten, one_hot_label):
    """Bring (images uint8, labels int64) pairs into the form that was asked for."""
    arranged = []
    for x, t in parts:
        if normalize:
            # A float32 divisor keeps it float32 all the way: no array twice as large.
            x = np.divide(x, np.float32(255))
        if flatten:
            x = x.reshape(len(x), -1)  # (N, C*H*W)
        if one_hot_label:
            t = np.eye(10, dtype=np.float32)[t]  # (N, 10)
        arranged.append((x, t))
    return tuple(arranged)
