"""A convolution as matrix products with unfolded images: the usual way.

It is done for a few columns of the feature maps at a time, so that the unfolded
images are small and stay in the cache; ``backward`` unfolds them once more instead
of keeping them.
"""

import numpy as np

from ..geometry import Window, span
from .threads import cut, product_cost, share
from .unfold import gather, unfold, windows

BLOCK = 1024  # columns of one matrix product, at most
SMALL = 1_000_000  # products up to which OpenBLAS does not rearrange its operands
SHORT = 128  # columns below which the patches of all rows make one product
CACHE = 1 << 19  # numbers worked on at a time: 2 MB, near enough to a core


def forward(x, W, b, g, out):
    """Write the feature maps of images x (C, H, W, N) to ``out`` (FN, OH, OW, N).

    Returns what ``backward`` wants: the images. The bias is the weight of a line of
    ones, which costs 1 to 10 % where adding it to all of ``out`` costs 20 to 40 %.
    """
    if is_short(g, x):
        forward_short(x, W, b, g, out)
        return x
    filters = filter_rows(W, b)

    def work(columns):
        for patches, maps in matrices(x, W, g, out, columns, ones=b is not None):
            multiply(filters, patches, maps)

    share(work, g.OW, product_cost(W, out[0].size))
    return x


def matrices(x, W, g, maps, columns, ones=False):
    """Yield patches (OH, FH*C*FW, columns) and maps (OH, FN, columns), a few at a time.

    ``columns`` is a slice of the OW columns of the feature maps.
    """
    height = (g.OH - 1) * g.stride[0] + span(g.FH, g.dilation[0])
    unfolded = height * len(x) * g.FW * x.shape[3]  # numbers for each column
    for some in chunks(columns, unfolded):
        left = g.pad[1][0] - some.start * g.stride[1]
        part = g._replace(OW=some.stop - some.start, pad=(g.pad[0], (left, 0)))
        yield windows(unfold(x, part, ones), part), by_row(maps[:, :, some])


def multiply(filters, patches, out):
    """Apply all filters to some rows: ``out[y] = filters @ patches[y]``.

    In blocks of columns, but in one call of NumPy (see ``threads``).
    """
    length = block_length(filters.size, out.shape[-1])
    for some in blocks(out.shape[-1], length):
        right, target = (in_blocks(a, some, length) for a in (patches, out))
        np.matmul(filters, right, out=target)


def blocks(columns, length):
    """Return slices of the columns that fill blocks of this length, and of the rest."""
    full = columns - columns % length
    return [slice(a, b) for a, b in ((0, full), (full, columns)) if a < b]


def in_blocks(matrices, some, length):
    """Show columns of matrices (..., rows, columns) as (..., blocks, rows, length)."""
    part = matrices[..., some]
    length = min(length, part.shape[-1])
    return part.reshape(*part.shape[:-1], -1, length).swapaxes(-2, -3)


def filter_rows(W, b=None):
    """Return filters (FN, C, FH, FW) as rows in the patches' order (FN, FH*C*FW).

    With a bias each of the FH parts has one number more, for the line of ones; only
    the first of these is not 0.
    """
    FN, C, FH, FW = W.shape
    rows = np.zeros((FN, FH, C * FW + (b is not None)), W.dtype)
    rows[:, :, : C * FW] = W.transpose(0, 2, 1, 3).reshape(FN, FH, -1)
    if b is not None:
        rows[:, 0, -1] = b
    return rows.reshape(FN, -1)


def by_row(maps):
    """Show feature maps (FN, OH, OW, N) as matrices (OH, FN, OW*N)."""
    return maps.reshape(*maps.shape[:2], -1).transpose(1, 0, 2)


