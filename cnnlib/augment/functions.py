"""What is done to a picture, by an amount that you say.

Each function takes a batch (N, C, H, W) and returns a new one of the same type. An
amount is one number for all pictures, or an array (N,) with one for each.
"""

import numpy as np

from ..geometry import pair

LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601)
MODES = ("constant", "edge")


def flipped(x, which=True):
    """Mirror pictures, left to right.

    Parameters
    ----------
    x : array (N, C, H, W)
    which : bool or array (N,) of bool
        The pictures to mirror; the others stay as they are.
    """
    x = pictures(x)
    return np.where(_each(which, x, "which")[:, None, None, None], x[..., ::-1], x)


def cropped(x, top, left, size):
    """Cut the same size out of each picture, each at its own place.

    Parameters
    ----------
    x : array (N, C, H, W)
    top, left : int or array (N,) of int
        The pixel at which the cut begins.
    size : int or (height, width)

    Returns
    -------
    array (N, C, height, width)

    Raises
    ------
    ValueError
        If a cut does not lie within its picture.
    """
    x = pictures(x)
    h, w = pair(size, "size")
    top, left = _pixels(top, x, "top"), _pixels(left, x, "left")
    for name, at, length, full in (
        ("top", top, h, x.shape[2]),
        ("left", left, w, x.shape[3]),
    ):
        if at.min(initial=0) < 0 or at.max(initial=0) + length > full:
            raise ValueError(
                f"{name} from {at.min(initial=0)} to {at.max(initial=0)} with a length "
                f"of {length} does not lie within {full} pixels. Pad the pictures "
                "first, or cut less."
            )
    windows = np.lib.stride_tricks.sliding_window_view(x, (h, w), axis=(2, 3))
    return windows[np.arange(len(x)), :, top, left]  # (N, C, h, w), a copy


def padded(x, pad, mode="constant"):
    """Put a border around each picture: black ('constant') or its 'edge' repeated."""
    x, (high, wide) = pictures(x), pair(pad, "pad", least=0)
    check_mode(mode)
    return np.pad(x, ((0, 0), (0, 0), (high, high), (wide, wide)), mode)


def shifted(x, down=0, right=0, mode="constant"):
    """Move each picture by whole pixels; what leaves is lost.

    Parameters
    ----------
    x : array (N, C, H, W)
    down, right : int or array (N,) of int
        Pixels; negative for up and left.
    mode : {'constant', 'edge'}
        What comes in: black, or the edge repeated.
    """
    x = pictures(x)
    H, W = x.shape[2:]
    down = np.clip(_pixels(down, x, "down"), -H, H)  # further is no further
    right = np.clip(_pixels(right, x, "right"), -W, W)
    high, wide = (int(abs(n).max(initial=0)) for n in (down, right))
    return cropped(padded(x, (high, wide), mode), high - down, wide - right, (H, W))


def rotated(x, degrees, mode="constant"):
    """Turn each picture around its middle, anticlockwise.

    A new pixel lies between four old ones: it is their mean, the nearer the heavier
    (bilinear interpolation).

    Parameters
    ----------
    x : array (N, C, H, W)
    degrees : float or array (N,)
    mode : {'constant', 'edge'}
        What the corners show: black, or the edge repeated.
    """
    x = pictures(x)
    N, C, H, W = x.shape
    rows, columns = _where_from(H, W, np.deg2rad(_each(degrees, x, "degrees")))
    old = padded(_calculable(x), 1, mode)  # so that every pixel has four neighbours
    old = old.reshape(N, C, (H + 2) * (W + 2))
    row, column = np.floor(rows).clip(-1, H - 1), np.floor(columns).clip(-1, W - 1)
    out = np.zeros((N, C, H * W), old.dtype)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        near = (1 - abs(rows - row - i)) * (1 - abs(columns - column - j))
        place = (row + i + 1) * (W + 2) + column + j + 1
        place = place.reshape(N, 1, H * W).astype(np.intp)
        weight = near.reshape(N, 1, H * W).astype(old.dtype)
        out += weight * np.take_along_axis(old, place, axis=2)
    out = np.clip(out, old.min(initial=0), old.max(initial=0))  # rounding
    return _as_before(out.reshape(x.shape), x)


def _where_from(H, W, angle):
    """Return the old row and column (N, H, W) that each new pixel comes from."""
    angle = angle[:, None, None]
    u = np.arange(H)[:, None] - (H - 1) / 2
    v = np.arange(W) - (W - 1) / 2
    rows = np.cos(angle) * u + np.sin(angle) * v + (H - 1) / 2
    columns = np.cos(angle) * v - np.sin(angle) * u + (W - 1) / 2
    # rounded, so that a quarter turn meets the pixels exactly
    return np.round(rows, 9).clip(-1, H), np.round(columns, 9).clip(-1, W)


