"""Pooling: windows and what is left of them, and how much a shift changes."""

import matplotlib.pyplot as plt
import numpy as np

from .. import checks
from ..geometry import resolve_pooling
from .grids import number_grid

__all__ = ["image_panels", "number_panels", "pool_windows", "shift_curves"]


def pool_windows(H, W, window, stride=None) -> list:
    """List the windows of a pooling as (row, col, height, width), to be outlined.

    They are drawn a little too small, so that neighbours can be told apart, and in
    such an order that the two colours of ``number_grid`` make a chequerboard.

    Parameters
    ----------
    H, W : int
        Size of the input, in pixels.
    window : int
        Height and width of the window, in pixels.
    stride : int, optional
        The window itself if not given.
    """
    g = resolve_pooling(H, W, window, window, stride)
    places = list(np.ndindex(g.OH, g.OW))
    places.sort(key=lambda at: (at[0], at[1] if at[0] % 2 == 0 or g.OW % 2 else -at[1]))
    windows = []
    for y, x in places:
        row, col = g.at(y, x, 0, 0)
        inset = 0.06 + 0.1 * ((y + x) % 2 if g.stride[0] < window else 0)
        size = window - 2 * inset
        windows.append((row + inset, col + inset, size, size))
    return windows


def number_panels(panels, windows=None, fmt="{:g}"):
    """Draw small arrays side by side, each cell with its number.

    Parameters
    ----------
    panels : dict of str to array (H, W)
        By title.
    windows : dict of str to sequence of (row, col, height, width), optional
        Rectangles to outline in some of the panels.
    fmt : str
        How a number is written.

    Returns
    -------
    Axes
        That of the first panel.
    """
    widths = [np.shape(values)[1] for values in panels.values()]
    height = max(len(values) for values in panels.values())
    size = (0.45 * sum(widths) + 0.9 * len(widths), 0.45 * height + 0.5)
    _, axes = plt.subplots(1, len(widths), figsize=size, width_ratios=widths)
    axes = np.atleast_1d(axes)
    for ax, (title, values) in zip(axes, panels.items(), strict=True):
        number_grid(values, title, (windows or {}).get(title, ()), fmt=fmt, ax=ax)
    return axes[0]


def image_panels(panels, nx=5):
    """Draw grey images side by side, all at the same size on the paper.

    Parameters
    ----------
    panels : dict of str to array (H, W)
        Intensities in [0, 1], by title. Sizes may differ.
    nx : int
        Images a row.

    Returns
    -------
    Axes
        That of the first panel.
    """
    nx = min(nx, len(panels))
    ny = -(-len(panels) // nx)
    _, axes = plt.subplots(ny, nx, figsize=(1.75 * nx, 2 * ny), squeeze=False)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax, (title, image) in zip(axes.flat, panels.items(), strict=False):
        image = checks.array(image, title)
        ax.imshow(image, cmap="gray", vmin=0, vmax=1)
        ax.set_title(title, fontsize=9)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="0.6")  # white images need an edge
    return axes[0, 0]


def shift_curves(shifts, curves, ax=None):
    """Draw how alike the features are before and after a shift.

    The first curve is grey; the others go from light to dark blue.

    Parameters
    ----------
    shifts : sequence of int
        In pixels.
    curves : dict of str to sequence of float
        Cosine similarity for each shift, in [-1, 1], by name.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    ax = plt.subplots()[1] if ax is None else ax
    blues = plt.get_cmap("Blues")(np.linspace(0.4, 1, max(len(curves) - 1, 1)))
    for i, (name, values) in enumerate(curves.items()):
        ax.plot(shifts, values, "o-", color="0.5" if i == 0 else blues[i - 1])
        ax.annotate(
            name,
            (shifts[-1], values[-1]),
            (8, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    ax.set(xlabel="shift (pixels)", ylabel="cosine similarity", ylim=(0, 1.05))
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax
