"""A convolution as matrix products over rows that are unfolded once, in width.

im2col copies each pixel FH*FW times. Here each is copied FW times only, into
``xw`` (rows, C, FW, OW*N). The patches of output row y are then FH rows of xw
that follow each other in memory: one matrix (FH*C*FW, OW*N), no copy at all.
The matrices of neighbouring y overlap, which a read-only view may do.
(Memory-efficient convolution, Cho & Brand 2017.)
"""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..geometry import Window, span

BLOCK = 1024  # columns of one matrix product
CACHE = 1 << 17  # numbers that stay in a core's own cache: half a megabyte


def forward(x, W, b, g, out):
    """Write the feature maps of images x (C, H, W, N) to ``out`` (FN, OH, OW, N).

    Returns what the two backward functions want: the patches (OH, FH*C*FW, OW*N).
    """
    patches = windows(unfold_width(x, g), g)
    out = by_row(out)
    for rows in chunks(g.OH, out[0].size):
        multiply(W, b, patches[rows], out[rows])
    return patches


def multiply(W, b, patches, out):
    """Apply all filters to some rows: ``out[y] = W @ patches[y] + b``.

    At most BLOCK columns at a time: 30 filters of 5x5 on rows of 2,400 then run
    at 200 GFLOP/s instead of 130. The bias is added while ``out`` is in the cache.
    """
    filters = filter_rows(W)
    for columns in blocks(out.shape[2]):
        np.matmul(filters, patches[:, :, columns], out=out[:, :, columns])
    if b is not None:
        out += b[:, np.newaxis]


def by_row(maps):
    """Show feature maps (FN, OH, OW, N) as matrices (OH, FN, OW*N)."""
    return maps.reshape(*maps.shape[:2], -1).transpose(1, 0, 2)


def filter_rows(W):
    """Return filters (FN, C, FH, FW) as rows (FN, FH*C*FW), in the patches' order."""
    return W.transpose(0, 2, 1, 3).reshape(len(W), -1)


def blocks(size):
    """Cut ``size`` columns into slices of nearly equal length, at most BLOCK."""
    count = -(-size // BLOCK)
    edges = [size * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def chunks(rows, numbers_a_row):
    """Cut rows into slices whose results fit into the cache, one row at least."""
    step = max(CACHE // numbers_a_row, 1)
    return [slice(y, min(y + step, rows)) for y in range(0, rows, step)]


def unfold_width(x, g):
    """Copy images (C, H, W, N) to (rows, C, FW, OW*N), each pixel FW times at most.

    Where OW*N is a multiple of 1,024 every row starts in the same corner of the
    cache; 16 unused numbers at the end of each row avoid that (1.3x faster).
    """
    C, H, W, N = x.shape
    (top, _), (left, _) = g.pad
    rows = (g.OH - 1) * g.stride[0] + span(g.FH, g.dilation[0])
    columns = g.OW * N
    spare = 16 if columns % 1024 == 0 else 0
    xw = np.empty((rows, C, g.FW, columns + spare), x.dtype)[..., :columns]
    target = xw.reshape(rows, C, g.FW, g.OW, N)
    inside = slice(top, min(top + H, rows))
    source = x[:, : max(rows - top, 0)].transpose(1, 0, 2, 3)  # (rows inside, C, W, N)
    target[:top] = target[top + H :] = 0
    for j in range(g.FW):
        first, last, pixels = reach(j * g.dilation[1] - left, g.stride[1], W, g.OW)
        target[:, :, j, :first] = target[:, :, j, last:] = 0
        target[inside, :, j, first:last] = source[:, :, pixels]
    return xw


def reach(offset, stride, size, places):
    """Find the places that see a real pixel through one column of the window.

    Place x looks at pixel ``offset + stride * x``. Returns the first such place,
    the one after the last, and the slice of the pixels that they see.
    """
    first = min(max(-(offset // stride), 0), places)
    last = min(max((size - 1 - offset) // stride + 1, first), places)
    start = offset + stride * first
    return first, last, slice(start, start + stride * (last - first), stride)


def windows(xw, g):
    """Show unfolded rows as patches (OH, FH*C*FW, OW*N): overlapping, read-only.

    Rows that a vertical dilation keeps apart are copied by ``reshape``, others not.
    """
    _, C, FW, columns = xw.shape
    row, channel, offset, number = xw.strides
    view = as_strided(
        xw,
        (g.OH, g.FH, C * FW, columns),
        (g.stride[0] * row, g.dilation[0] * row, offset, number),
        writeable=False,
    )
    return view.reshape(g.OH, g.FH * C * FW, columns)


def backward_filters(dout, patches, W):
    """Return dW from dout (FN, OH, OW, N) and the patches that forward returned.

    In blocks of columns, as in ``multiply``: 145 instead of 56 GFLOP/s.
    """
    FN, C, FH, FW = W.shape
    d = by_row(dout)
    dW = sum(
        np.matmul(d[:, :, c], patches[:, :, c].transpose(0, 2, 1)).sum(axis=0)
        for c in blocks(d.shape[2])
    )
    return dW.reshape(FN, FH, C, FW).transpose(0, 2, 1, 3)


def backward_images(dout, W, g, shape):
    """Return dx (C, H, W, N): as a convolution where that copies less."""
    FN, C, FH, _ = W.shape
    flipped = flip(g, shape)
    if flipped is not None and FN < 2 * C * FH:
        dx = np.empty(shape, dout.dtype)
        forward(dout, W[:, :, ::-1, ::-1].transpose(1, 0, 2, 3), None, flipped, dx)
        return dx
    return scatter(dout, W, g, shape)


def flip(g, shape):
    """Return the window of the convolution that turns dout into dx, or None.

    With stride 1, pixel h collects from all outputs whose window held it: that is
    a convolution of dout with the filter turned by 180 degrees. No scattered sums.
    """
    spans = (span(g.FH, g.dilation[0]), span(g.FW, g.dilation[1]))
    pad = tuple(
        tuple(s - 1 - p for p in pads) for s, pads in zip(spans, g.pad, strict=True)
    )
    if g.stride != (1, 1) or min(min(p) for p in pad) < 0:
        return None
    return Window(g.FH, g.FW, (1, 1), pad, g.dilation, shape[1], shape[2])


def scatter(dout, W, g, shape):
    """Return dx (C, H, W, N) by adding each patch to where it came from.

    Some rows at a time, so that the patches stay in the cache (no whole dcol).
    """
    C, H, width, N = shape
    (top, bottom), (left, right) = g.pad
    padded = np.zeros((C, top + H + bottom, left + width + right, N), dout.dtype)
    filters = filter_rows(W).T  # (FH*C*FW, FN)
    d = by_row(dout)
    for chunk in chunks(g.OH, filters.shape[0] * d.shape[2]):
        patches = np.matmul(filters, d[chunk])  # (rows, FH*C*FW, OW*N)
        patches = patches.reshape(-1, g.FH, C, g.FW, g.OW, N).transpose(
            1, 3, 2, 0, 4, 5
        )
        for i, j in np.ndindex(g.FH, g.FW):
            padded[:, *places(g, chunk, i, j)] += patches[i, j]  # (C, rows, OW, N)
    return padded[:, top : top + H, left : left + width]


def places(g, rows, i, j):
    """Return the slices of the padded image under point (i, j) of some windows."""
    (sh, sw), (dh, dw) = g.stride, g.dilation
    y, x = rows.start * sh + i * dh, j * dw
    count = rows.stop - rows.start
    return (
        slice(y, y + sh * (count - 1) + 1, sh),
        slice(x, x + sw * (g.OW - 1) + 1, sw),
    )
