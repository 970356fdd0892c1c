"""Where windows stand: padding, stride, dilation, and how far a stack sees."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Polygon, Rectangle

from .. import checks
from ..geometry import (
    axis_pad,
    check_axis_pad,
    conv_output_size,
    receptive_field,
    resolve,
    span,
)
from .grids import OUTLINE, number_grid

__all__ = [
    "receptive_boxes",
    "receptive_cone",
    "seen_grid",
    "sizes_by_layer",
    "window_places",
    "window_step",
]

BLUE, ORANGE = OUTLINE
UNSEEN = {"facecolor": "none", "edgecolor": ORANGE, "hatch": "xx", "linewidth": 0}


def window_places(size, window, stride=1, pad=0, dilation=1, title=None, ax=None):
    """Draw one row of pixels and, line by line, each place of the window.

    Padding is hatched in grey. Pixels that no place covers are crossed in orange.

    Parameters
    ----------
    size, window, stride, pad, dilation
        As in ``conv_output_size``.
    title : str, optional
        The number of places, if not given.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    places = conv_output_size(size, window, stride, pad, dilation)
    before, after = axis_pad(check_axis_pad(pad), size, window, stride, dilation)
    reach = span(window, dilation)
    seen = {
        place * stride + i * dilation for place in range(places) for i in range(window)
    }
    length = before + size + after
    unseen = set(range(length)) - seen
    right = length + (2.2 if unseen else -0.4)
    if ax is None:
        _, ax = plt.subplots(figsize=(0.3 * (right + 2.9), 0.26 * places + 0.9))
    for cell in range(length):
        real = before <= cell < before + size
        _cell(ax, cell, 0, "0.88" if real else "white")
        if not real:
            _cell(ax, cell, 0, "none", edgecolor="0.6", hatch="////", linewidth=0)
        if cell in unseen:
            _cell(ax, cell, 0, **UNSEEN)
        if real and size <= 30:
            ax.text(cell, 0, cell - before, ha="center", va="center", fontsize=8)
    for place in range(places):
        left = place * stride
        frame = (left - 0.5, place + 0.75), reach, 0.75
        ax.add_patch(Rectangle(*frame, fill=False, edgecolor=BLUE, linewidth=1.4))
        points = left + dilation * np.arange(window)
        ax.plot(points, [place + 1.12] * window, "s", color=BLUE, markersize=5)
        ax.text(-1, place + 1.12, place, ha="center", va="center", fontsize=8)
    ax.text(-1, 0, "pixel", ha="right", va="center", fontsize=8)
    ax.text(-1.6, 1.12, "place", ha="right", va="center", fontsize=8)
    if unseen:
        ax.text(length, 0, "never seen", color=ORANGE, va="center", fontsize=8)
    ax.set(xlim=(-2.9, right), ylim=(places + 0.7, -0.6))
    ax.set_title(f"{places} place{'s' * (places > 1)}" if title is None else title)
    ax.set_axis_off()
    return ax


def window_step(x, filter, row, col, stride=1, pad=0, ax=None):
    """Draw one step of a convolution: padded input, filter, output; return the Axes.

    Parameters
    ----------
    x : array (H, W)
    filter : array (FH, FW)
    row, col : int
        The output pixel whose window is outlined.
    stride, pad
        As in ``Convolution``.
    ax : array of 3 Axes, optional
        A new figure if not given.

    Returns
    -------
    Axes
        That of the input.
    """
    x, filter = checks.array(x, "x"), checks.array(filter, "filter")
    g = resolve(*x.shape, *filter.shape, stride, pad)
    padded = np.pad(x, g.pad)
    out = np.empty((g.OH, g.OW))
    for place in np.ndindex(out.shape):
        top, left = g.at(*place, 0, 0)
        out[place] = np.sum(padded[top : top + g.FH, left : left + g.FW] * filter)
    if ax is None:
        widths = [padded.shape[1], g.FW, g.OW]
        size = (0.42 * sum(widths) + 2.2, 0.42 * len(padded) + 0.6)
        _, ax = plt.subplots(1, 3, figsize=size, width_ratios=widths)
    window = (*g.at(row, col, 0, 0), g.FH, g.FW)
    number_grid(padded, "padded input", [window], g.pad, ax=ax[0])
    number_grid(filter, "filter", ax=ax[1])
    number_grid(out, "output", [(row, col, 1, 1)], ax=ax[2])
    return ax[0]


