"""A convolution as matrix products over rows that are unfolded in width only.

im2col copies each pixel FH*FW times. Here each is copied FW times, into ``xw``
(rows, C, FW, columns). The patches of output row y are then FH rows of xw that
follow each other in memory: one matrix (FH*C*FW, columns), no further copy. The
matrices of neighbouring y overlap, which a read-only view may do.
(Memory-efficient convolution, Cho & Brand 2017.)

It is done for a few columns of the feature maps at a time, so that xw is small
and stays in the cache; ``backward`` unfolds again instead of keeping it.
"""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..geometry import Window, span
from .threads import product_cost, share

BLOCK = 1024  # columns of one matrix product, at most
SMALL = 1_000_000  # products up to which OpenBLAS does not rearrange its operands
SHORT = 128  # columns below which the patches of all rows make one product
CACHE = 1 << 19  # numbers worked on at a time: 2 MB, near enough to a core


def forward(x, W, b, g, out):
    """Write the feature maps of images x (C, H, W, N) to ``out`` (FN, OH, OW, N).

    Returns what ``backward`` wants: the images.
    """
    if is_short(g, x):
        forward_short(x, W, b, g, out)
        return x

    def work(columns):
        for patches, maps in matrices(x, W, g, out, columns):
            for rows in chunks(slice(0, g.OH), maps[0].size):
                multiply(W, b, patches[rows], maps[rows])

    share(work, g.OW, product_cost(W, out[0].size))
    return x


