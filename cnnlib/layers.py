"""The layers without a window: Affine, activations, normalizations, the loss.

In the order in which the course meets them. Each is a few lines of NumPy with
the shape at the end of every line that changes it. Those that do not care about
shapes at all (Sigmoid, Tanh, Dropout, SoftmaxWithLoss) stand in ``elementwise``.
"""

import numpy as np

from . import checks
from .elementwise import Dropout, Sigmoid, SoftmaxWithLoss, Tanh
from .geometry import whole
from .layer import Layer

__all__ = [
    "Affine",
    "BatchNormalization",
    "Dropout",
    "Flatten",
    "LocalResponseNormalization",
    "Relu",
    "Sigmoid",
    "SoftmaxWithLoss",
    "Tanh",
]


class Affine(Layer):
    """Connect every input with every output: ``x @ W + b``.

    Images are flattened first; ``backward`` gives them their shape back.

    Parameters
    ----------
    W : array (D, M)
        D features in, M out. The layer uses this very array.
    b : array (M,) or None
        One bias an output; None for no bias.

    Attributes
    ----------
    dW, db : array
        Gradients, of the shapes of W and b, after ``backward``.

    Raises
    ------
    ValueError
        If a sample has not D features.

    References
    ----------
    Saito, section 5.6.
    """

    parameters = ("W", "b")

    def __init__(self, W, b):
        self.W, self.b = checks.matrix(W, b)
        if b is None:
            self.parameters = ("W",)

    def forward(self, x, train=True):
        """Return the outputs (N, M)."""
        x = checks.features(x, self.W.shape[0])
        W, *bias = self.parameters_like(x)
        rows = x.reshape(len(x), -1)  # (N, D)
        out = rows @ W  # (N, M)
        out = out + bias[0] if bias else out
        return self.keep(train, out, x.shape, rows, W)

    def backward(self, dout):
        """Set dW and db; return dx in the shape of x."""
        dout, x_shape, rows, W = self.recall(dout)
        self.dW = self.like("W", rows.T @ dout)  # (D, M)
        if self.b is not None:
            self.db = self.like("b", dout.sum(axis=0))  # (M,)
        return (dout @ W.T).reshape(x_shape)


class Relu(Layer):
    """Let positive numbers through, turn the others into 0.

    References
    ----------
    Saito, section 5.5.1. At 0 the gradient is 0, as in PyTorch.
    """

    def forward(self, x, train=True):
        """Return ``max(x, 0)`` in the shape of x."""
        x = checks.array(x, "x")
        mask = x > 0
        return self.keep(train, np.maximum(x, 0), mask)

    def backward(self, dout):
        """Return dx: the gradient where x was positive, 0 elsewhere."""
        dout, mask = self.recall(dout)
        return dout * mask


class Flatten(Layer):
    """Lay each image out as one row of features: (N, C, H, W) -> (N, C*H*W)."""

    def forward(self, x, train=True):
        """Return the rows (N, C*H*W)."""
        x = checks.array(x, "x")
        return self.keep(train, x.reshape(len(x), -1), x.shape)

    def backward(self, dout):
        """Return dx: the same numbers in the shape of x."""
        dout, x_shape = self.recall(dout)
        return dout.reshape(x_shape)


