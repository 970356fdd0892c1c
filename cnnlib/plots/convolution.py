"""Figures about one convolution: its window, its pictures, its blocks."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Polygon, Rectangle

from .. import checks
from .grids import OUTLINE, number_grid

__all__ = ["block_diagram", "convolution_grids", "paired_bars", "picture_panels"]


def convolution_grids(x, W, out, places=(), fmt="{:g}", axes=None):
    """Draw input, filter and output as numbers, with matching outlines.

    A window on the input has the colour of the output number that it makes.

    Parameters
    ----------
    x : array (H, W) or (W,)
    W : array (FH, FW) or (FW,)
    out : array (OH, OW) or (OW,)
        As a stride of 1 makes it.
    places : sequence of (row, col)
        Which output numbers to point out, blue and orange in turn.
    fmt : str
        How a number is written.
    axes : three Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        The one of the input.

    Raises
    ------
    ValueError
        If the output has not the size that the window makes.
    """
    x, W, out = (np.atleast_2d(checks.array(a, "array")) for a in (x, W, out))
    size = tuple(i - f + 1 for i, f in zip(x.shape, W.shape, strict=True))
    if out.shape != size:
        raise ValueError(
            f"out has shape {out.shape}, but a window {W.shape} has {size} places on "
            f"an input {x.shape}. Pass the output for stride 1 without padding."
        )
    if axes is None:
        widths = [a.shape[1] for a in (x, W, out)]
        size = (0.5 * sum(widths) + 1.6, 0.5 * len(x) + 0.5)
        _, axes = plt.subplots(1, 3, figsize=size, width_ratios=widths)
    windows = [(row, col, *W.shape) for row, col in places]
    cells = [(row, col, 1, 1) for row, col in places]
    number_grid(x, f"input {_size(x)}", windows, fmt=fmt, ax=axes[0])
    number_grid(W, f"filter {_size(W)}", fmt=fmt, ax=axes[1])
    number_grid(out, f"output {_size(out)}", cells, fmt=fmt, ax=axes[2])
    return axes[0]


def picture_panels(images, titles, signed=(), marks=(), nx=3):
    """Draw pictures side by side, each with a title; return the first Axes.

    All have the same scale in pixels: a smaller picture has a white frame.

    Parameters
    ----------
    images : sequence of array (H, W) or (3, H, W)
        Intensities in [0, 1], or numbers with a sign. Values outside are cut off.
    titles : sequence of str
    signed : sequence of int
        Which images have a sign: for them the middle grey is 0, white the most
        positive number and black the most negative one, on a symmetric scale.
    marks : sequence of (image, row, col, height, width)
        Rectangles to outline, in pixels; blue on the even images, orange on the odd.
    nx : int
        Pictures a row.

    Raises
    ------
    ValueError
        If there are not as many titles as images, or an image has another shape.
    """
    if len(titles) != len(images):
        raise ValueError(
            f"there are {len(titles)} titles for {len(images)} images; expected one "
            "each."
        )
    nx = min(nx, len(images))
    ny = -(-len(images) // nx)
    height, width = np.max([np.shape(image)[-2:] for image in images], axis=0)
    inches = 6.6
    size = (inches, ny * (inches / nx * height / width + 0.3))
    _, grid = plt.subplots(ny, nx, figsize=size, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for i, (ax, image, title) in enumerate(
        zip(grid.flat, images, titles, strict=False)
    ):
        image, most = _picture(image), 1.0
        if i in signed:
            most = np.abs(image).max() or 1.0
        low = -most if i in signed else 0.0
        shown = image if image.ndim == 2 else image.clip(0, 1)
        ax.imshow(shown, cmap="gray", vmin=low, vmax=most)
        middle_y, middle_x = (length / 2 - 0.5 for length in image.shape[:2])
        ax.set_xlim(middle_x - width / 2, middle_x + width / 2)
        ax.set_ylim(middle_y + height / 2, middle_y - height / 2)
        ax.set_title(title, fontsize=10)
    for i, row, col, high, wide in marks:
        style = {"fill": False, "edgecolor": OUTLINE[i % 2], "linewidth": 2}
        place = (col - 1, row - 1)  # half a pixel outside
        grid.flat[i].add_patch(Rectangle(place, wide + 1, high + 1, **style))
    return grid.flat[0]


def paired_bars(names, first, second, labels, ax=None):
    """Draw two accuracies for each name, with their numbers; return the Axes.

    Parameters
    ----------
    names : sequence of str
    first, second : sequence of float
        Accuracies in [0, 1], one a name.
    labels : (str, str)
        What the first and the second stand for.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    ax = plt.subplots()[1] if ax is None else ax
    places = np.arange(len(names))
    for shift, values, label, color in zip(
        (-0.2, 0.2), (first, second), labels, ("C0", "C2"), strict=True
    ):
        bars = ax.bar(places + shift, values, 0.36, label=label, color=color)
        ax.bar_label(bars, fmt="{:.0%}")
    ax.set(xticks=places, xticklabels=names, ylabel="test accuracy", ylim=(0, 1.15))
    ax.grid(axis="x", visible=False)
    ax.legend(ncols=2, loc="upper center")
    return ax


