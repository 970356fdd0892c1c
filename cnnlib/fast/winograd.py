"""Winograd's convolution for wide 3x3 filters: 36 products where others need 144.

A tile of 4x4 outputs needs 6x6 pixels and, done directly, 16 * 9 = 144 products
for each pair of channel and filter. Winograd's matrices turn tile and filter into
36 numbers each; these are multiplied one by one, and a last matrix turns the
products into the 16 outputs. Only the one-by-one step grows with channels *
filters: it becomes 36 matrix products, with a quarter of the work. Some tiles go
through all steps before the next ones are touched: they stay in the cache.

The price is rounding: errors of 7e-6 of the largest output instead of 8e-7, for
float32. So float64, where nobody wants to lose digits, goes the other way.
(Lavin & Gray 2016, F(4x4, 3x3).)
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .direct import multiply
from .threads import cut, share

# fmt: off
BT = np.array([[4,  0, -5,  0, 1, 0],
               [0, -4, -4,  1, 1, 0],
               [0,  4, -4, -1, 1, 0],
               [0, -2, -1,  2, 1, 0],
               [0,  2, -1, -2, 1, 0],
               [0,  4,  0, -5, 0, 1]], np.float32)
G = np.array([[1 / 4,      0,     0],
              [-1 / 6, -1 / 6, -1 / 6],
              [-1 / 6,  1 / 6, -1 / 6],
              [1 / 24, 1 / 12,  1 / 6],
              [1 / 24, -1 / 12, 1 / 6],
              [0,           0,     1]], np.float32)
AT = np.array([[1, 1,  1, 1,  1, 0],
               [0, 1, -1, 2, -2, 0],
               [0, 1,  1, 4,  4, 0],
               [0, 1, -1, 8, -8, 1]], np.float32)
# fmt: on
# a matrix for rows and the same for columns are one matrix for the whole tile
BT2, G2, AT2 = np.kron(BT, BT), np.kron(G, G), np.kron(AT, AT)

WIDE = 32  # channels and filters from which the transforms are paid back
MANY = 64  # tiles, likewise
CACHE = 1 << 19  # numbers worked on at a time
NARROW = 64  # columns that a matrix product should have


def suits(W, g, N):
    """Tell whether a convolution can and should be done this way."""
    FN, C, *window = W.shape
    places = _tiles(g)[0] * _tiles(g)[1]
    return (
        W.dtype == np.float32
        and window == [3, 3]
        and g.stride == g.dilation == (1, 1)
        and min(C, FN) >= WIDE
        and places * N >= MANY
        and 16 * places <= 1.5 * g.OH * g.OW
    )


def forward(x, W, b, g, out):
    """Write the feature maps of images x (C, H, W, N) to ``out`` (FN, OH, OW, N).

    Returns what ``backward`` wants: the images, and the filters, transformed. The
    transformed tiles would take more than twice the memory of the images.
    """
    U = _transform_filters(W)  # (36, FN, C)
    blocks = _blocks(W, g, x.shape[3])

    def work(some):
        for block in blocks[some]:
            tiles = _product(AT2, U @ _transform(x, block, g))  # (16, FN, T)
            if b is not None:
                tiles += b[:, np.newaxis]
            _put(tiles, out, block)

    share(work, len(blocks), out.size + x.size)
    return x, U


def backward(dout, kept, W, g, shape, images):
    """Return dW, and dx (C, H, W, N) if ``images``: each step above, transposed."""
    x, U = kept
    blocks = _blocks(W, g, dout.shape[3])
    sums = {}

    def work(some):
        dU = np.zeros(U.shape, dout.dtype)
        dx = np.zeros(shape, dout.dtype) if images else None
        for block in blocks[some]:
            d = _product(AT2.T, _cut(dout, block))  # (36, FN, T)
            _add_filters(dU, d, _transform(x, block, g))
            if images:
                tiles = _product(BT2.T, U.transpose(0, 2, 1) @ d)  # (36, C, T)
                region, inside = _region(shape, block, g)
                dx[region] += _overlap_add(tiles, block)[inside]
        sums[some.start] = dU, dx

    share(work, len(blocks), 2 * (dout.size + W.size))
    (dU, dx), *others = (sums[start] for start in sorted(sums))  # always in this order
    for more_dU, more_dx in others:
        dU += more_dU
        if images:
            dx += more_dx
    return (G2.T @ dU.reshape(36, -1)).T.reshape(W.shape), dx


def _add_filters(dU, d, V):
    """Add ``d @ V.T`` (36, FN, C) to dU, in halves: the products take memory, too."""
    for half in (slice(18), slice(18, 36)):
        dU[half] += d[half] @ V[half].transpose(0, 2, 1)


def _transform_filters(W):
    """Return the filters, transformed: (36, FN, C)."""
    return (G2 @ W.reshape(-1, 9).T).reshape(36, *W.shape[:2])


def _product(matrix, tiles):
    """Return ``matrix @ tiles`` (numbers, C, T)."""
    out = np.empty((len(matrix), *tiles.shape[1:]), tiles.dtype)
    multiply(matrix, tiles.reshape(len(tiles), -1), out.reshape(len(out), -1))
    return out


def _tiles(g):
    """Return how many tiles of 4x4 outputs stand below and beside each other."""
    return -(-g.OH // 4), -(-g.OW // 4)


def _blocks(W, g, N):
    """Cut the tiles into blocks (rows, columns) that go through all steps at once.

    The numbers of a block should stay in a core's cache, but its matrix products
    should not become too narrow.
    """
    th, tw = _tiles(g)
    tiles = max(CACHE // (36 * max(W.shape[:2]) * N), -(-NARROW // N))
    return [
        (rows, columns)
        for rows in cut(slice(0, th), tiles // tw)
        for columns in cut(slice(0, tw), tiles)
    ]


def _transform(x, block, g):
    """Return the tiles of images x (C, H, W, N) in a block, transformed: (36, C, T)."""
    region, inside = _region(x.shape, block, g)
    rows, columns = (part.stop - part.start for part in block)
    C, *_, N = x.shape
    patch = np.zeros((C, 4 * rows + 2, 4 * columns + 2, N), x.dtype)
    patch[inside] = x[region]
    channel, row, column, number = patch.strides
    overlapping = as_strided(
        patch,
        (6, 6, C, rows, columns, N),
        (row, column, channel, 4 * row, 4 * column, number),
        writeable=False,
    )
    return _product(BT2, overlapping.reshape(36, C, -1))


def _overlap_add(tiles, block):
    """Return tiles (36, C, T) put together as (C, rows, columns, N), added up.

    The first 4 rows and columns of all tiles lie apart, and so do the last 2.
    """
    tiles = _by_place(tiles, 6, block)  # (C, rows, 6, columns, 6, N)
    C, rows, _, columns, _, N = tiles.shape
    patch = np.zeros((C, rows + 1, 4, columns + 1, 4, N), tiles.dtype)
    first, last = (
        (slice(-1), slice(4), slice(4)),
        (slice(1, None), slice(2), slice(4, 6)),
    )
    for down, y, i in (first, last):
        for right, x, j in (first, last):
            patch[:, down, y, right, x] += tiles[:, :, i, :, j]
    patch = patch.reshape(C, 4 * rows + 4, 4 * columns + 4, N)
    return patch[:, : 4 * rows + 2, : 4 * columns + 2]


def _region(shape, block, g):
    """Find which pixels of images (C, H, W, N) the tiles of a block look at.

    Returns their place in the images, and their place among all that the tiles look
    at: the rest is padding.
    """
    region, inside = [slice(None)], [slice(None)]
    for part, (before, _), size in zip(block, g.pad, shape[1:3], strict=True):
        start, stop = 4 * part.start - before, 4 * part.stop - before + 2
        first, last = max(start, 0), min(stop, size)
        region.append(slice(first, max(first, last)))
        inside.append(slice(first - start, max(first, last) - start))
    return tuple(region), tuple(inside)


def _put(tiles, out, block):
    """Write tiles (16, FN, T) to their places in ``out`` (FN, OH, OW, N)."""
    target = _outputs(out, block)
    tiles = _by_place(tiles, 4, block)  # (FN, rows, 4, columns, 4, N)
    FN, rows, _, columns, _, N = tiles.shape
    if target.shape[1:3] == (4 * rows, 4 * columns):
        target.reshape(tiles.shape)[...] = tiles
    else:  # the last tiles stand out over the edge
        whole = tiles.reshape(FN, 4 * rows, 4 * columns, N)
        target[...] = whole[:, : target.shape[1], : target.shape[2]]


def _cut(dout, block):
    """Return the tiles of dout (FN, OH, OW, N) in a block: (16, FN, T)."""
    source = _outputs(dout, block)
    rows, columns = (part.stop - part.start for part in block)
    FN, height, width, N = source.shape
    if (height, width) != (4 * rows, 4 * columns):
        source = np.pad(
            source, ((0, 0), (0, 4 * rows - height), (0, 4 * columns - width), (0, 0))
        )
    places = source.reshape(FN, rows, 4, columns, 4, N)
    return places.transpose(2, 4, 0, 1, 3, 5).reshape(16, FN, -1)


def _outputs(maps, block):
    """Return the part of feature maps (FN, OH, OW, N) that a block computes."""
    rows, columns = (slice(4 * part.start, 4 * part.stop) for part in block)
    return maps[:, rows, columns]


def _by_place(tiles, width, block):
    """Show tiles (width * width, C, T) as (C, rows, width, columns, width, N)."""
    rows, columns = (part.stop - part.start for part in block)
    tiles = tiles.reshape(width, width, tiles.shape[1], rows, columns, -1)
    return tiles.transpose(2, 3, 0, 4, 1, 5)
