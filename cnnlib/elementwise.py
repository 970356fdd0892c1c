"""Layers that treat each number, or each row of scores, alone.

Nothing here depends on where the numbers lie in memory, so both rooms use
these very classes: the textbook (``layers``) and the quick one (``fast``).
"""

import numpy as np

from . import checks
from .functions import log_softmax, mean_loss, sigmoid
from .layer import Layer

__all__ = ["Dropout", "Sigmoid", "SoftmaxWithLoss", "Tanh"]


class Sigmoid(Layer):
    """Squash every number into (0, 1).

    References
    ----------
    Saito, section 5.5.2.
    """

    per_sample = True

    def forward(self, x, train=True):
        """Return ``1 / (1 + exp(-x))`` in the shape of x."""
        out = sigmoid(checks.floats(x, "x"))
        return self.keep(train, out, out)

    def backward(self, dout):
        """Return ``dout * out * (1 - out)``."""
        dout, out = self.recall(dout)
        return dout * out * (1 - out)


class Tanh(Layer):
    """Squash every number into (-1, 1), as the units of LeNet-5 did.

    References
    ----------
    LeCun et al. (1998).
    """

    per_sample = True

    def forward(self, x, train=True):
        """Return ``tanh(x)`` in the shape of x."""
        out = np.tanh(checks.floats(x, "x"))
        return self.keep(train, out, out)

    def backward(self, dout):
        """Return ``dout * (1 - out**2)``."""
        dout, out = self.recall(dout)
        return dout * (1 - out * out)


class Dropout(Layer):
    """Switch off a random part of the numbers while training.

    The rest is multiplied by ``1 / (1 - ratio)``, so that the expected sum stays
    the same and nothing has to be done at test time ("inverted" dropout; the book
    multiplies at test time instead).

    Parameters
    ----------
    ratio : float
        The part to switch off, in [0, 1).
    rng : numpy.random.Generator, int or None
        Where the random numbers come from; an int is a seed.

    References
    ----------
    Srivastava et al. (2014); Saito, section 6.4.3.
    """

    def __init__(self, ratio=0.5, rng=None):
        self.ratio = checks.fraction(ratio, "ratio")
        self.rng = checks.as_rng(rng)

    def forward(self, x, train=True):
        """Return x with random zeros while training, x itself otherwise."""
        x = checks.array(x, "x")
        if not train:
            return self.keep(train, x)
        stays = self.rng.random(x.shape) >= self.ratio
        scale = np.where(stays, 1 / (1 - self.ratio), 0)
        scale = scale.astype(x.dtype if x.dtype.kind == "f" else float, copy=False)
        return self.keep(train, x * scale, scale)

    def backward(self, dout):
        """Return dx: zeros at the same places, the same factor elsewhere."""
        dout, scale = self.recall(dout)
        return dout * scale


class SoftmaxWithLoss(Layer):
    """Turn scores into probabilities and these into one number, the loss.

    Together they have the simplest gradient of all: probability minus truth.
    So a network ends with scores, and the softmax is applied here, once.

    References
    ----------
    Saito, section 5.6.3.
    """

    per_sample = True

    def forward(self, x, t, train=True):
        """Return the mean cross entropy of scores (N, classes) against t.

        ``t`` holds labels (N,), or one-hot rows or probabilities (N, classes).
        """
        x = checks.floats(x, "x")
        if x.ndim != 2:
            raise ValueError(f"x has shape {x.shape}; expected scores (N, classes).")
        t = checks.labels(t, x.shape)
        log_y = log_softmax(x)
        self._kept = (log_y, t) if train else None
        return mean_loss(log_y, t)

    def backward(self, dout=1):
        """Return dx (N, classes), the gradient of ``dout`` times the loss."""
        log_y, t = self.kept()
        dx = np.exp(log_y)  # the probabilities
        if t.ndim == 2:
            dx = dx - t.astype(dx.dtype, copy=False)
        else:
            dx[np.arange(len(t)), t] -= 1
        return dx * dx.dtype.type(dout / len(dx))
