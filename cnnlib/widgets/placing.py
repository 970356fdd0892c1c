"""Place a drawing in 28 x 28 pixels as the digits of MNIST were placed."""

import numpy as np

from ..checks import array

SIZE, BOX = 28, 20  # pixels: an image of MNIST, and the box that its ink fits into


def place_digit(ink):
    """Scale a drawing into a 20 x 20 box, its centre of mass in the middle of 28 x 28.

    A network that learned from MNIST has only seen digits of this size at this
    place. Each new pixel is the mean of what it covers of the drawing, so edges are
    grey; the whole is moved by whole pixels, and never over the border. The digit pad
    does the same in the browser.

    Parameters
    ----------
    ink : array (H, W)
        0 is paper, 1 is ink.

    Returns
    -------
    array (28, 28)
        All 0 if there is no ink.

    Raises
    ------
    ValueError
        If it is not one grey image, or has negative or infinite numbers.

    References
    ----------
    LeCun et al. (1998), section III.A.

    Examples
    --------
    >>> import numpy as np
    >>> stroke = np.zeros((100, 100))
    >>> stroke[10:90, 5:13] = 1  # a 1, far to the left
    >>> rows, columns = np.nonzero(place_digit(stroke))
    >>> rows.min(), rows.max(), columns.min(), columns.max()
    (np.int64(4), np.int64(23), np.int64(13), np.int64(14))
    """
    ink = np.asarray(array(ink, "ink"), dtype=np.float64)
    if ink.ndim != 2:
        raise ValueError(f"ink has shape {ink.shape}; expected one image (H, W).")
    if not np.isfinite(ink).all() or ink.min() < 0:
        raise ValueError(
            f"ink runs from {ink.min()} to {ink.max()}; expected 0 for paper to 1 for "
            "ink. Is the image black on white? Then use 1 - ink."
        )
    if not ink.any():
        return np.zeros((SIZE, SIZE))
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    down, across = (
        _cover(len(mass), scale, _start(mass, scale))
        for mass in (ink.sum(axis=1), ink.sum(axis=0))
    )
    image = down @ ink @ across.T  # (28, H) (H, W) (W, 28)
    return np.minimum(image, ink.max())  # rounding would make some ink 1 + 2e-16


def _start(mass, scale):
    """Return the first pixel of the scaled ink, so that its mass lies in the middle."""
    length = len(mass) * scale
    middle = scale * mass @ (np.arange(len(mass)) + 0.5) / mass.sum()
    # Into pixel 14, from 0, which begins at the very middle: so it is in MNIST (the
    # tests look), and half a pixel off costs a network 1 % of its accuracy.
    start = np.floor(SIZE / 2 + 1 - 1e-9 - middle)
    return np.clip(start, 0, np.floor(SIZE - length + 1e-9))


def _cover(length, scale, start):
    """Tell how much of each new pixel each old one covers: a matrix (28, length)."""
    old = start + scale * np.arange(length)  # where the old pixels begin
    new = np.arange(SIZE)[:, np.newaxis]
    return np.clip(np.minimum(old + scale, new + 1) - np.maximum(old, new), 0, None)
