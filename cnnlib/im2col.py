"""im2col and col2im: windows to rows, and back.

A convolution looks at many small windows. ``im2col`` writes each window as one
row of a matrix, so that a single matrix product does all the multiplying.
``col2im`` is its adjoint: it adds every row back to where it came from.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import checks
from .geometry import resolve, span

__all__ = ["col2im", "im2col"]


def im2col(x, filter_h, filter_w, stride=1, pad=0, dilation=1):
    """Write every window of the images as one row of a matrix.

    Parameters
    ----------
    x : array (N, C, H, W)
        Images.
    filter_h, filter_w : int
        Height FH and width FW of the window, in pixels.
    stride, dilation : int or (vertical, horizontal)
    pad : int, (vertical, horizontal), ((top, bottom), (left, right)) or a mode
        Zeros around the images; modes are 'valid', 'same' and 'full'.

    Returns
    -------
    array (N*OH*OW, C*FH*FW)
        A new array of the type of ``x``. Rows run over images, then places from
        left to right and top to bottom; columns over channels, then the window.

    Raises
    ------
    ValueError
        If ``x`` is not 4-D or the window does not fit.

    References
    ----------
    Saito, sections 7.4.2 and 7.4.3; notebooks/04_im2col.ipynb.
    """
    x = checks.images(x)
    N, C, H, W = x.shape
    g = resolve(H, W, filter_h, filter_w, stride, pad, dilation)
    (sh, sw), (dh, dw) = g.stride, g.dilation

    padded = np.pad(x, ((0, 0), (0, 0), *g.pad))
    spans = (span(g.FH, dh), span(g.FW, dw))
    windows = sliding_window_view(padded, spans, axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]  # (N, C, OH, OW, FH, FW)
    windows = windows.transpose(0, 2, 3, 1, 4, 5).copy()  # (N, OH, OW, C, FH, FW)
    return windows.reshape(N * g.OH * g.OW, -1)


def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0, dilation=1):
    """Add every row of ``col`` back to the pixels that it came from.

    Where windows overlap a pixel stands in several rows, and their numbers add
    up. This makes it the exact adjoint of ``im2col``:
    ``(im2col(x) * col).sum() == (x * col2im(col)).sum()``.

    Parameters
    ----------
    col : array (N*OH*OW, C*FH*FW)
        Rows in the order of ``im2col``.
    input_shape : (N, C, H, W)
        Shape of the images.
    filter_h, filter_w, stride, pad, dilation
        As they were given to ``im2col``.

    Returns
    -------
    array (N, C, H, W)
        A new array of the type of ``col``.

    Raises
    ------
    ValueError
        If ``col`` has not the shape that ``im2col`` would return.

    References
    ----------
    Saito, sections 7.4.2 and 7.4.3; notebooks/04_im2col.ipynb.
    """
    N, C, H, W = _image_shape(input_shape)
    g = resolve(H, W, filter_h, filter_w, stride, pad, dilation)
    (sh, sw), (dh, dw) = g.stride, g.dilation
    col = checks.array(col, "col")
    expected = (N * g.OH * g.OW, C * g.FH * g.FW)
    if col.shape != expected:
        raise ValueError(
            f"col has shape {col.shape}; for input {(N, C, H, W)} and filter "
            f"{g.FH}x{g.FW} im2col gives {expected}: (N*OH*OW, C*FH*FW). Pass the same "
            "stride, pad and dilation to both."
        )

    windows = col.reshape(N, g.OH, g.OW, C, g.FH, g.FW).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((N, C, H + sum(g.pad[0]), W + sum(g.pad[1])), col.dtype)
    for i in range(g.FH):
        rows = slice(i * dh, i * dh + sh * (g.OH - 1) + 1, sh)
        for j in range(g.FW):
            cols = slice(j * dw, j * dw + sw * (g.OW - 1) + 1, sw)
            padded[:, :, rows, cols] += windows[:, :, i, j]  # "=" would lose overlaps
    return g.crop(padded)


def _image_shape(shape):
    if np.shape(shape) != (4,) or min(shape) < 1:
        raise ValueError(
            f"input_shape is {shape}; expected four positive numbers (N, C, H, W): "
            "pass x.shape of the images."
        )
    return shape
