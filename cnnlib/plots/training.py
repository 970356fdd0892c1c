"""Figures about training: spreads layer by layer, named curves, paths, confusions."""

import matplotlib.pyplot as plt
import numpy as np

from .. import checks

__all__ = [
    "bowl_paths",
    "confusion_grid",
    "histograms_by_layer",
    "named_curves",
    "spread_by_layer",
]

# Hues, line and mark differ together: no line is known by its colour alone.
LOOKS = (
    ("C0", "-", "o"),
    ("C1", "--", "s"),
    ("C2", ":", "^"),
    ("C0", "-.", "D"),
    ("C1", ":", "v"),
    ("C2", "-", "x"),
)


def histograms_by_layer(outputs, limits=(0, 3), bins=30):
    """Draw the numbers that leave each layer, a row for each way; return all Axes.

    Parameters
    ----------
    outputs : dict of str to sequence of array
        For each way, the outputs of its layers.
    limits : (float, float)
        Ends of the horizontal axes; what lies outside is not drawn.
    bins : int

    Returns
    -------
    array of Axes (ways, layers)
    """
    ways, layers = len(outputs), len(next(iter(outputs.values())))
    _, axes = plt.subplots(
        ways,
        layers,
        figsize=(1.35 * layers + 0.6, 1.15 * ways + 0.5),
        sharex=True,
        squeeze=False,
    )
    for row, (name, arrays) in zip(axes, outputs.items(), strict=True):
        for number, (ax, array) in enumerate(zip(row, arrays, strict=True), start=1):
            ax.hist(np.ravel(array), bins=bins, range=limits, color="C0")
            ax.set(yticks=[], xlim=limits)
            ax.grid(False)
            if ax in axes[0]:
                ax.set_title(f"layer {number}", fontsize=10)
        row[0].set_ylabel(name)
    axes[-1, layers // 2].set_xlabel("output of a unit")
    return axes


def spread_by_layer(spreads, ax=None, ylabel="standard deviation of the outputs"):
    """Draw one number a layer on a logarithmic axis, a line for each way.

    Parameters
    ----------
    spreads : dict of str to sequence of float
        Above 0.
    ax : Axes, optional
    ylabel : str

    Returns
    -------
    Axes
    """
    ax = named_curves(spreads, "layer", ylabel, ax, marks=True)
    ax.set_yscale("log")
    return ax


def named_curves(curves, xlabel, ylabel, ax=None, marks=False):
    """Draw one line for each name, from 1 on; return the Axes.

    Parameters
    ----------
    curves : dict of str to sequence of float
        They may differ in length.
    xlabel, ylabel : str
    ax : Axes, optional
    marks : bool
        Mark each number.

    Raises
    ------
    ValueError
        If there are more curves than looks that can be told apart.
    """
    if len(curves) > len(LOOKS):
        raise ValueError(
            f"there are {len(curves)} curves; at most {len(LOOKS)} can be told apart. "
            "Draw them into two figures."
        )
    ax = plt.subplots()[1] if ax is None else ax
    for (name, values), (colour, line, mark) in zip(
        curves.items(), LOOKS, strict=False
    ):
        places = np.arange(1, len(values) + 1)
        mark = mark if marks else None
        ax.plot(places, values, color=colour, ls=line, marker=mark, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def bowl_paths(height, paths, limits=((-10, 10), (-5, 5))):
    """Draw paths over the contours of a function of two numbers; return all Axes.

    Parameters
    ----------
    height : callable
        ``height(x, y)`` for arrays.
    paths : dict of str to array (steps, 2)
        A panel for each, from its first point to its last one.
    limits : ((left, right), (bottom, top))

    Returns
    -------
    array of Axes (rows, 3)
    """
    rows = -(-len(paths) // 3)
    _, axes = plt.subplots(
        rows, 3, figsize=(9, 2.2 * rows), sharex=True, sharey=True, squeeze=False
    )
    x, y = np.meshgrid(*(np.linspace(*ends, 100) for ends in limits))
    for ax in axes.flat:
        ax.contour(x, y, height(x, y), levels=12, colors="0.8", linewidths=0.8)
        ax.plot(0, 0, "+", color="black")
        ax.set(xlim=limits[0], ylim=limits[1])
        ax.grid(False)
    for ax, (name, path) in zip(axes.flat, paths.items(), strict=False):
        path = np.asarray(path)
        ax.plot(*path.T, "o-", color="C1", markersize=2.5, linewidth=1)
        ax.set_title(name)
        ax.label_outer()
    for ax in axes[-1]:
        ax.set_xlabel("x")
    for ax in axes[:, 0]:
        ax.set_ylabel("y")
    return axes


def confusion_grid(counts, names, ax=None):
    """Draw how often each class was taken for each; return the Axes.

    Parameters
    ----------
    counts : array (classes, classes) of int
        Rows: the true class. Columns: the answer.
    names : sequence of str
        Of the classes.
    ax : Axes, optional

    Raises
    ------
    ValueError
        If ``counts`` is not square or there are not as many names.
    """
    counts = checks.array(counts, "counts")
    if counts.shape != (len(names), len(names)):
        raise ValueError(
            f"counts has shape {counts.shape} for {len(names)} names; expected a row "
            "and a column for each name."
        )
    ax = plt.subplots(figsize=(5.6, 4.8))[1] if ax is None else ax
    ax.imshow(counts, cmap="Blues")
    dark = counts.max() / 2
    for (i, j), count in np.ndenumerate(counts):
        hue = "white" if count > dark else "black" if count else "0.75"
        ax.text(j, i, f"{count:g}", ha="center", va="center", color=hue, fontsize=8)
    places = np.arange(len(names))
    ax.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(places, names)
    ax.set(xlabel="answer", ylabel="true class")
    ax.grid(False)
    return ax