def covered(x, top, left, size, fill=0.0):
    """Cover a square of each picture; it may hang over the edge.

    Parameters
    ----------
    x : array (N, C, H, W)
    top, left : int or array (N,) of int
        Where the square begins; may be negative.
    size : int or (height, width)
    fill : float
        Intensity in [0, 1], also for uint8.
    """
    x = pictures(x)
    H, W = x.shape[2:]
    h, w = pair(size, "size")
    rows = np.arange(H) - _pixels(top, x, "top")[:, None]  # (N, H)
    columns = np.arange(W) - _pixels(left, x, "left")[:, None]  # (N, W)
    rows, columns = (rows >= 0) & (rows < h), (columns >= 0) & (columns < w)
    inside = (rows[:, :, None] & columns[:, None, :])[:, None]  # (N, 1, H, W)
    fill = x.dtype.type(round(255 * fill) if x.dtype == np.uint8 else fill)
    return np.where(inside, fill, x)


def brightened(x, factor):
    """Multiply the light: 0 is black, 1 changes nothing, 2 is twice as bright."""
    x = intensities(x)
    return _blend(x, 0, factor)


def contrasted(x, factor):
    """Pull all pixels towards the picture's mean (0) or away from it (above 1)."""
    x = intensities(x)
    return _blend(x, _calculable(x).mean(axis=(1, 2, 3), keepdims=True), factor)


def saturated(x, factor):
    """Fade the colours to grey (0) or make them stronger (above 1).

    A grey picture (C = 1) has none, and stays as it is.

    Raises
    ------
    ValueError
        If C is neither 1 nor 3 (red, green, blue).
    """
    x = intensities(x)
    if x.shape[1] not in (1, 3):
        raise ValueError(
            f"x has shape {x.shape}, that is {x.shape[1]} channels; saturation needs "
            "3: red, green, blue (or 1: grey, which it leaves alone)."
        )
    luma = np.reshape(LUMA if x.shape[1] == 3 else [1.0], (1, -1, 1, 1))
    values = _calculable(x)
    grey = (values * luma.astype(values.dtype)).sum(axis=1, keepdims=True)
    return _blend(x, grey, factor)


def _blend(x, other, factor):
    """Go from ``other`` (factor 0) to x (factor 1) and beyond, within the range."""
    values = _calculable(x)
    factor = _each(factor, x, "factor").astype(values.dtype)[:, None, None, None]
    top = 255 if x.dtype == np.uint8 else 1
    return _as_before(np.clip(factor * values + (1 - factor) * other, 0, top), x)


def pictures(x):
    """Return x if it is a batch of pictures; it may be empty."""
    x = np.asarray(x)
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(
            f"x has shape {x.shape}; augmentation needs pictures (N, C, H, W). For one "
            "grey picture write x[np.newaxis, np.newaxis]; flat rows of pixels need "
            "their height and width back: x.reshape(-1, 1, 28, 28)."
        )
    if x.dtype.kind != "f" and x.dtype != np.uint8:
        raise TypeError(
            f"x holds {x.dtype}; expected floats in [0, 1] or uint8 from 0 to 255."
        )
    return x


def intensities(x):
    """Return x if it is a batch of pictures whose range is known."""
    x = pictures(x)
    if x.dtype == np.uint8:
        return x
    low, high = x.min(initial=0), x.max(initial=0)
    if not (low >= 0 and high <= 1):  # so that nan is found too
        raise ValueError(
            f"x holds numbers from {low:.3g} to {high:.3g}; light and colour are "
            "changed between 0 (black) and 1 (white). Scale to [0, 1] before "
            "augmenting; subtract means afterwards."
        )
    return x


def check_mode(mode) -> None:
    """Refuse an unknown way to fill what comes in from outside."""
    if mode not in MODES:
        raise ValueError(
            f"mode is {mode!r}; expected 'constant' (black) or 'edge' (repeated)."
        )


def _each(amount, x, name):
    """Return one amount a picture, (N,)."""
    amount = np.asarray(amount)
    if amount.shape not in ((), (len(x),)):
        raise ValueError(
            f"{name} has shape {amount.shape}; expected one number, or one for each of "
            f"the {len(x)} pictures."
        )
    return np.broadcast_to(amount, len(x))


def _pixels(amount, x, name):
    amount = _each(amount, x, name)
    if amount.dtype.kind not in "iu":
        raise TypeError(f"{name} holds {amount.dtype}; expected whole pixels.")
    return amount.astype(np.intp)


def _calculable(x):
    """Return x in a type in which one can calculate."""
    return x if x.dtype.itemsize >= 4 else x.astype(np.float32)


def _as_before(values, x):
    """Return values in the type of x."""
    return (np.rint(values) if x.dtype == np.uint8 else values).astype(x.dtype)
