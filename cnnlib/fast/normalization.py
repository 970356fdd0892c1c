"""Batch normalization on batch-last memory, alone or together with a ReLU after it.

One feature is one unbroken row of memory, and no feature needs another. So each row
goes through all steps, ReLU included, before the next one is touched: it stays in
the core's own cache meanwhile. And two cores can take one half of the rows each.
"""

import numpy as np

from .. import checks
from ..layer import Layer
from .layers import positive
from .layout import channel_rows, from_channel_rows, gradient_like
from .threads import cut, hold_blas, share

CACHE = 1 << 19  # numbers of one array that are worked on at a time
STEPS = 4  # what the steps on a number cost, if a copy costs 1


class BatchNormalization(Layer):
    """Give each feature mean 0 and variance 1 over the batch, then scale and shift.

    Parameters
    ----------
    gamma, beta : array (D,) or (C,)
    momentum, eps : float
        As in ``cnnlib.BatchNormalization``, with the same results.

    Attributes
    ----------
    running_mean, running_var : array (D,) or (C,)
    dgamma, dbeta : array
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
        return self.normalize(x, train, relu=False)

    @hold_blas
    def normalize(self, x, train, relu):
        """Do ``forward``, and a ReLU after it if ``relu``; ``backward`` knows."""
        x = checks.floats(checks.channels(x, len(self.gamma)), "x")
        rows = channel_rows(x)  # (C, n)
        out = np.empty(rows.shape, rows.dtype)
        way = self._with_own_statistics if train else self._with_running_statistics
        kept = way(rows, x.shape, out, relu)
        return self.keep(train, from_channel_rows(out, x.shape), *kept)

    def _with_running_statistics(self, rows, shape, out, relu):
        """Write the outputs of test mode: one factor and one summand a feature."""
        slope = self.gamma / np.sqrt(self.running_var + self.eps)
        shift = self.beta - self.running_mean * slope
        slope, shift = (v.astype(out.dtype)[:, np.newaxis] for v in (slope, shift))

        def work(few):
            part = np.multiply(rows[few], slope[few], out=out[few])
            part += shift[few]
            if relu:
                positive(part, out=part)

        row_by_row(work, rows)
        return ()

    def _with_own_statistics(self, rows, shape, out, relu):
        """Write the outputs of training; return what ``backward`` wants."""
        n = rows.shape[1]
        if n < 2:
            raise ValueError(
                f"x has shape {shape}: one value a feature, so the variance is 0 and "
                "all would become 0. Train with at least 2 samples in a batch, or call "
                "forward(x, train=False) for a single one."
            )
        gamma, beta = (p[:, np.newaxis] for p in self.parameters_like(rows))
        mean, var, std = (np.empty((len(rows), 1), rows.dtype) for _ in range(3))
        positives = np.empty(rows.shape, bool) if relu else None

        def work(few):
            mean[few] = rows[few].mean(axis=1, keepdims=True)
            part = np.subtract(rows[few], mean[few], out=out[few])
            var[few, 0] = np.vecdot(part, part) / n
            std[few] = np.sqrt(var[few] + self.eps)
            part *= gamma[few] / std[few]
            part += beta[few]
            if relu:
                np.greater(part, 0, out=positives[few])
                positive(part, out=part)

        row_by_row(work, rows)
        self._move_averages(mean[:, 0], var[:, 0] * (n / (n - 1)))
        return rows, mean, std, gamma / std, positives

    def _move_averages(self, mean, var):
        new = 1 - self.momentum
        self.running_mean *= self.momentum
        self.running_mean += new * mean
        self.running_var *= self.momentum
        self.running_var += new * var

    @hold_blas
    def backward(self, dout):
        """Set dgamma and dbeta; return dx in the shape of x."""
        dout, rows, mean, std, slope, positives = self.recall(dout)
        drows = channel_rows(dout)  # (C, n)
        n = rows.shape[1]
        dx = np.empty(rows.shape, np.result_type(rows, drows))
        dgamma, dbeta = (np.empty((len(rows), 1), dx.dtype) for _ in range(2))

        def work(few):
            d = drows[few] if positives is None else drows[few] * positives[few]
            part = np.subtract(rows[few], mean[few], out=dx[few])
            dbeta[few] = d.sum(axis=1, keepdims=True)
            dgamma[few, 0] = np.vecdot(d, part)
            dgamma[few] /= std[few]
            part *= -dgamma[few] / (n * std[few])
            part += d
            part -= dbeta[few] / n
            part *= slope[few]

        row_by_row(work, rows)
        self.dbeta = gradient_like(dbeta[:, 0], self.beta)
        self.dgamma = gradient_like(dgamma[:, 0], self.gamma)
        return from_channel_rows(dx, dout.shape)


class NormRelu(Layer):
    """Batch normalization and ReLU as one step, whose middle is never written."""

    def __init__(self, norm):
        self.norm = norm

    def forward(self, x, train=True):
        """Return the positive ones of the normalized x, zeros elsewhere."""
        return self.norm.normalize(x, train, relu=True)

    def backward(self, dout):
        """Set dgamma and dbeta of the normalization; return dx."""
        return self.norm.backward(dout)


def row_by_row(work, rows):
    """Call ``work(slice)`` for a few rows at a time, in two threads if it pays."""

    def some(half):
        for few in cut(half, CACHE // rows.shape[1]):
            work(few)

    share(some, len(rows), STEPS * rows.size)