def seen_grid(counts, title=None, padding=None, ax=None):
    """Draw how many windows see each pixel; cross those that none sees.

    Parameters
    ----------
    counts : array (H, W)
    title : str, optional
    padding : ((top, bottom), (left, right)), optional
        How many of the outer cells are padding: they are hatched.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    counts = checks.array(counts, "counts")
    ax = number_grid(counts, title, padding=padding, ax=ax)
    for row, col in np.argwhere(counts == 0):
        _cell(ax, col, row, height=1, **UNSEEN)
    return ax


def sizes_by_layer(sizes, ax=None):
    """Draw how the size changes from layer to layer; return the Axes.

    Parameters
    ----------
    sizes : dict of str to sequence of int
        Height in pixels after 0, 1, 2... layers, by the name of the curve.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    ax = plt.subplots()[1] if ax is None else ax
    for (name, values), marker in zip(sizes.items(), "os^vD", strict=False):
        ax.plot(range(len(values)), values, marker + "-", label=name)
        ax.annotate(
            values[-1],
            (len(values) - 1, values[-1]),
            (7, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set(xlabel="convolutions done", ylabel="height (pixels)", ylim=(0, None))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def receptive_cone(layers, names=None, title=None, ax=None):
    """Draw the pixels that one output pixel depends on, layer by layer.

    One axis only. Filled cells matter to the one output at the top; the empty
    ones between them are skipped (dilation).

    Parameters
    ----------
    layers : sequence of int or (window, stride) or (window, stride, dilation)
        As in ``receptive_field``, from the input on.
    names : sequence of str, optional
        One a layer.
    title : str, optional
        The length of the receptive field, if not given.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    layers = [tuple(np.atleast_1d(layer)) for layer in layers]
    layers = [(*layer, 1, 1)[:3] if len(layer) < 3 else layer for layer in layers]
    rows = _needed(layers)  # from the output down to the input
    centres, step = [np.arange(rows[-1][-1] + 1.0)], 1
    for (window, stride, dilation), row in zip(layers, rows[-2::-1], strict=True):
        first = centres[-1][0] + step * (span(window, dilation) - 1) / 2
        step *= stride
        centres.append(first + step * np.arange(row[-1] + 1))
    field, top = receptive_field(layers), len(layers)
    if ax is None:
        _, ax = plt.subplots(figsize=(0.32 * field + 2, 0.6 * top + 0.9))
    edge = [[-0.5, 0], [field - 0.5, 0], [centres[-1][0], top]]
    ax.add_patch(Polygon(edge, color=BLUE, alpha=0.12, linewidth=0))
    names = [f"after layer {i}" for i in range(1, top + 1)] if names is None else names
    for height, (name, at) in enumerate(zip(["input", *names], centres, strict=True)):
        for i, x in enumerate(at):
            matters = i in rows[top - height]
            _cell(ax, x, height, "#8fb8e8" if matters else "white", edgecolor=BLUE)
        ax.text(-1.2, height, name, ha="right", va="center", fontsize=9)
    ax.set(xlim=(-1, field), ylim=(-0.6, top + 0.6))
    ax.set_title(f"one output sees {field} input pixels" if title is None else title)
    ax.set_axis_off()
    return ax


def receptive_boxes(image, fields, ax=None):
    """Draw boxes of the given lengths around the middle of an image.

    Parameters
    ----------
    image : array (H, W)
        Intensities in [0, 1].
    fields : dict of str to int
        Length of each receptive field, in pixels, by name.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    image = checks.array(image, "image")
    H, W = image.shape
    ax = plt.subplots(figsize=(4.6, 3.2))[1] if ax is None else ax
    ax.imshow(image, cmap="gray", vmin=0, vmax=1)
    lines = np.linspace(0.12, 0.88, len(fields)) * H
    for i, ((name, field), y) in enumerate(zip(fields.items(), lines, strict=True)):
        left, upper = W // 2 - field // 2 - 0.5, H // 2 - field // 2 - 0.5
        colour = OUTLINE[i % 2]
        style = {"fill": False, "edgecolor": colour, "linewidth": 2.5}
        ax.add_patch(Rectangle((left, upper), field, field, **style))
        edge = (left + field, np.clip(y, upper, upper + field))
        ax.annotate(
            f"{name}: {field} x {field}",
            edge,
            (W + 1, y),
            va="center",
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour},
        )
    ax.set_axis_off()
    return ax


def _needed(layers):
    """Return the indices that matter, from the one output down to the input."""
    rows = [[0]]
    for window, stride, dilation in reversed(layers):
        below = {p * stride + i * dilation for p in rows[-1] for i in range(window)}
        rows.append(sorted(below))
    return rows


def _cell(ax, x, y, facecolor, edgecolor="0.6", height=0.84, linewidth=0.8, hatch=None):
    corner = (x - 0.5, y - height / 2)
    style = {"facecolor": facecolor, "edgecolor": edgecolor, "linewidth": linewidth}
    ax.add_patch(Rectangle(corner, 1, height, hatch=hatch, **style))
