"""The definitions as plain loops: slow, short and easy to believe.

Notebooks print these functions and tests trust them. Each has the same two
loops: over every output number, and over every point of its window; only
``convolution_by_offsets`` leaves the first one to NumPy.
``np.ndindex(a, b)`` is ``for i in range(a): for j in range(b)`` in one line, and
``g.at(y, x, i, j)`` is the pixel under point (i, j) of the window at (y, x).
"""

import numpy as np

from .checks import floats, lowest
from .geometry import resolve, resolve_pooling


def convolution(x, W, b=None, stride=1, pad=0, dilation=1, groups=1):
    """Multiply each window by the filter, add up, add the bias once."""
    FN, C, FH, FW = W.shape
    g = resolve(*x.shape[2:], FH, FW, stride, pad, dilation)
    padded = _pad(x, g, 0)
    b = np.zeros(FN, W.dtype) if b is None else b
    out = np.zeros((len(x), FN, g.OH, g.OW), np.result_type(x, W, b))
    for n, k, oy, ox in np.ndindex(out.shape):
        first = k // (FN // groups) * C  # the first channel of the filter's group
        for c, i, j in np.ndindex(C, FH, FW):
            pixel = padded[n, first + c][g.at(oy, ox, i, j)]
            out[n, k, oy, ox] += pixel * W[k, c, i, j]
        out[n, k, oy, ox] += b[k]
    return out


def convolution_by_offsets(x, W, b=None, stride=1, pad=0, dilation=1, groups=1):
    """Do the same weight by weight: NumPy multiplies all windows at once.

    A weight at offset (i, j) of its filter meets the same image in every window,
    shifted by (i, j). So the two loops over outputs become one slice.
    """
    FN, C, FH, FW = W.shape
    g = resolve(*x.shape[2:], FH, FW, stride, pad, dilation)
    padded = _pad(x, g, 0)
    b = np.zeros(FN, W.dtype) if b is None else b
    out = np.zeros((len(x), FN, g.OH, g.OW), np.result_type(x, W, b))
    for k, c, i, j in np.ndindex(W.shape):
        first = k // (FN // groups) * C
        (top, left), (bottom, right) = g.at(0, 0, i, j), g.at(g.OH - 1, g.OW - 1, i, j)
        rows = slice(top, bottom + 1, g.stride[0])
        cols = slice(left, right + 1, g.stride[1])
        out[:, k] += padded[:, first + c, rows, cols] * W[k, c, i, j]
    return out + np.reshape(b, (FN, 1, 1))


def convolution_backward(dout, x, W, stride=1, pad=0, dilation=1, groups=1):
    """Send each output's gradient to the pixels and weights that made it.

    Returns ``dx, dW, db``.
    """
    FN, C, FH, FW = W.shape
    g = resolve(*x.shape[2:], FH, FW, stride, pad, dilation)
    padded = _pad(x, g, 0)
    dtype = np.result_type(dout, x, W)
    dpadded = np.zeros(padded.shape, dtype)
    dW, db = np.zeros(W.shape, dtype), np.zeros(FN, dtype)
    for n, k, oy, ox in np.ndindex(dout.shape):
        first = k // (FN // groups) * C
        for c, i, j in np.ndindex(C, FH, FW):
            pixel = g.at(oy, ox, i, j)
            dW[k, c, i, j] += dout[n, k, oy, ox] * padded[n, first + c][pixel]
            dpadded[n, first + c][pixel] += dout[n, k, oy, ox] * W[k, c, i, j]
        db[k] += dout[n, k, oy, ox]
    return g.crop(dpadded), dW, db


def max_pooling(x, pool_h, pool_w, stride=None, pad=0):
    """Keep the largest number of each window; padding never wins."""
    g = resolve_pooling(*x.shape[2:], pool_h, pool_w, stride, pad)
    padded = _pad(x, g, lowest(x))  # minus infinity, or the smallest integer
    out = np.full((*x.shape[:2], g.OH, g.OW), lowest(x), x.dtype)
    for n, c, oy, ox in np.ndindex(out.shape):
        for i, j in np.ndindex(pool_h, pool_w):
            pixel = padded[n, c][g.at(oy, ox, i, j)]
            out[n, c, oy, ox] = max(out[n, c, oy, ox], pixel)
    return out


