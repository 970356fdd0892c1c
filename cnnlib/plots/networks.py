"""Networks drawn from tables: their shapes to scale, their costs, their views."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Polygon, Rectangle

from .. import checks

__all__ = ["cost_bars", "network_boxes", "receptive_fields"]

# In the drawing one pixel of height is one unit; the rest is made to fit.
CHANNEL = 0.25  # thickness of one channel
NUMBER = 1 / 16  # height of one number in a vector
LABEL = 26  # room that the name of a vector needs beside it
SLANT = 0.35  # how far the width of an image goes back, to the right and up
FACE, TOP, SIDE = "#a9c6ea", "#c9dcf2", "#7ba6da"
VECTOR, EDGE = "#f0b08c", "0.35"


def network_boxes(shapes, names=None, at=(0, 0), enlarge=1, gap=14, ax=None):
    """Draw the shapes that an image passes through as boxes to scale; return the Axes.

    Height and depth of a box are height and width of a feature map, its thickness the
    number of channels. An orange bar is a vector of numbers. Networks that are drawn
    into the same Axes can be compared by eye.

    Parameters
    ----------
    shapes : sequence of (C, H, W) or (D,)
        The image first.
    names : sequence of str, optional
        Written below the boxes, with the shapes.
    at : (float, float)
        Where the first box stands, in pixels: left and bottom.
    enlarge : float
        Draw this many times larger.
    gap : float
        Room between two boxes, in pixels of the image.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    if names is not None and len(names) != len(shapes):
        raise ValueError(
            f"there are {len(names)} names for {len(shapes)} shapes; expected one each."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 3.4))
    left, bottom = at
    for i, shape in enumerate(shapes):
        if len(shape) == 3:
            C, H, W = shape
            size = np.array([C * CHANNEL, H, W * SLANT]) * enlarge
            width = _box(ax, left, bottom, *size)
        else:
            _face(ax, left, bottom, 3 * enlarge, shape[0] * NUMBER * enlarge, VECTOR)
            width = 3 * enlarge + (0 if names is None else LABEL)
        if names is not None:
            text = f"{names[i]}\n{'x'.join(map(str, shape))}"
            ax.text(left, bottom - 6, text, rotation=35, ha="right", va="top", size=8)
            ax.plot(left, bottom - 60, alpha=0)  # room for the text
        left += width + gap * enlarge
    ax.set_aspect("equal")
    ax.autoscale_view()
    ax.set_axis_off()
    return ax


def cost_bars(names, parameters, multiply_adds, ax=None):
    """Draw each layer's share of the parameters and of the work; return the Axes.

    Parameters
    ----------
    names : sequence of str
    parameters, multiply_adds : sequence of int
        One a layer.
    ax : Axes, optional
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 0.4 * len(names) + 0.8))
    at = np.arange(len(names))
    for offset, numbers, label in (
        (-0.2, parameters, "parameters"),
        (0.2, multiply_adds, "multiply-adds"),
    ):
        numbers = checks.array(numbers, label)
        share = 100 * numbers / numbers.sum()
        ax.barh(at + offset, share, height=0.38, label=label)
    ax.set(xlabel="share of the total (%)", yticks=at, yticklabels=names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(loc="best")
    return ax


def receptive_fields(image, views, names, ax=None):
    """Outline on an image what one output of each layer looks at; return the Axes.

    Parameters
    ----------
    image : array (1, H, W) or (3, H, W)
        Intensities in [0, 1].
    views : sequence of (top, left, height, width)
        In pixels, for example from ``Line.view``.
    names : sequence of str
        One for each view.
    ax : Axes, optional
    """
    image = checks.array(image, "image")
    if image.ndim != 3:
        raise ValueError(
            f"image has shape {image.shape}; expected one image (C, H, W), for example "
            "x[0]."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=(4, 4))
    H, W = image.shape[1:]
    shown = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    ax.imshow(shown, vmin=0, vmax=1)
    for i, ((top, left, height, width), name) in enumerate(
        zip(views, names, strict=True)
    ):
        colour = ("#ffffff", "#ff9d5c")[i % 2]
        box = {"fill": False, "linewidth": 2, "edgecolor": colour}
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, **box))
        place = "bottom" if top > 10 else "top"  # above the box if there is room
        label = {"size": 8, "va": place, "ha": "left", "color": colour}
        label["bbox"] = {"facecolor": "black", "alpha": 0.6, "pad": 1, "linewidth": 0}
        ax.text(left, top, name, **label)
    ax.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5), xlabel="pixels", ylabel="pixels")
    ax.grid(False)
    return ax


def _box(ax, x, y, width, height, back):
    """Draw a block seen from the front left; return how much room it takes."""
    corner, up = (x, y + height), back
    _face(ax, x, y, width, height, FACE)
    for points, colour in (
        ([corner, (x + back, y + height + up), (x + back + width, y + height + up),
          (x + width, y + height)], TOP),
        ([(x + width, y), (x + width + back, y + up),
          (x + width + back, y + height + up), (x + width, y + height)], SIDE),
    ):  # fmt: skip
        ax.add_patch(Polygon(points, facecolor=colour, edgecolor=EDGE, linewidth=0.6))
    return width + back


def _face(ax, x, y, width, height, colour):
    style = {"facecolor": colour, "edgecolor": EDGE, "linewidth": 0.6}
    ax.add_patch(Rectangle((x, y), width, height, **style))
