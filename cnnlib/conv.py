"""Convolution and pooling: the layers that look through a window.

These are the textbook versions. Each one turns windows into rows with
``im2col``, does one simple thing to the rows, and goes back with ``col2im``.
"""

import numpy as np

from . import checks
from .geometry import check_settings, resolve, resolve_pooling, whole
from .im2col import col2im, im2col
from .layer import Layer

__all__ = [
    "AveragePooling",
    "Convolution",
    "GlobalAveragePooling",
    "GlobalMaxPooling",
    "Pooling",
]


class Convolution(Layer):
    """Slide filters over images; each output is one sum of products plus a bias.

    Parameters
    ----------
    W : array (FN, C, FH, FW)
        FN filters. The layer uses this very array: training changes it in place.
    b : array (FN,) or None
        One bias a filter; None for a convolution without bias.
    stride, dilation : int or (vertical, horizontal)
    pad : int, (vertical, horizontal), ((top, bottom), (left, right)) or a mode
        Zeros around the image; modes are 'valid', 'same' and 'full'.
    groups : int
        Split channels and filters into this many groups that do not see each
        other. W then holds C = channels / groups.

    Attributes
    ----------
    dW, db : array
        Gradients, of the shapes of W and b, after ``backward``.

    Raises
    ------
    ValueError
        If shapes do not fit together or the filter does not fit the image.

    Notes
    -----
    Images (N, C*groups, H, W) become (N, FN, OH, OW). A floating input decides
    the type of the output. The operation is cross-correlation: the filter is
    not flipped.

    References
    ----------
    Saito, section 7.4.3; notebooks/01_convolution.ipynb, 04_im2col.ipynb.
    """

    parameters = ("W", "b")

    def __init__(self, W, b, stride=1, pad=0, dilation=1, groups=1):
        self.groups = whole(groups, "groups", least=1)
        self.W, self.b = checks.filters(W, b, self.groups)
        if b is None:
            self.parameters = ("W",)
        self.stride, self.pad, self.dilation = stride, pad, dilation
        check_settings(stride, pad, dilation)

    def forward(self, x, train=True):
        """Return the feature maps (N, FN, OH, OW)."""
        FN, C, FH, FW = self.W.shape
        x = checks.images(x, channels=C * self.groups)
        N = len(x)
        g = resolve(*x.shape[2:], FH, FW, self.stride, self.pad, self.dilation)
        W, *bias = self.parameters_like(x)

        col = im2col(x, FH, FW, self.stride, self.pad, self.dilation)
        cols = np.split(col, self.groups, axis=1)  # each (N*OH*OW, C*FH*FW)
        filters = np.split(W.reshape(FN, -1), self.groups)  # each (FN/groups, C*FH*FW)
        out = np.hstack([c @ f.T for c, f in zip(cols, filters, strict=True)])
        out = out + bias[0] if bias else out  # (N*OH*OW, FN)
        out = out.reshape(N, g.OH, g.OW, FN).transpose(0, 3, 1, 2)
        return self.keep(train, out, x.shape, cols, filters)

    def backward(self, dout):
        """Set dW and db; return dx (N, C*groups, H, W)."""
        dout, x_shape, cols, filters = self.recall(dout)
        FN, _, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)  # (N*OH*OW, FN)
        douts = np.split(dout, self.groups, axis=1)  # each (N*OH*OW, FN/groups)

        dW = np.vstack([d.T @ c for d, c in zip(douts, cols, strict=True)])
        self.dW = self.like("W", dW.reshape(self.W.shape))
        if self.b is not None:
            self.db = self.like("b", dout.sum(axis=0))
        dcol = np.hstack([d @ f for d, f in zip(douts, filters, strict=True)])
        return col2im(dcol, x_shape, FH, FW, self.stride, self.pad, self.dilation)


class WindowPooling(Layer):
    """What max and average pooling share: the window and its steps.

    Parameters
    ----------
    pool_h, pool_w : int
        Height and width of the window, in pixels.
    stride : int, (vertical, horizontal) or None
        None means the window itself: windows side by side.
    pad : int, (vertical, horizontal), ((top, bottom), (left, right)) or a mode
        Smaller than the window, so that each window sees a real pixel.
    """

    def __init__(self, pool_h, pool_w, stride=None, pad=0):
        self.pool_h = whole(pool_h, "pool_h", least=1)
        self.pool_w = whole(pool_w, "pool_w", least=1)
        self.stride = (self.pool_h, self.pool_w) if stride is None else stride
        self.pad = pad
        check_settings(self.stride, pad)

    def _window(self, x):
        return resolve_pooling(
            *x.shape[2:], self.pool_h, self.pool_w, self.stride, self.pad
        )

    def _to_images(self, rows, shape):
        """Add rows (N*OH*OW*C, FH*FW) back to images, as backward needs it."""
        col = rows.reshape(-1, shape[1] * self.pool_h * self.pool_w)
        return col2im(col, shape, self.pool_h, self.pool_w, self.stride, self.pad)