def max_pooling_backward(dout, x, pool_h, pool_w, stride=None, pad=0):
    """Send each gradient to the winner of its window: the first, if several tie."""
    g = resolve_pooling(*x.shape[2:], pool_h, pool_w, stride, pad)
    padded = _pad(x, g, lowest(x))
    dpadded = np.zeros(padded.shape, dout.dtype)
    for n, c, oy, ox in np.ndindex(dout.shape):
        winner, largest = None, -np.inf
        for i, j in np.ndindex(pool_h, pool_w):
            pixel = g.at(oy, ox, i, j)
            if padded[n, c][pixel] > largest:
                winner, largest = pixel, padded[n, c][pixel]
        dpadded[n, c][winner] += dout[n, c, oy, ox]
    return g.crop(dpadded)


def average_pooling(x, pool_h, pool_w, stride=None, pad=0):
    """Average the real pixels of each window; padding is not counted."""
    g = resolve_pooling(*x.shape[2:], pool_h, pool_w, stride, pad)
    x = floats(x, "x")
    padded, real = _pad(x, g, 0), _pad(np.ones_like(x), g, 0)
    out = np.zeros((*x.shape[:2], g.OH, g.OW), x.dtype)
    for n, c, oy, ox in np.ndindex(out.shape):
        total, count = 0, 0
        for i, j in np.ndindex(pool_h, pool_w):
            total += padded[n, c][g.at(oy, ox, i, j)]
            count += real[n, c][g.at(oy, ox, i, j)]
        out[n, c, oy, ox] = total / count
    return out


def average_pooling_backward(dout, x, pool_h, pool_w, stride=None, pad=0):
    """Share each gradient equally among the real pixels of its window."""
    g = resolve_pooling(*x.shape[2:], pool_h, pool_w, stride, pad)
    real = _pad(np.ones_like(x), g, 0)
    dpadded = np.zeros(real.shape, dout.dtype)
    for n, c, oy, ox in np.ndindex(dout.shape):
        pixels = [g.at(oy, ox, i, j) for i, j in np.ndindex(pool_h, pool_w)]
        count = sum(real[n, c][pixel] for pixel in pixels)
        for pixel in pixels:
            dpadded[n, c][pixel] += dout[n, c, oy, ox] / count
    return g.crop(dpadded)


def im2col(x, filter_h, filter_w, stride=1, pad=0, dilation=1):
    """Copy window after window into the rows of a matrix, number by number."""
    N, C, H, W = x.shape
    g = resolve(H, W, filter_h, filter_w, stride, pad, dilation)
    padded = _pad(x, g, 0)
    col = np.zeros((N, g.OH, g.OW, C, filter_h, filter_w), x.dtype)
    for n, oy, ox, c, i, j in np.ndindex(col.shape):
        col[n, oy, ox, c, i, j] = padded[n, c][g.at(oy, ox, i, j)]
    return col.reshape(N * g.OH * g.OW, C * filter_h * filter_w)


def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0, dilation=1):
    """Add each number of the matrix to the pixel that im2col took it from."""
    N, C, H, W = input_shape
    g = resolve(H, W, filter_h, filter_w, stride, pad, dilation)
    padded = _pad(np.zeros(input_shape, col.dtype), g, 0)
    windows = col.reshape(N, g.OH, g.OW, C, filter_h, filter_w)
    for n, oy, ox, c, i, j in np.ndindex(windows.shape):
        padded[n, c][g.at(oy, ox, i, j)] += windows[n, oy, ox, c, i, j]
    return g.crop(padded)


def local_response_normalization(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Divide each number by the energy of the channels next to it."""
    x = floats(x, "x")
    out = np.zeros_like(x)
    C = x.shape[1]
    for n, c, row, col in np.ndindex(x.shape):
        neighbours = range(max(c - size // 2, 0), min(c + (size + 1) // 2, C))
        energy = sum(x[n, i, row, col] ** 2 for i in neighbours)
        out[n, c, row, col] = x[n, c, row, col] / (k + alpha / size * energy) ** beta
    return out


def batch_normalization(x, gamma, beta, eps=1e-5):
    """Give every feature (2-D) or channel (4-D) mean 0 and variance 1, then scale."""
    x = floats(x, "x")
    out = np.zeros_like(x)
    for c in range(x.shape[1]):
        values = x[:, c]
        centred = values - values.mean()
        scaled = centred / np.sqrt((centred**2).mean() + eps)
        out[:, c] = gamma[c] * scaled + beta[c]
    return out


def _pad(x, g, value):
    """Surround the images by ``value``."""
    return np.pad(x, ((0, 0), (0, 0), *g.pad), constant_values=value)
