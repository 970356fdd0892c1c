"""Images made by code: digits from strokes, and stripes that test a filter."""

import itertools

import numpy as np

from .. import checks
from ..geometry import whole

__all__ = ["draw_strokes", "stripes"]


def draw_strokes(strokes, size=28, width=2.5):
    """Draw lines as a white pen would, on black.

    So anybody can make a digit of their own, and change it a little.

    Parameters
    ----------
    strokes : sequence of sequences of (row, column)
        Each stroke is a line from point to point, in pixels; (0, 0) is the middle of
        the top left pixel.
    size : int
        Height and width of the image, in pixels.
    width : float
        Of the pen, in pixels.

    Returns
    -------
    array (1, 1, size, size)
        A batch of one grey image, float32 in [0, 1].

    Examples
    --------
    >>> draw_strokes([[(4, 8), (4, 20), (23, 12)]]).shape
    (1, 1, 28, 28)
    """
    size = whole(size, "size", least=1)
    pixels = np.stack(np.indices((size, size)), axis=-1).astype(float)  # (H, W, 2)
    nearest = np.full((size, size), np.inf)
    for stroke in strokes:
        points = checks.array(stroke, "a stroke").astype(float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
            raise ValueError(
                f"a stroke has shape {points.shape}; expected two or more points "
                "(row, column), for example [(4, 14), (23, 14)]."
            )
        for start, end in itertools.pairwise(points):
            nearest = np.minimum(nearest, _distance(pixels, start, end))
    image = np.clip(width / 2 + 0.5 - nearest, 0, 1)  # a soft rim of one pixel
    return image.astype(np.float32)[np.newaxis, np.newaxis]


def _distance(pixels, start, end):
    """Return how far each pixel is from the nearest point of a line."""
    along = end - start
    length = along @ along
    part = (pixels - start) @ along / length if length else np.zeros(pixels.shape[:2])
    foot = start + np.clip(part, 0, 1)[..., np.newaxis] * along
    return np.linalg.norm(pixels - foot, axis=-1)


def stripes(angle, size=28, period=8.0):
    """Draw soft stripes that run in one direction.

    Parameters
    ----------
    angle : float
        Direction of the stripes in degrees: 0 is horizontal, 45 rises to the right,
        90 is vertical.
    size : int
        Height and width of the image, in pixels.
    period : float
        From one white stripe to the next, in pixels.

    Returns
    -------
    array (1, 1, size, size)
        A batch of one grey image, float64 in [0, 1].
    """
    size = whole(size, "size", least=1)
    row, col = np.indices((size, size))
    turn = np.deg2rad(angle)
    across = np.sin(turn) * col + np.cos(turn) * row  # pixels, at right angles
    return (0.5 + 0.5 * np.cos(2 * np.pi * across / period))[np.newaxis, np.newaxis]
