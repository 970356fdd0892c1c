"""The gallery: all six widgets on one page, for any web server.

``python -m cnnlib.widgets.gallery FOLDER`` writes ``index.html`` and a page for each
widget. They need no kernel, no network and no other file; put the folder anywhere.
"""

import sys
from pathlib import Path

import numpy as np

from ..architectures import ALEXNET
from ..data import load_digits
from ..networks import SimpleConvNet
from ..trainer import Trainer
from .convolution import ConvolutionExplorer
from .digit_pad import DigitPad
from .im2col import Im2colExplorer
from .pages import write_page
from .pooling import PoolingExplorer
from .shapes import ShapeCalculator
from .training import TrainingMonitor


def gallery(folder) -> Path:
    """Write the pages of all six widgets, and one page with all of them.

    What they show is made here: random numbers, a letter, scikit-learn's digits. So
    the pages may be published.

    Parameters
    ----------
    folder : path
        Is made if it does not exist.

    Returns
    -------
    Path
        ``index.html``, the page with all six.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    widgets = [(heading, make()) for heading, make in WIDGETS.items()]
    for heading, widget in widgets:
        widget.to_html(folder / f"{type(widget).__name__}.html", title=heading)
    return write_page(folder / "index.html", widgets, title="cnnlib: the widgets")


def convolution():
    """Return an explorer of a letter and of a filter that finds its edges."""
    letter = np.zeros((9, 9))
    letter[1:8, 2:4] = letter[6:8, 2:8] = 9
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return ConvolutionExplorer(letter, sobel)


def pooling():
    """Return an explorer of 36 numbers."""
    return PoolingExplorer(np.random.default_rng(3).integers(0, 10, (6, 6)))


def im2col():
    """Return an explorer of two images with two channels, and three filters."""
    rng = np.random.default_rng(4)
    return Im2colExplorer(
        rng.integers(0, 10, (2, 2, 5, 5)), rng.integers(-2, 3, (3, 2, 2, 2))
    )


def monitor():
    """Return the monitor of a training that is over: eight epochs of small digits."""
    train, test = load_digits()
    network = SimpleConvNet(weight_init_std="he", rng=7)
    trainer = Trainer(network, *train, *test, epochs=8, verbose=False, rng=7)
    watched = TrainingMonitor(trainer)
    trainer.train()
    return watched


WIDGETS = {
    "A filter slides over an image": convolution,
    "Pooling keeps the winner of each window": pooling,
    "im2col: a convolution becomes one product of matrices": im2col,
    "Shapes, parameters and views of a stack of layers": lambda: ShapeCalculator(
        ALEXNET
    ),
    "Draw a digit, and a network answers": lambda: DigitPad(
        SimpleConvNet.pretrained(), *load_digits()[1]
    ),
    "A network learns": monitor,
}


if __name__ == "__main__":
    print(gallery(sys.argv[1] if len(sys.argv) > 1 else "gallery"))
