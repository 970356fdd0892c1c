"""A convolution as a matrix product: its rows, their blocks and their speed."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, Rectangle

from .. import checks
from ..im2col import im2col
from .grids import OUTLINE, number_grid

__all__ = ["col_blocks", "speed_bars", "window_links"]

CELL = 0.4  # inches


def window_links(x, filters, places=((0, 0), (1, 2))):
    """Follow windows from the image to the output; return the Axes.

    Each place is one colour: its patch of the image, its row of ``col``, its row of
    the product, and its pixel in every feature map.

    Parameters
    ----------
    x : array (H, W)
        One channel, with whole numbers of two digits at most, so that they fit.
    filters : array (FN, FH, FW)
        Each becomes a column of the matrix that ``col`` is multiplied by.
    places : sequence of (row, col)
        Where the windows stand: blue and orange in turn.

    Returns
    -------
    list of Axes
        Image, col, filters, product, then one for each feature map.
    """
    x, filters = checks.array(x, "x"), checks.array(filters, "filters")
    FN, FH, FW = filters.shape
    col = im2col(x[np.newaxis, np.newaxis], FH, FW)  # (OH*OW, FH*FW)
    product = col @ filters.reshape(FN, -1).T  # (OH*OW, FN)
    OH, OW = x.shape[0] - FH + 1, x.shape[1] - FW + 1
    numbers = [row * OW + col for row, col in places]
    rows_of_col = [(number, 0, 1, FH * FW) for number in numbers]
    rows_of_product = [(number, 0, 1, FN) for number in numbers]
    patches = [(*place, FH, FW) for place in places]
    pixels = [(*place, 1, 1) for place in places]
    maps = product.T.reshape(FN, OH, OW)
    panels = [  # (array, title, windows, empty cells to the left)
        (x, "image", patches, 0.3),
        (col, "col", rows_of_col, 1.6),
        (filters.reshape(FN, -1).T, "filters", [], 1.2),
        (product, "product", rows_of_product, 1.2),
    ]
    width = 0.3 + sum(a.shape[1] + gap for a, *_, gap in panels) + 1.6 + OW
    height = max(len(col), FN * (OH + 1.6)) + 2
    figure = plt.figure(figsize=(CELL * width, CELL * height), layout="none")
    middle, left, axes = (height - 1.6) / 2, 0, []

    def panel(array, title, windows, left, bottom):
        box = (left, bottom, array.shape[1], array.shape[0])
        box = np.divide(box, (width, height, width, height))
        axes.append(_panel(figure.add_axes(box), array, title, windows))

    for array, title, windows, gap in panels:
        left += gap
        panel(array, title, windows, left, middle - len(array) / 2)
        left += array.shape[1]
    for k, feature_map in enumerate(maps):
        bottom = middle + FN * (OH + 1.6) / 2 - (k + 1) * (OH + 1.6) + 0.1
        panel(feature_map, f"feature map {k}", pixels, left + 1.6, bottom)

    _write_the_product(axes)
    _follow(places, numbers, filters.shape, axes)
    return axes


def _panel(ax, array, title, windows):
    """Draw one array of the row, with its shape under its name."""
    number_grid(array, windows=windows, ax=ax)
    ax.set_title(f"{title}\n{array.shape}", loc="left", fontsize=10)
    return ax


def _write_the_product(axes):
    """Put "@" before the filters and "=" before the product."""
    for sign, ax in (("@", axes[2]), ("=", axes[3])):
        ax.annotate(
            sign, (0, 0.5), (-CELL * 72 * 0.6, 0), "axes fraction", "offset points",
            ha="center", va="center", fontsize=14,
        )  # fmt: skip


def _follow(places, numbers, shape, axes):
    """Draw arrows from each patch to its row, and from there to its pixels."""
    FN, _, FW = shape
    for i, (row, column) in enumerate(places):
        number, color = numbers[i], OUTLINE[i % 2]
        corner = (column + FW - 0.5, row - 0.5)
        _link(axes[0], corner, axes[1], (-0.5, number), color)
        for ax in axes[4:]:
            _link(axes[3], (FN - 0.5, number), ax, (column - 0.5, row), color)


def _link(ax, start, other, end, color):
    """Draw an arrow from a point of one Axes to a point of another."""
    link = ConnectionPatch(
        start, end, "data", "data", axesA=ax, axesB=other, arrowstyle="-|>",
        color=color, linewidth=1.5, alpha=0.8,
    )  # fmt: skip
    ax.get_figure().add_artist(link)  # above all Axes


def col_blocks(x, filter_h, filter_w, ax=None):
    """Draw ``im2col(x)`` with its blocks, a row an image, a column a channel.

    Parameters
    ----------
    x : array (N, C, H, W)
        Small, with numbers of at most three digits.
    filter_h, filter_w : int
        Height FH and width FW of the window.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    x = checks.images(x)
    N, C = x.shape[:2]
    col = im2col(x, filter_h, filter_w)  # (N*OH*OW, C*FH*FW)
    rows, columns = len(col) // N, filter_h * filter_w
    if ax is None:
        size = CELL * 1.1 * col.shape[1] + 0.9, CELL * 0.8 * len(col) + 0.6
        _, ax = plt.subplots(figsize=size)
    ax.imshow(np.zeros(col.shape), cmap="Greys", aspect="auto")
    for (row, column), value in np.ndenumerate(col):
        ax.text(column, row, f"{value:g}", ha="center", va="center", fontsize=9)
    for n, c in np.ndindex(N, C):
        corner = (c * columns - 0.5, n * rows - 0.5)
        style = {"facecolor": OUTLINE[c % 2], "alpha": 0.16 + 0.12 * (n % 2)}
        ax.add_patch(Rectangle(corner, columns, rows, edgecolor="none", **style))
        ax.add_patch(Rectangle(corner, columns, rows, fill=False, linewidth=1.5))
    ax.set_xticks((np.arange(C) + 0.5) * columns - 0.5, _names("channel", C))
    ax.set_yticks((np.arange(N) + 0.5) * rows - 0.5, _names("image", N))
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.grid(False)
    return ax


