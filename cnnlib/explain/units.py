"""What does one unit look for? Measured with test images and with the data."""

import numpy as np

from .. import checks
from .drawing import stripes

__all__ = ["class_share", "field_box", "orientation_tuning", "strongest_patches"]


def orientation_tuning(convolution, angles, size=28, period=8.0):
    """Measure how strongly each filter answers to stripes of each direction.

    Stripes pass under the filter as the window slides. A filter that sees them
    swings up and down; half of the swing is the answer. A constant brightness or a
    bias does not count.

    Parameters
    ----------
    convolution : Convolution
        One with a single input channel.
    angles : sequence of float
        Directions of the stripes in degrees: 0 is horizontal, 90 vertical.
    size, period : int, float
        Of the test images, in pixels: see ``stripes``.

    Returns
    -------
    array (FN, angles)
    """
    tests = np.concatenate([stripes(angle, size, period) for angle in angles])
    maps = convolution.forward(tests, train=False)  # (angles, FN, OH, OW)
    return (maps.max(axis=(2, 3)) - maps.min(axis=(2, 3))).T / 2


def field_box(place, windows):
    """Find the pixels that one place of a map can see, along one axis.

    Parameters
    ----------
    place : int
        Row or column in the map.
    windows : sequence of (window, stride, pad)
        The convolutions and poolings in order, from the image on.

    Returns
    -------
    first, length : int
        The first pixel and how many; some may lie in the padding, outside.

    Examples
    --------
    >>> field_box(0, [(5, 1, 0), (2, 2, 0)])
    (0, 6)
    >>> field_box(3, [(5, 1, 0), (2, 2, 0)])
    (6, 6)
    """
    first, last = place, place
    for window, stride, pad in reversed(windows):
        first = first * stride - pad
        last = last * stride - pad + window - 1
    return first, last - first + 1


def strongest_patches(x, maps, windows, count=9):
    """Cut out of the images what a unit liked best, one patch an image.

    Parameters
    ----------
    x : array (N, C, H, W)
    maps : array (N, OH, OW)
        What the unit said about each place of each image.
    windows : sequence of (window, stride, pad)
        From the image to the unit, as for ``field_box``.
    count : int

    Returns
    -------
    patches : array (count, C, size, size)
        Strongest first; black where a patch leaves the image.
    images : array (count,)
        Which images they are from.
    """
    x, maps = checks.images(x), checks.array(maps, "maps")
    best = maps.reshape(len(maps), -1)
    images = np.argsort(-best.max(axis=1), kind="stable")[:count]
    size = field_box(0, windows)[1]
    padded = np.pad(x, ((0, 0), (0, 0), (size, size), (size, size)))
    patches = []
    for i in images:
        places = np.unravel_index(best[i].argmax(), maps.shape[1:])
        y, z = (field_box(place, windows)[0] + size for place in places)
        patches.append(padded[i, :, y : y + size, z : z + size])
    return np.stack(patches), images


def class_share(answers, t) -> np.ndarray:
    """Tell how much of each unit's variation the class of the image explains.

    0: the unit says the same about every class, on average. 1: it says one thing
    for each class, whatever the image. (Statistics calls this eta squared.)

    Parameters
    ----------
    answers : array (N, units)
        What each unit said about each image.
    t : array (N,)
        The classes of the images.

    Returns
    -------
    array (units,)
        In [0, 1]; nan for a unit that always says the same.
    """
    answers, t = checks.array(answers, "answers").astype(float), np.asarray(t)
    apart = answers - answers.mean(axis=0)  # (N, units)
    between = np.zeros(answers.shape[1])
    for label in np.unique(t):
        between += np.sum(t == label) * apart[t == label].mean(axis=0) ** 2
    total = (apart**2).sum(axis=0)
    return np.divide(between, total, np.full_like(total, np.nan), where=total > 0)
