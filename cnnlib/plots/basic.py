"""The figures that every notebook uses: images, filters, curves and bars."""

import matplotlib.pyplot as plt
import numpy as np

from .. import checks

__all__ = [
    "accuracy_curves",
    "describe",
    "filter_show",
    "loss_curve",
    "probability_stems",
    "show_images",
    "use_style",
]


def use_style() -> None:
    """Give all figures that follow the look of the course."""
    plt.style.use("cnnlib.course")


def describe(ax, alt) -> None:
    """Show the figure of ``ax`` in a notebook, with a text alternative.

    Parameters
    ----------
    ax : Axes
        Any one of the figure.
    alt : str
        What the picture shows, in a sentence: read out by screen readers, and
        stored with the picture.
    """
    from IPython.display import display

    figure = ax.get_figure()
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)  # or the notebook would show it a second time


def show_images(images, titles=None, nx=8, ax=None):
    """Tile images on one grey scale from 0 to 1; return the Axes.

    Parameters
    ----------
    images : array (N, 1, H, W), (N, 3, H, W) or (N, H, W)
        Intensities in [0, 1].
    titles : sequence of str or int, optional
        One for each image, written above it.
    nx : int
        Images a row.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Raises
    ------
    ValueError
        If the shape is none of these, or there are not as many titles as images.
    """
    images = _grey_or_colour(images, "images")
    if titles is not None and len(titles) != len(images):
        raise ValueError(
            f"there are {len(titles)} titles for {len(images)} images; expected one "
            "each."
        )
    gap = 1 if titles is None else max(images.shape[1] // 3, 2)
    ax = _mosaic(images, nx, gap, ax, fill=1.0, limits=(0, 1))
    for i, title in enumerate(titles if titles is not None else []):
        y, x = _corner(i, nx, images.shape[1:3], gap)
        middle = x + images.shape[2] / 2 - 0.5
        ax.text(middle, y - 1, str(title), ha="center", va="bottom", fontsize=9)
    return ax


def filter_show(filters, nx=8, ax=None):
    """Tile FN filters on one symmetric grey scale; return the Axes.

    Black is the most negative weight of all filters, white the most positive, and
    the middle grey is always 0: so filters can be compared.

    Parameters
    ----------
    filters : array (FN, C, FH, FW)
        Only the first channel is drawn.
    nx : int
        Filters a row.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    References
    ----------
    Saito, section 7.6.1; notebooks/06_filter_visualization.ipynb.
    """
    filters = checks.images(filters, name="filters")[:, 0]
    most = np.abs(filters).max() or 1.0
    ax = _mosaic(filters, nx, 1, ax, fill=np.nan, limits=(-most, most))
    ax.set_title(f"{len(filters)} filters; black {-most:.2g}, grey 0, white {most:.2g}")
    return ax


def loss_curve(losses, steps_per_epoch=1, ax=None):
    """Draw the loss of every step and, from 100 steps, its mean; return the Axes.

    Parameters
    ----------
    losses : sequence of float
        One a step, in nats.
    steps_per_epoch : int
        Turns the horizontal axis into epochs.
    ax : Axes, optional
    """
    losses = checks.array(losses, "losses")
    ax = _axes(ax)
    epochs = np.arange(1, len(losses) + 1) / steps_per_epoch
    width = max(len(losses) // 50, 1)
    pale = {"color": "0.75", "linewidth": 0.8} if width > 1 else {}
    ax.plot(epochs, losses, label="each step", **pale)
    if width > 1:  # a mean of one step would only hide the line below it
        mean = np.convolve(losses, np.full(width, 1 / width), mode="valid")
        ax.plot(epochs[width - 1 :], mean, label=f"mean of {width}")
    ax.set(xlabel="epochs", ylabel="loss (nats)", ylim=(0, None))
    ax.legend()
    return ax


def accuracy_curves(train, test, ax=None):
    """Draw the accuracies of each epoch, solid and dashed; return the Axes.

    Parameters
    ----------
    train, test : sequence of float
        Accuracies in [0, 1], one an epoch.
    ax : Axes, optional
    """
    ax = _axes(ax)
    epochs = np.arange(1, len(train) + 1)
    ax.plot(epochs, train, "o-", label="training images")
    ax.plot(epochs, test, "s--", label="test images")
    ax.set(xlabel="epoch", ylabel="accuracy")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def probability_stems(probabilities, truth=None, ax=None):
    """Draw one stem a class and point at the right one; return the Axes.

    Parameters
    ----------
    probabilities : array (classes,)
        As ``softmax`` returns them.
    truth : int, optional
        The right class.
    ax : Axes, optional
    """
    ax = _axes(ax)
    classes = np.arange(len(probabilities))
    ax.stem(classes, probabilities, basefmt="C2-")
    if truth is not None:
        above = (0, 12)  # points
        ax.annotate(
            "truth",
            (truth, probabilities[truth]),
            above,
            textcoords="offset points",
            ha="center",
            arrowprops={"arrowstyle": "->"},
        )
    ax.set(xlabel="class", ylabel="probability", ylim=(0, 1), xticks=classes)
    return ax


def _axes(ax):
    return plt.subplots()[1] if ax is None else ax


def _grey_or_colour(images, name):
    """Return images as (N, H, W) or (N, H, W, 3), as Matplotlib wants them."""
    images = checks.array(images, name)
    if images.ndim == 3:
        return images
    images = checks.images(images, name=name)
    if images.shape[1] == 1:
        return images[:, 0]
    if images.shape[1] == 3:
        return images.transpose(0, 2, 3, 1)
    raise ValueError(
        f"{name} has shape {images.shape}, that is {images.shape[1]} channels; "
        "expected 1 (grey) or 3 (red, green, blue). Choose a channel: images[:, :1]."
    )


def _corner(i, nx, size, gap):
    """Return the top left pixel of tile ``i``."""
    row, col = divmod(i, nx)
    return gap + row * (size[0] + gap), 1 + col * (size[1] + 1)


def _mosaic(images, nx, gap, ax, fill, limits):
    """Draw images side by side, ``gap`` pixels between the rows."""
    N, H, W = images.shape[:3]
    nx = min(nx, N)
    height, width = gap + -(-N // nx) * (H + gap), 1 + nx * (W + 1)
    canvas = np.full((height, width, *images.shape[3:]), fill, np.float32)
    for i, image in enumerate(images):
        y, x = _corner(i, nx, (H, W), gap)
        canvas[y : y + H, x : x + W] = image
    if ax is None:
        inches = 6.0
        _, ax = plt.subplots(figsize=(inches, inches * height / width))
    ax.imshow(canvas, cmap="gray", vmin=limits[0], vmax=limits[1])
    ax.set_axis_off()
    return ax