class Pooling(WindowPooling):
    """Keep the largest number of each window: max pooling.

    It has no parameters and keeps the channels apart. Padding is minus infinity,
    so it never wins.

    Parameters
    ----------
    pool_h, pool_w : int
        Height and width of the window, in pixels.
    stride : int, (vertical, horizontal) or None
        None means the window itself: windows side by side.
    pad : int, (vertical, horizontal), ((top, bottom), (left, right)) or a mode
        Smaller than the window, so that each window sees a real pixel.

    Raises
    ------
    ValueError
        If the window does not fit, or would see nothing but padding.

    Notes
    -----
    Images (N, C, H, W) become (N, C, OH, OW). In ``backward`` the whole gradient
    of a window goes to its largest number, to the first one if several are equal.

    References
    ----------
    Saito, section 7.4.4; notebooks/03_pooling.ipynb.
    """

    def forward(self, x, train=True):
        """Return the largest number of each window (N, C, OH, OW)."""
        x = checks.images(x)
        N, C, _, _ = x.shape
        g = self._window(x)
        padded = np.pad(x, ((0, 0), (0, 0), *g.pad), constant_values=checks.lowest(x))

        col = im2col(padded, g.FH, g.FW, g.stride)  # (N*OH*OW, C*FH*FW)
        rows = col.reshape(-1, g.FH * g.FW)  # (N*OH*OW*C, FH*FW)
        winner = rows.argmax(axis=1)  # the first of equal maxima
        out = rows.max(axis=1).reshape(N, g.OH, g.OW, C).transpose(0, 3, 1, 2)
        return self.keep(train, out, x.shape, winner)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient at its winner, the rest 0."""
        dout, x_shape, winner = self.recall(dout)
        rows = np.zeros((dout.size, self.pool_h * self.pool_w), dout.dtype)
        rows[np.arange(dout.size), winner] = dout.transpose(0, 2, 3, 1).reshape(-1)
        return self._to_images(rows, x_shape)


class AveragePooling(WindowPooling):
    """Average the pixels of each window; padding is not counted.

    Parameters
    ----------
    pool_h, pool_w, stride, pad
        As in ``Pooling``.

    Notes
    -----
    Images (N, C, H, W) become (N, C, OH, OW). In ``backward`` each gradient is
    shared equally among the real pixels of its window.

    References
    ----------
    LeCun et al. (1998), section II.B; notebooks/03_pooling.ipynb.
    """

    def forward(self, x, train=True):
        """Return the mean of each window (N, C, OH, OW)."""
        x = checks.images(x)
        N, C, H, W = x.shape
        g = self._window(x)
        col = im2col(x, g.FH, g.FW, g.stride, g.pad)  # (N*OH*OW, C*FH*FW)
        real = im2col(np.ones((1, 1, H, W), x.dtype), g.FH, g.FW, g.stride, g.pad)
        real = real.reshape(g.OH, g.OW, 1, -1)  # 1 on the image, 0 on padding

        total = col.reshape(N, g.OH, g.OW, C, -1).sum(axis=-1)
        out = (total / real.sum(axis=-1)).transpose(0, 3, 1, 2)
        return self.keep(train, out, x.shape, real)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient in equal parts."""
        dout, x_shape, real = self.recall(dout)
        parts = real / real.sum(axis=-1, keepdims=True)  # (OH, OW, 1, FH*FW)
        rows = dout.transpose(0, 2, 3, 1)[..., np.newaxis] * parts
        return self._to_images(rows, x_shape)


class GlobalMaxPooling(Layer):
    """Keep the largest number of each feature map: (N, C, H, W) -> (N, C).

    References
    ----------
    notebooks/03_pooling.ipynb.
    """

    def forward(self, x, train=True):
        """Return the maxima (N, C)."""
        x = checks.images(x)
        rows = x.reshape(*x.shape[:2], -1)  # (N, C, H*W)
        return self.keep(train, rows.max(axis=2), x.shape, rows.argmax(axis=2))

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient at its (first) winner."""
        dout, x_shape, winner = self.recall(dout)
        rows = np.zeros((*x_shape[:2], x_shape[2] * x_shape[3]), dout.dtype)
        np.put_along_axis(rows, winner[..., np.newaxis], dout[..., np.newaxis], axis=2)
        return rows.reshape(x_shape)


class GlobalAveragePooling(Layer):
    """Average each feature map: (N, C, H, W) -> (N, C).

    References
    ----------
    Lin, Chen & Yan, "Network in Network" (2013); notebooks/03_pooling.ipynb.
    """

    def forward(self, x, train=True):
        """Return the means (N, C)."""
        x = checks.images(x)
        return self.keep(train, x.mean(axis=(2, 3)), x.shape)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient in equal parts."""
        dout, x_shape = self.recall(dout)
        part = dout / (x_shape[2] * x_shape[3])  # (N, C)
        return np.broadcast_to(part[:, :, np.newaxis, np.newaxis], x_shape).copy()