def block_length(weights, columns):
    """Return how many of the columns a product of filters with ``weights`` should have.

    OpenBLAS has a way for small products that needs no rearranged copy of the
    operands. Where it can be had with at least 64 columns it is the quicker one:
    32 filters of 16x3x3 run at 170 instead of 115 GFLOP/s, 30 of 1x5x5 at 200
    instead of 105 (one core).
    """
    most = min(SMALL // weights, BLOCK)
    most = most if most >= 64 else BLOCK
    return even_length(columns, most)


def even_length(columns, most):
    """Return the length of as few blocks as possible, nearly equally long."""
    return -(-columns // -(-columns // most))


def chunks(whole, numbers):
    """Cut a slice so that pieces of ``numbers`` for each index fit into the cache."""
    return cut(whole, CACHE // numbers)


def is_short(g, x):
    """Tell whether rows of the feature maps are too short for good products."""
    return g.OW * x.shape[3] < SHORT and g.OH > 1


def forward_short(x, W, b, g, out):
    """Do what ``forward`` does where rows are short, as for a single image.

    All patches are copied into one matrix, for products of a few columns are slow.
    """
    col = gather(x, g)  # (C*FH*FW, OH*OW*N)
    W, out = W.reshape(len(W), -1), out.reshape(len(W), -1)

    def work(filters):
        np.matmul(W[filters], col, out=out[filters])
        if b is not None:
            out[filters] += b[filters, np.newaxis]

    share(work, len(W), product_cost(W, col.shape[1]))


def backward(dout, x, W, g, shape, images):
    """Return dW, and dx (C, H, W, N) if ``images``, from dout (FN, OH, OW, N)."""
    way = filters_short if is_short(g, x) else filters_long
    dW = way(dout, x, W, g)
    return dW, backward_images(dout, W, g, shape) if images else None


def filters_short(dout, x, W, g):
    """Return dW where rows are short."""
    col = gather(x, g)  # (C*FH*FW, OH*OW*N)
    d, dW = dout.reshape(len(W), -1), np.empty(W.shape, dout.dtype)

    def work(filters):
        np.matmul(d[filters], col.T, out=dW[filters].reshape(-1, len(col)))

    share(work, len(W), product_cost(W, col.shape[1]))
    return dW


def filters_long(dout, x, W, g):
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

    In blocks of columns, and the larger matrix first: OpenBLAS rearranges both, and
    this way round it has less to do. 120 instead of 80 GFLOP/s for 32 filters of
    16x3x3 (one core).
    """
    columns, dW = d.shape[2], 0
    length = even_length(columns, BLOCK)
    for some in blocks(columns, length):
        left, right = (in_blocks(a, some, length) for a in (patches, d))
        dW = dW + np.matmul(left, right.swapaxes(-1, -2)).sum(axis=(0, 1))
    return dW.T


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
    parts = {}

    def work(rows):
        padded = np.zeros((C, top + H + bottom, left + width + right, N), dout.dtype)
        add_patches(dout, W, g, rows, padded)
        parts[rows.start] = padded[:, top : top + H, left : left + width]

    share(work, g.OH, 2 * product_cost(W, dout[0].size))
    first, *rest = (parts[start] for start in sorted(parts))
    return sum(rest, first)


def add_patches(dout, W, g, rows, padded):
    """Add the patches of some rows to the padded images, a few at a time."""
    _, C, FH, FW = W.shape
    filters, d = filter_rows(W).T, by_row(dout)  # (FH*C*FW, FN), (OH, FN, OW*N)
    for few in chunks(rows, filters.shape[0] * d.shape[2]):
        patches = np.empty((few.stop - few.start, len(filters), d.shape[2]), d.dtype)
        multiply(filters, d[few], patches)
        patches = patches.reshape(-1, FH, C, FW, g.OW, dout.shape[3])
        patches = patches.transpose(1, 3, 2, 0, 4, 5)  # (FH, FW, C, rows, OW, N)
        for i, j in np.ndindex(FH, FW):
            padded[:, *places(g, few, i, j)] += patches[i, j]


def places(g, rows, i, j):
    """Return the slices of the padded image under point (i, j) of some windows."""
    (sh, sw), (dh, dw) = g.stride, g.dilation
    y, x = rows.start * sh + i * dh, j * dw
    count = rows.stop - rows.start
    return (
        slice(y, y + sh * (count - 1) + 1, sh),
        slice(x, x + sw * (g.OW - 1) + 1, sw),
    )
