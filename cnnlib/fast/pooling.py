"""Pooling as a tournament of slices: all windows at once, one point at a time.

Point (i, j) of every window together is one strided slice of the images. So a
2x2 pooling compares four slices, each of them long runs of memory, and never
builds a window.
"""

import numpy as np

from .. import checks
from ..geometry import check_settings, resolve_pooling, whole
from ..layer import Layer
from .layout import batch_last, logical
from .threads import share


class WindowPooling(Layer):
    """What max and average pooling share: the window, its steps and its slices."""

    per_sample = True

    def __init__(self, pool_h, pool_w, stride=None, pad=0):
        self.pool_h = whole(pool_h, "pool_h", least=1)
        self.pool_w = whole(pool_w, "pool_w", least=1)
        self.stride = (self.pool_h, self.pool_w) if stride is None else stride
        self.pad = pad
        check_settings(self.stride, pad)

    def window(self, H, W):
        """Return the window on images of this size."""
        return resolve_pooling(H, W, self.pool_h, self.pool_w, self.stride, self.pad)


class Pooling(WindowPooling):
    """Keep the largest number of each window: max pooling.

    Parameters
    ----------
    pool_h, pool_w, stride, pad
        As in ``cnnlib.Pooling``, with the same results.
    """

    def forward(self, x, train=True):
        """Return the largest number of each window (N, C, OH, OW)."""
        x = batch_last(checks.images(x))
        g = self.window(*x.shape[1:3])
        padded = pad_images(x, g, checks.lowest(x))
        entries = slices(padded, g)
        out = np.empty((len(x), g.OH, g.OW, x.shape[3]), x.dtype)
        winner = np.empty(out.shape, winner_type(entries)) if train else None

        def work(channels):
            few = [entry[channels] for entry in entries]
            won = tournament(few, out[channels], train)
            if train:
                winner[channels] = won

        share(work, len(x), x.size)
        return self.keep(train, logical(out), winner, g, x.shape)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient at its winner, the rest 0."""
        dout, winner, g, shape = self.recall(dout)
        padded, dx = empty_padded(shape, g, dout.dtype)
        apart = g.stride[0] >= g.FH and g.stride[1] >= g.FW
        targets, dout = slices(padded, g), batch_last(dout)

        def work(channels):
            few = [target[channels] for target in targets]
            award(dout[channels], winner[channels], few, apart)

        share(work, len(dout), padded.size)
        return logical(dx)


def tournament(entries, out, train):
    """Write the largest number of all entries to ``out``; return who won, if asked.

    The winner is remembered as one byte, the number of its entry. A later entry
    must be truly larger, so the first of equal maxima wins.
    """
    byte = winner_type(entries)
    best, winner = entries[0], None
    for number, entry in enumerate(entries[1:], start=1):
        if train:
            beaten = (entry > best).view(np.uint8)
            if number == 1:
                winner = beaten.astype(byte, copy=False)
            else:  # a later number is larger than all before: a maximum replaces them
                np.maximum(winner, beaten * byte(number), out=winner)
        best = np.maximum(best, entry, out=out)
    if len(entries) == 1:
        out[...] = best
        winner = np.zeros(out.shape, byte) if train else None
    return winner


def winner_type(entries):
    """Return the smallest type that can number all entries."""
    return np.uint8 if len(entries) <= 256 else np.uint32


def award(dout, winner, targets, apart):
    """Give each gradient to the target that won, and 0 to the others.

    Where windows lie apart each product is written in place; where they overlap it
    must be added.
    """
    for number, target in enumerate(targets):
        if apart:
            np.multiply(dout, winner == number, out=target)
        else:
            target += dout * (winner == number)


def empty_padded(shape, g, dtype):
    """Return zeros for images with padding, and the view without the padding."""
    (top, bottom), (left, right) = g.pad
    C, H, W, N = shape
    padded = np.zeros((C, top + H + bottom, left + W + right, N), dtype)
    return padded, padded[:, top : top + H, left : left + W]


def pad_images(x, g, value):
    """Surround images (C, H, W, N) by ``value``; without padding return x itself."""
    if g.pad == ((0, 0), (0, 0)):
        return x
    return np.pad(x, ((0, 0), *g.pad, (0, 0)), constant_values=value)


def slices(padded, g):
    """Return for each point of the window the slice of all windows' pixels there."""
    sh, sw = g.stride
    h, w = sh * (g.OH - 1) + 1, sw * (g.OW - 1) + 1  # less than the image if it ends
    points = np.ndindex(g.FH, g.FW)
    return [padded[:, i : i + h : sh, j : j + w : sw] for i, j in points]


class AveragePooling(WindowPooling):
    """Average the pixels of each window; padding is not counted.

    Parameters
    ----------
    pool_h, pool_w, stride, pad
        As in ``cnnlib.AveragePooling``, with the same results.
    """

    def forward(self, x, train=True):
        """Return the mean of each window (N, C, OH, OW)."""
        x = batch_last(checks.images(x))
        g = self.window(*x.shape[1:3])
        share = 1 / real_pixels(g, *x.shape[1:3])
        dtype = x.dtype if x.dtype.kind == "f" else share.dtype
        out = np.zeros((len(x), g.OH, g.OW, x.shape[3]), dtype)
        for entry in slices(pad_images(x, g, 0), g):
            out += entry
        share = share.astype(dtype, copy=False)
        out *= share
        return self.keep(train, logical(out), share, g, x.shape)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient in equal parts."""
        dout, share, g, shape = self.recall(dout)
        part = batch_last(dout) * share
        padded, crop = empty_padded(shape, g, part.dtype)
        for target in slices(padded, g):
            target += part
        return logical(crop)


def real_pixels(g, H, W):
    """Count the pixels of each window that are no padding: (OH, OW, 1)."""
    real = pad_images(np.ones((1, H, W, 1)), g, 0)
    return sum(slices(real, g))[0]


class GlobalMaxPooling(Layer):
    """Keep the largest number of each feature map: (N, C, H, W) -> (N, C)."""

    per_sample = True

    def forward(self, x, train=True):
        """Return the maxima (N, C)."""
        x = batch_last(checks.images(x))
        rows = x.reshape(len(x), -1, x.shape[3])  # (C, H*W, N)
        out = rows.max(axis=1)
        winner = rows.argmax(axis=1) if train else None
        return self.keep(train, out.T, x.shape, winner)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient at its (first) winner."""
        dout, (C, H, W, N), winner = self.recall(dout)
        rows = np.zeros((C, H * W, N), dout.dtype)
        np.put_along_axis(rows, winner[:, np.newaxis], dout.T[:, np.newaxis], axis=1)
        return logical(rows.reshape(C, H, W, N))


class GlobalAveragePooling(Layer):
    """Average each feature map: (N, C, H, W) -> (N, C)."""

    per_sample = True

    def forward(self, x, train=True):
        """Return the means (N, C)."""
        x = batch_last(checks.images(x))
        return self.keep(train, x.mean(axis=(1, 2)).T, x.shape)

    def backward(self, dout):
        """Return dx (N, C, H, W): each gradient in equal parts."""
        dout, (C, H, W, N) = self.recall(dout)
        part = (dout / (H * W)).T[:, np.newaxis, np.newaxis]  # (C, 1, 1, N)
        return logical(np.broadcast_to(part, (C, H, W, N)).copy())
