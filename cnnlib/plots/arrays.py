"""Arrays with many axes, and the way of an image through a network."""

import matplotlib.pyplot as plt
import numpy as np

from .. import checks
from .grids import number_grid

__all__ = ["array_blocks", "stages_row", "timeline"]


def array_blocks(x, index=None, title=None, axes=None):
    """Draw an array (N, C, H, W) as N rows of C blocks; return the Axes.

    Parameters
    ----------
    x : array (N, C, H, W)
        A small one: every number is written out.
    index : slices, optional
        What to colour, as in ``x[index]``: write it with ``np.s_[...]``.
    title : str, optional
    axes : array (N, C) of Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    array (N, C) of Axes
    """
    x = checks.images(x)
    N, C, H, W = x.shape
    if axes is None:
        size = (0.34 * W * C + 0.9, 0.34 * H * N + 0.8)
        _, axes = plt.subplots(N, C, figsize=size, squeeze=False)
    chosen = np.zeros(x.shape)
    if index is not None:
        chosen[index] = 1
    for n, c in np.ndindex(N, C):
        ax = number_grid(chosen[n, c], ax=axes[n, c])
        for text, value in zip(ax.texts, x[n, c].ravel(), strict=True):
            text.set_text(f"{value:g}")
        if n == 0:
            ax.set_title(f"channel {c}", fontsize=10)
        if c == 0:
            ax.set_ylabel(f"image {n}", fontsize=10)
    if title is not None:
        axes[0, 0].get_figure().suptitle(title, fontsize=11)
    return axes


def stages_row(pictures, titles, notes):
    """Draw what becomes of an image, stage after stage, with arrows; return the Axes.

    Parameters
    ----------
    pictures : sequence of array (H, W)
        Each on its own grey scale.
    titles, notes : sequence of str
        Above and below each picture.

    Returns
    -------
    array of Axes
    """
    n = len(pictures)
    figure, axes = plt.subplots(
        1, n, figsize=(1.9 * n, 2.4), squeeze=False, layout="constrained"
    )
    figure.get_layout_engine().set(wspace=0.25)  # room for the arrows
    for i, ax in enumerate(axes[0]):
        ax.imshow(pictures[i], cmap="gray")
        ax.set_title(titles[i], fontsize=10)
        ax.set_xlabel(notes[i], fontsize=9)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        if i < n - 1:
            style = {"arrowstyle": "-|>", "color": "C1", "linewidth": 2}
            ends = {"xycoords": "axes fraction", "annotation_clip": False}
            ax.annotate("", (1.27, 0.5), (1.02, 0.5), arrowprops=style, **ends)
    return axes[0]


def timeline(years, above, below, ax=None):
    """Draw events on a line of years; return the Axes.

    Parameters
    ----------
    years : sequence of int
    above, below : sequence of str
        Two texts for each event.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(8.5, 1.7))
    ax.plot(years, np.zeros(len(years)), "o-", color="0.5", mfc="C0", markersize=9)
    for year, upper, lower in zip(years, above, below, strict=True):
        ax.annotate(upper, (year, 0.3), ha="center", fontsize=10)
        ax.annotate(lower, (year, -0.3), ha="center", va="top", fontsize=10, color="C1")
    room = 0.13 * (max(years) - min(years))
    ax.set(xlim=(min(years) - room, max(years) + room), ylim=(-1.4, 0.8))
    ax.set(xticks=years, yticks=[])
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    return ax