def _names(kind, count):
    return [f"{kind} {i}" for i in range(count)]


def speed_bars(seconds, ax=None):
    """Draw times on a log axis, each with how often the first one is beaten.

    Parameters
    ----------
    seconds : dict of str to float
        As ``cnnlib.explain.speed_ladder`` returns them: the slowest first.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    if not seconds or min(seconds.values()) <= 0:
        raise ValueError(
            f"seconds is {seconds}; expected a name and a time above 0 for each bar."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 0.5 * len(seconds) + 0.9))
    times = np.array(list(seconds.values()))
    least = 10.0 ** (np.floor(np.log10(times.min())) - 1)
    places = np.arange(len(times))
    ax.barh(places, times - least, left=least, color="C0", height=0.6)
    for place, time in zip(places, times, strict=True):
        faster = f", {_two_digits(times[0] / time)}x faster" if place else ""
        text = _time(time) + faster
        ax.annotate(
            text, (time, place), (5, 0), textcoords="offset points", va="center"
        )
    ax.set(xscale="log", xlim=(least, times.max() * 30), yticks=places)
    ax.set(yticklabels=list(seconds), xlabel="time for one image (s), log scale")
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    return ax


def _time(seconds):
    """Write a time with two digits and the unit that suits it."""
    units = (("s", 1), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
    unit, size = next((u for u in units if seconds >= 0.995 * u[1]), units[-1])
    return f"{_two_digits(seconds / size)} {unit}"


def _two_digits(number):
    """Write 15,714 as 16,000, and 0.123 as 0.12."""
    return f"{float(f'{number:.2g}'):,.12g}"
