"""Figures of modern networks: their history, their blocks, their cost and accuracy."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from .. import checks

__all__ = ["branch_diagram", "challenge_chart", "cost_and_accuracy", "layer_gradients"]

BLUE, ORANGE, GREY = "#1f5fa8", "#c2541b", "#6b6b6b"
FACE, MARKED = "#dbe7f5", "#f6d9c8"
STEP = 1.7  # from the middle of one box to the next


def challenge_chart(years, names, errors, human=None, faint=(), ax=None):
    """Draw the errors of a challenge as one bar an entry; return the Axes.

    Parameters
    ----------
    years : sequence of int
    names : sequence of str
    errors : sequence of float
        Parts of all images, in [0, 1]; drawn in percent.
    human : float, optional
        Error of a person: a dashed line.
    faint : sequence of str
        Names whose bars are pale, such as those that did not win.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    percent = 100 * checks.floats(errors, "errors")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 3.4))
    for i, (name, value) in enumerate(zip(names, percent, strict=True)):
        bar = ax.bar(i, value, color="#a9c6ea" if name in faint else BLUE, width=0.72)
        free = {"facecolor": "white", "linewidth": 0, "pad": 0.5}  # of the dashed line
        ax.bar_label(bar, fmt="%.3g %%", padding=3, fontsize=9, bbox=free)
    labels = [f"{year}\n{name}" for year, name in zip(years, names, strict=True)]
    ax.set_xticks(range(len(labels)), labels, fontsize=9)
    ax.set(ylabel="top-5 error (%)", ylim=(0, 1.12 * percent.max()))
    if human is not None:
        ax.axhline(100 * human, color=ORANGE, linestyle="--", linewidth=1.3)
        text = f"a person:\n{100 * human:.3g} %"
        ax.text(len(percent) - 0.45, 100 * human + 0.4, text, color=ORANGE, fontsize=9)
        ax.set_xlim(-0.6, len(percent) + 0.35)
    ax.grid(axis="x", visible=False)
    return ax


def branch_diagram(branches, join, marked=(), title=None, ax=None):
    """Draw a block: from one input through several branches to where they meet.

    Parameters
    ----------
    branches : sequence of sequence of str
        For each branch its layers in order; an empty one is the identity, a line.
    join : str
        What happens at the end, such as '+' or 'concat'.
    marked : sequence of str
        Layers that are drawn in orange.
    title : str, optional
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    longest, rows = max(map(len, branches)), len(branches)
    right = STEP * (longest + 1)
    if ax is None:
        _, ax = plt.subplots(figsize=(0.85 * right + 1, 0.62 * rows + 0.5))
    middle = (rows - 1) / 2
    _node(ax, 0, middle, "input", "white")
    _node(ax, right, middle, join, "white")
    for row, branch in zip(range(rows)[::-1], branches, strict=True):
        room = right - STEP * (len(branch) + 1)  # short branches stand in the middle
        at = [room / 2 + STEP * (i + 1) for i in range(len(branch))]
        ends = (0, middle), (right - _half(join), middle)
        turns = (STEP - 0.65, row), (right - STEP + 0.65, row)
        _wires(ax, [ends[0], *turns, ends[1]], bare=not branch)
        for x, label in zip(at, branch, strict=True):
            _node(ax, x, row, label, MARKED if label in marked else FACE)
    ax.set(xlim=(-0.7, right + 0.7), ylim=(-0.6, rows - 0.4))
    if title is not None:
        ax.set_title(title)
    ax.set_axis_off()
    return ax


def cost_and_accuracy(names, multiply_adds, parameters, accuracies, ax=None):
    """Draw networks by work and accuracy; the area is the parameters.

    Parameters
    ----------
    names : sequence of str
    multiply_adds, parameters : sequence of float
        For one image; of the whole network.
    accuracies : sequence of float
        In [0, 1]; drawn in percent.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    work = checks.floats(multiply_adds, "multiply_adds") / 1e9
    millions = checks.floats(parameters, "parameters") / 1e6
    percent = 100 * checks.floats(accuracies, "accuracies")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 4.2))
    areas = 12 * millions
    ax.scatter(work, percent, areas, color=BLUE, alpha=0.35, linewidth=0)
    ax.plot(work, percent, ".", color=BLUE, markersize=4)
    places = np.stack([np.log10(work) / 1.8, percent / 40])  # about equal on paper
    for i, name in enumerate(names):
        apart = np.hypot(*(places - places[:, [i]]))
        apart[i] = np.inf
        side = np.sign(work[i] - work[apart.argmin()]) if apart.min() < 0.15 else 0
        far = 5 + np.sqrt(areas[i] / np.pi)
        style = {"textcoords": "offset points", "fontsize": 8.5}
        style["ha"] = {0: "center", 1: "left", -1: "right"}[int(side)]
        style["va"] = "center" if side else "top"
        text = f"{name}\n{millions[i]:.3g} M"
        offset = (side * far, 0 if side else -far)
        ax.annotate(text, (work[i], percent[i]), offset, **style)
    room = 0.25 * np.ptp(percent) + 1
    ax.set(xscale="log", xlim=(work.min() / 2, work.max() * 2))
    ax.set(ylim=(percent.min() - room, percent.max() + room / 2))
    ax.set(xlabel="multiply-adds for one image (billions)", ylabel="accuracy (%)")
    ticks = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set(xlim=(work.min() / 2, work.max() * 2))
    return ax


def layer_gradients(sizes, ax=None):
    """Draw how large the gradient is at each layer, on a log axis; return the Axes.

    Parameters
    ----------
    sizes : dict of str to sequence of float
        By the name of the network: one size a layer, the first layer first.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    """
    ax = plt.subplots()[1] if ax is None else ax
    for (name, values), style in zip(sizes.items(), "os^", strict=False):
        values = checks.floats(values, name)
        ax.semilogy(range(1, len(values) + 1), values, style + "-", ms=3.5, label=name)
    ax.set(xlabel="layer", ylabel="size of the gradient (RMS)")
    ax.legend()
    return ax


def _node(ax, x, y, label, colour):
    """Draw a box with a label, above all wires; a small one for a sign."""
    half = _half(label)
    style = {"boxstyle": "round,pad=0.03,rounding_size=0.08"}
    box = FancyBboxPatch((x - half, y - 0.27), 2 * half, 0.54, **style)
    box.set(facecolor=colour, edgecolor=GREY, linewidth=0.9, zorder=3)
    ax.add_patch(box)
    ax.text(x, y, label, ha="center", va="center", fontsize=8.5, zorder=4)


def _half(label) -> float:
    """Return half the width of a box."""
    return 0.2 if len(label) < 2 else 0.52


def _wires(ax, stops, bare):
    """Join the stops by lines, which the boxes cover; the end is an arrow."""
    colour, width = (ORANGE, 2) if bare else (GREY, 1.1)
    ax.plot(*zip(*stops[:-1], strict=True), color=colour, linewidth=width, zorder=1)
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": width}
    style |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 12}
    (x, y), (right, middle) = stops[-2:]
    end = (right - 0.06, middle + 0.2 * np.sign(y - middle))
    ax.annotate("", end, (x, y), arrowprops=style, zorder=1)