def matrices(x, W, g, maps, columns):
    """Yield patches (OH, FH*C*FW, columns) and maps (OH, FN, columns), a few at a time.

    ``columns`` is a slice of the OW columns of the feature maps.
    """
    step = max(block_length(W.size) // x.shape[3], 1)
    for start in range(columns.start, columns.stop, step):
        some = slice(start, min(start + step, columns.stop))
        left = g.pad[1][0] - start * g.stride[1]
        part = g._replace(OW=some.stop - start, pad=(g.pad[0], (left, 0)))
        yield windows(unfold_width(x, part), part), by_row(maps[:, :, some])


def is_short(g, x):
    """Tell whether rows of the feature maps are too short for good products."""
    return g.OW * x.shape[3] < SHORT and g.OH > 1


def forward_short(x, W, b, g, out):
    """Do what ``forward`` does where rows are short, as for a single image.

    All patches are copied into one matrix: AlexNet with one image is 3x faster so.
    """
    col = gather(unfold_width(x, g), g)  # (C*FH*FW, OH*OW*N)
    W, out = W.reshape(len(W), -1), out.reshape(len(W), -1)

    def work(filters):
        np.matmul(W[filters], col, out=out[filters])
        if b is not None:
            out[filters] += b[filters, np.newaxis]

    share(work, len(W), product_cost(W, col.shape[1]))


def backward_short(dout, x, W, g):
    """Return dW where rows are short."""
    col = gather(unfold_width(x, g), g)  # (C*FH*FW, OH*OW*N)
    d, dW = dout.reshape(len(W), -1), np.empty(W.shape, dout.dtype)

    def work(filters):
        np.matmul(d[filters], col.T, out=dW[filters].reshape(-1, len(col)))

    share(work, len(W), product_cost(W, col.shape[1]))
    return dW


def gather(xw, g):
    """Copy all patches into one matrix (C*FH*FW, OH*OW*N), in the order of W."""
    _, C, FW, columns = xw.shape
    col = np.empty((C, g.FH, FW, g.OH, columns), xw.dtype)
    for i in range(g.FH):
        start, step = i * g.dilation[0], g.stride[0]
        rows = slice(start, start + step * (g.OH - 1) + 1, step)
        col[:, i] = xw[rows].transpose(1, 2, 0, 3)  # (C, FW, OH, OW*N)
    return col.reshape(C * g.FH * FW, -1)


def multiply(W, b, patches, out):
    """Apply all filters to some rows: ``out[y] = W @ patches[y] + b``.

    The bias is added while ``out`` is in the cache.
    """
    filters = filter_rows(W)
    for columns in blocks(out.shape[2], filters.size):
        np.matmul(filters, patches[:, :, columns], out=out[:, :, columns])
    if b is not None:
        out += b[:, np.newaxis]


def by_row(maps):
    """Show feature maps (FN, OH, OW, N) as matrices (OH, FN, OW*N)."""
    return maps.reshape(*maps.shape[:2], -1).transpose(1, 0, 2)


def filter_rows(W):
    """Return filters (FN, C, FH, FW) as rows (FN, FH*C*FW), in the patches' order."""
    return W.transpose(0, 2, 1, 3).reshape(len(W), -1)


def block_length(weights):
    """Return how many columns a product of filters with ``weights`` should have.

    OpenBLAS has a way for small products that needs no rearranged copy of the
    operands. Where it can be had with at least 64 columns it is the quicker one:
    32 filters of 16x3x3 run at 170 instead of 115 GFLOP/s, 30 of 1x5x5 at 200
    instead of 105 (one core).
    """
    columns = min(SMALL // weights, BLOCK)
    return columns if columns >= 64 else BLOCK


def blocks(size, weights):
    """Cut ``size`` columns into slices of nearly equal length."""
    count = -(-size // block_length(weights))
    edges = [size * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def chunks(rows, numbers_a_row):
    """Cut a slice of rows so that the results fit into the cache, a row at least."""
    step = max(CACHE // numbers_a_row, 1)
    starts = range(rows.start, rows.stop, step)
    return [slice(y, min(y + step, rows.stop)) for y in starts]


def unfold_width(x, g, xw=None):
    """Copy images (C, H, W, N) to xw (rows, C, FW, OW*N), each pixel FW times at most.

    ``g`` may be a part of the window: then its padding and OW are those of the part.
    """
    C, H, W, N = x.shape
    (top, _), (left, _) = g.pad
    if xw is None:
        xw = empty_unfolded(x, g, g.OW * N)
    rows = len(xw)
    target = xw.reshape(rows, C, g.FW, g.OW, N)
    first, last = (min(max(y, 0), rows) for y in (top, top + H))
    target[:first] = target[last:] = 0
    source = x[:, first - top : last - top].transpose(1, 0, 2, 3)
    for j in range(g.FW):
        offset = j * g.dilation[1] - left
        start, stop, pixels = reach(offset, g.stride[1], W, g.OW)
        target[first:last, :, j, :start] = target[first:last, :, j, stop:] = 0
        target[first:last, :, j, start:stop] = source[:, :, pixels]
    return xw


def empty_unfolded(x, g, columns):
    """Return memory for unfolded images (rows, C, FW, columns).

    Where the columns are a multiple of 1,024 all rows would start in the same corner
    of the cache; 16 unused numbers at the end of each avoid that (1.3x faster).
    """
    rows = (g.OH - 1) * g.stride[0] + span(g.FH, g.dilation[0])
    spare = 16 if columns % 1024 == 0 else 0
    return np.empty((rows, len(x), g.FW, columns + spare), x.dtype)[..., :columns]


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


def backward(dout, x, W, g, shape, images):
    """Return dW, and dx (C, H, W, N) if ``images``, from dout (FN, OH, OW, N)."""
    short = is_short(g, x)
    dW = backward_short(dout, x, W, g) if short else backward_long(dout, x, W, g)
    return dW, backward_images(dout, W, g, shape) if images else None


def backward_long(dout, x, W, g):
    """Return dW where rows are long, from the patches unfolded once more."""
    parts = {}

    def work(columns):
        parts[columns.start] = sum(
            backward_filters(maps, patches)
            for patches, maps in matrices(x, W, g, dout, columns)
        )

    share(work, g.OW, product_cost(W, dout[0].size))
    dW = sum(parts[start] for start in sorted(parts))  # always in the same order
    return unordered(dW, W)


def backward_filters(d, patches):
    """Return dW (FN, FH*C*FW) from gradients d (OH, FN, columns) and patches.

    In blocks of columns, as in ``multiply``: 145 instead of 56 GFLOP/s.
    """
    weights = d.shape[1] * patches.shape[1]
    return sum(
        np.matmul(d[:, :, c], patches[:, :, c].transpose(0, 2, 1)).sum(axis=0)
        for c in blocks(d.shape[2], weights)
    )


def unordered(dW, W):
    """Return dW (FN, FH*C*FW) in the order of filters W (FN, C, FH, FW)."""
    FN, C, FH, FW = W.shape
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
    """Return dx (C, H, W, N) by adding each patch to where it came from."""
    C, H, width, N = shape
    (top, bottom), (left, right) = g.pad
    padded = np.zeros((C, top + H + bottom, left + width + right, N), dout.dtype)

    def work(channels):
        _scatter(dout, W[:, channels], g, padded[channels])

    share(work, C, 2 * product_cost(W, dout[0].size))
    return padded[:, top : top + H, left : left + width]


def _scatter(dout, W, g, padded):
    """Add the patches to the padded images, some rows at a time: no whole dcol."""
    _, C, FH, FW = W.shape
    filters, d = filter_rows(W).T, by_row(dout)  # (FH*C*FW, FN), (OH, FN, OW*N)
    for rows in chunks(slice(0, g.OH), filters.shape[0] * d.shape[2]):
        patches = np.empty((rows.stop - rows.start, len(filters), d.shape[2]), d.dtype)
        for columns in blocks(d.shape[2], W.size):
            np.matmul(filters, d[rows, :, columns], out=patches[:, :, columns])
        patches = patches.reshape(-1, FH, C, FW, g.OW, dout.shape[3])
        patches = patches.transpose(1, 3, 2, 0, 4, 5)  # (FH, FW, C, rows, OW, N)
        for i, j in np.ndindex(FH, FW):
            padded[:, *places(g, rows, i, j)] += patches[i, j]


def places(g, rows, i, j):
    """Return the slices of the padded image under point (i, j) of some windows."""
    (sh, sw), (dh, dw) = g.stride, g.dilation
    y, x = rows.start * sh + i * dh, j * dw
    count = rows.stop - rows.start
    return (
        slice(y, y + sh * (count - 1) + 1, sh),
        slice(x, x + sw * (g.OW - 1) + 1, sw),
    )
