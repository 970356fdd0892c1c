"""What a network looks at: heat over an image, views, and answers to stripes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from .. import checks
from .grids import OUTLINE

__all__ = ["field_boxes", "heat_over_image", "tuning_curves"]

# Blue against, orange for; clear at 0, so that the image shows through.
BLUE, ORANGE = (0.25, 0.55, 1), (1, 0.5, 0.2)
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(*BLUE, 0.9), (*BLUE, 0), (*ORANGE, 0), (*ORANGE, 0.9)]
)


def heat_over_image(image, heat, margin=0, title=None, ax=None):
    """Lay a map over a grey image: orange for, blue against; return the Axes.

    Parameters
    ----------
    image : array (H, W), (1, H, W) or (1, 1, H, W)
        Intensities in [0, 1].
    heat : array (h, w), (1, h, w) or (1, 1, h, w)
        Any numbers; the largest absolute value gets the full colour.
    margin : float
        Pixels of the image on each side that the map does not cover: 2 for a map of
        24 x 24 that a 5 x 5 window made of 28 x 28.
    title : str, optional
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    image, heat = _picture(image, "image"), _picture(heat, "heat")
    if ax is None:
        _, ax = plt.subplots(figsize=(2.6, 2.8))
    H, W = image.shape
    ax.imshow(image * 0.6, cmap="gray", vmin=0, vmax=1)  # dark, so that heat is seen
    most = np.abs(heat).max() or 1.0
    edges = (margin - 0.5, W - margin - 0.5, H - margin - 0.5, margin - 0.5)
    ax.imshow(heat, cmap=HEAT, vmin=-most, vmax=most, extent=edges)
    ax.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
    ax.set_axis_off()
    if title is not None:
        ax.set_title(title, fontsize=10)
    return ax


def field_boxes(image, boxes, titles, axes=None):
    """Show beside each other how much of an image some units see; return the Axes.

    Parameters
    ----------
    image : array (H, W), (1, H, W) or (1, 1, H, W)
        Intensities in [0, 1].
    boxes : sequence of (row, column, height, width)
        In pixels; outside of it the image is dimmed.
    titles : sequence of str
        One for each box.
    axes : sequence of Axes, optional
        One for each box; a new figure if not given.

    Returns
    -------
    list of Axes
    """
    image = _picture(image, "image")
    if axes is None:
        _, axes = plt.subplots(1, len(boxes), figsize=(1.5 * len(boxes), 1.9))
    axes = list(np.atleast_1d(axes))
    for ax, (row, col, height, width), title in zip(axes, boxes, titles, strict=True):
        y, x = max(row, 0), max(col, 0)
        seen = image * 0.25
        window = slice(y, row + height), slice(x, col + width)
        seen[window] = image[window]
        ax.imshow(seen, vmin=0, vmax=1)
        corner = (col - 0.5, row - 0.5)
        style = {"fill": False, "edgecolor": OUTLINE[1], "linewidth": 1.5}
        ax.add_patch(Rectangle(corner, width, height, **style))
        ax.set_title(title, fontsize=9)
        ax.set_axis_off()
    return axes


def tuning_curves(angles, answers, labels, ax=None):
    """Draw how strongly filters answer to stripes of each direction.

    Parameters
    ----------
    angles : sequence of float
        In degrees: 0 is horizontal, 90 vertical.
    answers : array (filters, angles)
    labels : sequence of str
        One for each filter.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    if ax is None:
        _, ax = plt.subplots()
    for line, (row, label) in enumerate(zip(answers, labels, strict=True)):
        ax.plot(angles, row, "os^D"[line % 4] + "-", label=label, markersize=4)
    ax.set(xlabel="direction of the stripes (degrees)", ylabel="answer (half a swing)")
    ax.set(xticks=np.arange(0, 181, 45), ylim=(0, None))
    ax.legend()
    return ax


def _picture(values, name):
    """Return a single picture as (H, W), whatever axes of length 1 stand before."""
    values = checks.array(values, name)
    picture = values.reshape(values.shape[-2:]) if values[..., 0, 0].size == 1 else None
    if picture is None:
        raise ValueError(
            f"{name} has shape {values.shape}; expected one picture (H, W). Choose "
            f"one, for example {name}[0, 0]."
        )
    return picture
