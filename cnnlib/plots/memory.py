"""Where the numbers of a batch lie in memory."""

import string

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

__all__ = ["memory_orders"]


def memory_orders(shape, strides, ax=None):
    """Draw the numbers of a small batch as they follow each other; return the Axes.

    Each number is a cell: its letter is the image, its digit the pixel, its colour
    the channel.

    Parameters
    ----------
    shape : (N, C, H, W)
        Small, with one or two channels: N*C*H*W cells are drawn a row.
    strides : dict of str to (int, int, int, int)
        For each order, how many numbers a step along each axis goes on: what
        ``tensor.stride()`` returns, or ``array.strides`` divided by the item size.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Raises
    ------
    ValueError
        If there are more than two channels, or strides let numbers share a place.
    """
    N, C, H, W = shape
    if C > 2:
        raise ValueError(f"shape is {shape}: {C} channels, but there are two colours.")
    count = N * C * H * W
    index = np.indices(shape).reshape(4, -1)  # n, c, h, w of each number
    if ax is None:
        _, ax = plt.subplots(figsize=(0.5 * count + 1.6, 0.62 * len(strides) + 0.3))
    for row, (name, steps) in enumerate(strides.items()):
        places = np.asarray(steps) @ index
        if sorted(places) != list(range(count)):
            raise ValueError(
                f"strides {tuple(steps)} of {name!r} do not put {count} numbers into "
                f"{count} places side by side. Count in numbers, not in bytes."
            )
        for place, (n, c, h, w) in zip(places, index.T, strict=True):
            style = {"facecolor": f"C{c}", "alpha": 0.35, "edgecolor": "none"}
            ax.add_patch(Rectangle((place + 0.04, row - 0.36), 0.92, 0.72, **style))
            text = f"{string.ascii_uppercase[n]}{h * W + w}"
            ax.text(place + 0.5, row, text, ha="center", va="center", fontsize=9)
    ax.set(xlim=(0, count), ylim=(len(strides) - 0.5, -0.5), xticks=[])
    ax.set(yticks=range(len(strides)), yticklabels=list(strides))
    ax.grid(False)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    return ax
