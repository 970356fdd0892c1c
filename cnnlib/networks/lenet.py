"""The layers of 1998 that nobody builds any more, so that LeNet-5 can run as printed.

Each composes layers of today: subsampling is average pooling with two numbers a
channel, a sparse convolution is a convolution with most channels left out.
"""

import numpy as np

from .. import checks
from ..conv import AveragePooling, Convolution
from ..layer import Layer

__all__ = [
    "RadialBasis",
    "ScaledTanh",
    "SparseConvolution",
    "Subsampling",
    "digit_codes",
]


class Subsampling(Layer):
    """Add up each window, times a factor, plus a bias: one of each a channel.

    Parameters
    ----------
    W, b : array (C,)
        Factors and biases; training changes these very arrays.
    window : int
        Height and width, in pixels.
    stride, pad
        As in ``Pooling``.
    average : class
        ``AveragePooling`` of one engine or the other.

    References
    ----------
    LeCun et al. (1998), section II.B; notebooks/07_lenet_and_alexnet.ipynb.
    """

    parameters = ("W", "b")
    per_sample = True

    def __init__(self, W, b, window, stride=None, pad=0, average=AveragePooling):
        self.W, self.b = checks.array(W, "W"), checks.array(b, "b")
        self.window = window
        self.average = average(window, window, stride, pad)

    def forward(self, x, train=True):
        """Return the smaller maps (N, C, OH, OW)."""
        x = checks.images(x, channels=len(self.W))
        W, b = self.parameters_like(x)
        total = self.average.forward(x, train) * self.window**2  # (N, C, OH, OW)
        out = total * W.reshape(-1, 1, 1) + b.reshape(-1, 1, 1)
        return self.keep(train, out, total, W)

    def backward(self, dout):
        """Set dW and db; return dx (N, C, H, W)."""
        dout, total, W = self.recall(dout)
        self.dW = self.like("W", (dout * total).sum(axis=(0, 2, 3)))  # (C,)
        self.db = self.like("b", dout.sum(axis=(0, 2, 3)))  # (C,)
        return self.average.backward(dout * W.reshape(-1, 1, 1) * self.window**2)


class SparseConvolution(Layer):
    """A convolution whose filters look at some channels only.

    Parameters
    ----------
    W : array (K, FH, FW)
        One small filter for each pair (filter, channel) of ``sees``, in its order.
    b : array (FN,) or None
    sees : sequence of sequences of int
        For each of the FN filters, the channels that it looks at.
    channels : int
        How many channels come in.
    stride, pad, dilation
        As in ``Convolution``.
    convolution : class
        ``Convolution`` of one engine or the other.

    Raises
    ------
    ValueError
        If there are not as many small filters as pairs.

    References
    ----------
    LeCun et al. (1998), table I; notebooks/07_lenet_and_alexnet.ipynb.
    """

    parameters = ("W", "b")
    per_sample = True

    def __init__(
        self,
        W,
        b,
        sees,
        channels,
        stride=1,
        pad=0,
        dilation=1,
        convolution=Convolution,
    ):
        self.W, self.b = checks.array(W, "W"), b
        if b is None:
            self.parameters = ("W",)
        pairs = [(f, c) for f, seen in enumerate(sees) for c in seen]
        if self.W.ndim != 3 or len(self.W) != len(pairs):
            raise ValueError(
                f"W has shape {self.W.shape}; sees has {len(pairs)} pairs of a filter "
                f"and a channel, so expected ({len(pairs)}, FH, FW)."
            )
        self.filters, self.seen = map(np.array, zip(*pairs, strict=True))
        full = np.zeros((len(sees), channels, *self.W.shape[1:]), self.W.dtype)
        self.full = convolution(full, b, stride, pad, dilation)

    def forward(self, x, train=True):
        """Return the feature maps (N, FN, OH, OW)."""
        full = np.zeros(self.full.W.shape, self.W.dtype)  # (FN, C, FH, FW)
        full[self.filters, self.seen] = self.W  # 0 where a filter does not look
        self.full.W, self.full.b = full, self.b
        return self.keep(train, self.full.forward(x, train))

    def backward(self, dout):
        """Set dW and db; return dx (N, C, H, W)."""
        (dout,) = self.recall(dout)
        dx = self.full.backward(dout)
        self.dW = self.full.dW[self.filters, self.seen]  # (K, FH, FW)
        if self.b is not None:
            self.db = self.full.db.copy()  # one array must not be summed twice
        return dx


class ScaledTanh(Layer):
    """Squash numbers into (-1.7159, 1.7159), so that 1 becomes 1 and -1 becomes -1.

    References
    ----------
    LeCun et al. (1998), appendix A.
    """

    per_sample = True

    def forward(self, x, train=True):
        """Return ``1.7159 * tanh(2 / 3 * x)`` in the shape of x."""
        squashed = np.tanh(checks.array(x, "x") * (2 / 3))
        return self.keep(train, 1.7159 * squashed, squashed)

    def backward(self, dout):
        """Return dx in the shape of x."""
        dout, squashed = self.recall(dout)
        return dout * (1.7159 * 2 / 3) * (1 - squashed * squashed)


class RadialBasis(Layer):
    """Score each class by how near the input is to its code: minus the distance.

    The distance is the sum of squared differences. With ``SoftmaxWithLoss`` this is
    the second loss of the paper, without its constant.

    Parameters
    ----------
    codes : array (classes, D)
        Fixed: not trained.

    References
    ----------
    LeCun et al. (1998), sections II.B and II.C.
    """

    per_sample = True

    def __init__(self, codes):
        self.codes = checks.array(codes, "codes")

    def forward(self, x, train=True):
        """Return the scores (N, classes), 0 at best."""
        x = checks.floats(checks.features(x, self.codes.shape[1]), "x")
        gaps = x.reshape(len(x), 1, -1) - self.codes.astype(x.dtype)  # (N, classes, D)
        return self.keep(train, -(gaps * gaps).sum(axis=2), x.shape, gaps)

    def backward(self, dout):
        """Return dx in the shape of x."""
        dout, x_shape, gaps = self.recall(dout)
        return (-2 * dout[:, :, np.newaxis] * gaps).sum(axis=1).reshape(x_shape)


# Which of the seven strokes of a pocket calculator's display make each digit:
# top, top left, top right, middle, bottom left, bottom right, bottom.
STROKES = ("1110111", "0010010", "1011101", "1011011", "0111010")
STROKES += ("1101011", "1101111", "1010010", "1111111", "1111011")


def digit_codes():
    """Return drawings of the ten digits (10, 84): +1 ink, -1 paper, 7 x 12 pixels.

    The paper's own drawings imitate printed letters; these are our plain ones.
    """
    parts = (
        np.s_[0:2, :],
        np.s_[0:6, 0:2],
        np.s_[0:6, 5:7],
        np.s_[5:7, :],
        np.s_[6:12, 0:2],
        np.s_[6:12, 5:7],
        np.s_[10:12, :],
    )
    codes = np.full((10, 12, 7), -1, np.float32)
    for code, strokes in zip(codes, STROKES, strict=True):
        for part, on in zip(parts, strokes, strict=True):
            if on == "1":
                code[part] = 1
    return codes.reshape(10, 84)
