"""Small arrays as grids of numbers, with the windows that look at them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from .. import checks

__all__ = ["number_grid"]

# blue below 0, white at 0, orange above: the two hues of the course, light enough
# for black numbers
SIGNED = LinearSegmentedColormap.from_list("signed", ["#8fb8e8", "white", "#f0b08c"])
OUTLINE = ("#1f5fa8", "#c2541b")


def number_grid(values, title=None, windows=(), padding=None, fmt="{:g}", ax=None):
    """Draw a small array cell by cell, each with its number; return the Axes.

    The colour tells the sign and the size, the number tells the rest.

    Parameters
    ----------
    values : array (H, W) or (W,)
        At most about 16 x 16; a larger one is drawn without numbers.
    title : str, optional
    windows : sequence of (row, col, height, width)
        Rectangles to outline, in cells, blue and orange in turn.
    padding : ((top, bottom), (left, right)), optional
        How many of the outer cells are padding: they are hatched.
    fmt : str
        How a number is written.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    values = np.atleast_2d(checks.array(values, "values")).astype(float)
    H, W = values.shape
    if ax is None:
        _, ax = plt.subplots(figsize=(0.45 * W + 0.2, 0.45 * H + 0.5))
    most = np.nanmax(np.abs(values)) or 1.0
    ax.imshow(values, cmap=SIGNED, vmin=-most, vmax=most)
    ax.set_xticks(np.arange(W + 1) - 0.5, labels=[])
    ax.set_yticks(np.arange(H + 1) - 0.5, labels=[])
    ax.tick_params(length=0)
    ax.grid(True, color="0.6", linewidth=0.8)
    ax.spines[:].set(visible=True, color="0.6", linewidth=0.8)
    for (row, col), value in np.ndenumerate(values) if max(H, W) <= 16 else ():
        ax.text(col, row, fmt.format(value), ha="center", va="center", fontsize=9)
    for i, (row, col, height, width) in enumerate(windows):
        style = {"fill": False, "edgecolor": OUTLINE[i % 2], "linewidth": 3}
        ax.add_patch(Rectangle((col - 0.5, row - 0.5), width, height, **style))
    if padding is not None:
        _hatch_padding(ax, H, W, padding)
    if title is not None:
        ax.set_title(title)
    return ax


def _hatch_padding(ax, H, W, padding):
    (top, bottom), (left, right) = padding
    frames = [
        (0, 0, top, W),
        (H - bottom, 0, bottom, W),
        (top, 0, H - top - bottom, left),
        (top, W - right, H - top - bottom, right),
    ]
    for row, col, height, width in frames:
        style = {"fill": False, "hatch": "///", "edgecolor": "0.7", "linewidth": 0}
        ax.add_patch(Rectangle((col - 0.5, row - 0.5), width, height, **style))