def block_diagram(shapes, labels, signs=(), ax=None):
    """Draw arrays (C, H, W) as blocks in a row; return the Axes.

    The front of a block is height by width, its depth are the channels. Long sides
    are drawn shorter than true, so that thin blocks stay visible.

    Parameters
    ----------
    shapes : sequence of (C, H, W)
    labels : sequence of str
        Written under each block, above its shape.
    signs : sequence of str
        What stands between two blocks, as '*' and '='.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Raises
    ------
    ValueError
        If there are not as many labels as shapes.
    """
    if len(labels) != len(shapes):
        raise ValueError(
            f"there are {len(labels)} labels for {len(shapes)} shapes; expected one "
            "each."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(1.9 * len(shapes) + 0.5, 2.6))
    left = 0.0
    for i, (shape, label) in enumerate(zip(shapes, labels, strict=True)):
        depth, height, width = (0.35 * length**0.5 for length in shape)
        _block(ax, left, depth * 0.5, height, width)
        middle = left + (width + depth * 0.5) / 2
        text = f"{label}\n{' x '.join(map(str, shape))}"
        ax.text(middle, -height / 2 - 0.2, text, ha="center", va="top")
        left += width + depth * 0.5 + 1.3
        if i < len(signs):
            ax.text(left - 0.65, 0, signs[i], ha="center", va="center", fontsize=18)
    tallest = max(0.35 * height**0.5 for _, height, _ in shapes) / 2
    highest = max(0.35 * (h**0.5 / 2 + c**0.5 * 0.5) for c, h, _ in shapes)
    ax.set(
        aspect="equal", xlim=(-0.2, left - 1.1), ylim=(-tallest - 0.9, highest + 0.1)
    )
    ax.set_axis_off()
    return ax


def _block(ax, left, depth, height, width):
    """Draw a box whose back is moved right and up by ``depth``."""
    low, high, right = -height / 2, height / 2, left + width
    front = [(left, low), (right, low), (right, high), (left, high)]
    top = [(left, high), (right, high), (right + depth, high + depth)]
    top += [(left + depth, high + depth)]
    side = [(right, low), (right + depth, low + depth)]
    side += [(right + depth, high + depth), (right, high)]
    for corners, color in ((front, "#8fb8e8"), (top, "#d3e2f5"), (side, "#b4cfee")):
        style = {"facecolor": color, "edgecolor": "0.3", "linewidth": 1}
        ax.add_patch(Polygon(corners, **style))


def _picture(image):
    """Return an image as (H, W) or (H, W, 3), as Matplotlib wants it."""
    image = checks.array(image, "image")
    if image.ndim == 2:
        return image
    if image.ndim == 3 and len(image) == 3:
        return image.transpose(1, 2, 0)
    raise ValueError(
        f"an image has shape {image.shape}; expected (H, W) for grey or (3, H, W) for "
        "red, green, blue. Channels that come last go first with "
        "image.transpose(2, 0, 1)."
    )


def _size(array):
    return " x ".join(map(str, array.shape))