class BatchNormalization(Layer):
    """Give each feature mean 0 and variance 1 over the batch, then scale and shift.

    A feature is a column of (N, D), or a channel of (N, C, H, W): then all pixels
    of all images are averaged together. At test time the running averages of the
    training batches take the place of the batch's own.

    Parameters
    ----------
    gamma, beta : array (D,) or (C,)
        Scale and shift of each feature.
    momentum : float
        Part of the running average that is kept at each batch, in [0, 1).
        PyTorch calls the other part, ``1 - momentum``, momentum.
    eps : float
        Added to the variance, so that nothing is divided by 0.

    Attributes
    ----------
    running_mean, running_var : array (D,) or (C,)
        Averages over batches; the variance with the divisor n - 1 (unbiased).
    dgamma, dbeta : array
        Gradients after ``backward``.

    Raises
    ------
    ValueError
        If the features do not fit, or a training batch holds one value a feature.

    References
    ----------
    Ioffe & Szegedy (2015); Saito, section 6.3.
    """

    parameters = ("gamma", "beta")
    statistics = ("running_mean", "running_var")

    def __init__(self, gamma, beta, momentum=0.9, eps=1e-5):
        self.gamma, self.beta = checks.scales(gamma, beta)
        self.momentum = checks.fraction(momentum, "momentum")
        self.eps = eps
        self.running_mean = np.zeros(self.gamma.shape, self.gamma.dtype)
        self.running_var = np.ones(self.gamma.shape, self.gamma.dtype)

    def forward(self, x, train=True):
        """Return the normalized x in the shape of x."""
        x = checks.floats(checks.channels(x, len(self.gamma)), "x")
        gamma, beta = (_along_channels(p, x) for p in self.parameters_like(x))
        if train:
            mean, var = self._batch_statistics(x)
        else:
            mean, var = self.running_mean, self.running_var
        mean = _along_channels(mean, x).astype(x.dtype, copy=False)
        std = np.sqrt(_along_channels(var, x) + self.eps).astype(x.dtype, copy=False)
        scaled = (x - mean) / std
        return self.keep(train, gamma * scaled + beta, scaled, gamma / std)

    def backward(self, dout):
        """Set dgamma and dbeta; return dx in the shape of x."""
        dout, scaled, slope = self.recall(dout)
        axes = _batch_axes(dout)
        dbeta = dout.sum(axis=axes)
        dgamma = (dout * scaled).sum(axis=axes)
        self.dbeta, self.dgamma = self.like("beta", dbeta), self.like("gamma", dgamma)
        n = dout.size // len(self.gamma)  # values a feature
        mean_dout = _along_channels(dbeta / n, dout)
        mean_product = _along_channels(dgamma / n, dout)
        return slope * (dout - mean_dout - scaled * mean_product)

    def _batch_statistics(self, x):
        """Return mean and variance of the batch, and move the running averages."""
        axes = _batch_axes(x)
        n = x.size // len(self.gamma)
        if n < 2:
            raise ValueError(
                f"x has shape {x.shape}: one value a feature, so the variance is 0 and "
                "all would become 0. Train with at least 2 samples in a batch, or call "
                "forward(x, train=False) for a single one."
            )
        mean, var = x.mean(axis=axes), x.var(axis=axes)
        new = 1 - self.momentum
        self.running_mean *= self.momentum
        self.running_mean += new * mean
        self.running_var *= self.momentum
        self.running_var += new * var * (n / (n - 1))
        return mean, var


def _batch_axes(x):
    """Name all axes but the features' one, which is axis 1."""
    return (0, *range(2, x.ndim))


def _along_channels(values, x):
    """Give one value a feature the shape that broadcasts over x."""
    return values.reshape(1, -1, *(1,) * (x.ndim - 2))


class LocalResponseNormalization(Layer):
    """Divide each number by the energy of the channels next to it.

    ``x / (k + alpha / size * sum of squares of size channels) ** beta``: strong
    responses push their neighbours down. AlexNet used it; batch normalization
    took its place.

    Parameters
    ----------
    size : int
        How many channels form a neighbourhood, the own one in the middle.
    alpha, beta, k : float
        As in the formula. ``alpha`` is divided by ``size``, as ONNX and PyTorch
        define it; in the AlexNet paper it is not, so their 1e-4 is our 5e-4.

    References
    ----------
    Krizhevsky et al. (2012), section 3.3; notebooks/07_lenet_and_alexnet.ipynb.
    """

    def __init__(self, size=5, alpha=1e-4, beta=0.75, k=2.0):
        self.size = whole(size, "size", least=1)
        self.alpha, self.beta, self.k = float(alpha), float(beta), float(k)

    def forward(self, x, train=True):
        """Return the normalized feature maps (N, C, H, W)."""
        x = checks.floats(checks.images(x), "x")
        before, after = self.size // 2, (self.size - 1) // 2
        energy = _sum_channels(x * x, before, after)  # (N, C, H, W)
        base = self.k + self.alpha / self.size * energy
        scale = base**-self.beta
        return self.keep(train, x * scale, x, base, scale)

    def backward(self, dout):
        """Return dx: the own part, less what the neighbours lose through x."""
        dout, x, base, scale = self.recall(dout)
        before, after = self.size // 2, (self.size - 1) // 2
        shared = _sum_channels(dout * x * scale / base, after, before)
        return dout * scale - 2 * self.beta * self.alpha / self.size * x * shared


def _sum_channels(x, before, after):
    """Add up each channel and its neighbours, fewer at the ends."""
    C = x.shape[1]
    padded = np.pad(x, ((0, 0), (before, after), (0, 0), (0, 0)))
    return sum(padded[:, i : i + C] for i in range(before + after + 1))
