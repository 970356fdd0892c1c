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

import functools

import numpy as np

from .direct import block_length, cut
from .threads import share
from .unfold import reach

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
NARROW = 96  # columns that a matrix product should have


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

    Returns what ``backward`` wants: the tiles and the filters, transformed.
    """
    U = _transform_filters(W)  # (36, FN, C)
    blocks = _blocks(W, g, x.shape[3])
    kept = [None] * len(blocks)

    def work(some):
        for k in range(some.start, some.stop):
            kept[k] = V = _product(BT2, _cut_out(x, blocks[k], 6, g.pad))  # (36, C, T)
            tiles = _product(AT2, U @ V)  # (16, FN, T)
            if b is not None:
                tiles += b[:, np.newaxis]
            for part, place in _pixels(out, tiles, blocks[k], 4):
                part[...] = place

    share(work, len(blocks), out.size + x.size)
    return kept, U


def backward(dout, kept, W, g, shape, images):
    """Return dW, and dx (C, H, W, N) if ``images``: each step above, transposed."""
    kept, U = kept
    blocks = _blocks(W, g, dout.shape[3])
    sums, dtiles = {}, [None] * len(blocks)

    def work(some):
        dU = 0
        for k in range(some.start, some.stop):
            d = _product(AT2.T, _cut_out(dout, blocks[k], 4))  # (36, FN, T)
            dU += d @ kept[k].transpose(0, 2, 1)
            if images:
                dtiles[k] = _product(BT2.T, U.transpose(0, 2, 1) @ d)  # (36, C, T)
        sums[some.start] = dU

    share(work, len(blocks), 2 * (dout.size + W.size))
    dU = sum(sums[start] for start in sorted(sums))  # always in the same order
    dW = (G2.T @ dU.reshape(36, -1)).T.reshape(W.shape)
    return dW, _join(dtiles, blocks, g, shape) if images else None


def _join(tiles, blocks, g, shape):
    """Return images (C, H, W, N) from tiles of 6x6: added up where these overlap."""
    images = np.zeros(shape, tiles[0].dtype)

    def work(channels):
        for block, some in zip(blocks, tiles, strict=True):
            few = images[channels], some[:, channels]
            for part, place in _pixels(*few, block, 6, g.pad):
                part += place

    share(work, len(images), 2 * images.size)
    return images


def _transform_filters(W):
    """Return the filters, transformed: (36, FN, C)."""
    return (G2 @ W.reshape(-1, 9).T).reshape(36, *W.shape[:2])


def _product(matrix, tiles):
    """Return ``matrix @ tiles`` (numbers, C, T), in blocks that OpenBLAS likes."""
    columns = tiles.reshape(len(tiles), -1)
    out = np.empty((len(matrix), columns.shape[1]), columns.dtype)
    for block in cut(slice(0, columns.shape[1]), block_length(matrix.size)):
        np.matmul(matrix, columns[:, block], out=out[:, block])
    return out.reshape(len(matrix), *tiles.shape[1:])


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


def _cut_out(images, block, width, pad=((0, 0), (0, 0))):
    """Return tiles of width x width pixels: (width * width, C, T), 0 outside."""
    rows, columns = (part.stop - part.start for part in block)
    C, _, _, N = images.shape
    tiles = np.zeros((width * width, C, rows * columns * N), images.dtype)
    for part, place in _pixels(images, tiles, block, width, pad):
        place[...] = part
    return tiles


def _pixels(images, tiles, block, width, pad=((0, 0), (0, 0))):
    """Pair each pixel of the tiles with its slice of the images, as equal shapes.

    ``images`` is (C, H, W, N), ``tiles`` (width * width, C, T). What lies outside of
    the images is left out.
    """
    C, H, W, N = images.shape
    rows, columns = block
    tiles = tiles.reshape(
        width, width, C, rows.stop - rows.start, columns.stop - columns.start, N
    )
    ys = [_real(i - pad[0][0], rows.start, rows.stop, H) for i in range(width)]
    xs = [_real(j - pad[1][0], columns.start, columns.stop, W) for j in range(width)]
    for i, (places_y, pixels_y) in enumerate(ys):
        for j, (places_x, pixels_x) in enumerate(xs):
            yield images[:, pixels_y, pixels_x], tiles[i, j, :, places_y, places_x]


@functools.lru_cache(1024)
def _real(offset, start, stop, size):
    """Find which of some tiles have pixel ``offset`` of theirs inside, and where.

    Returns two slices: of these tiles, and of the image.
    """
    first, last, pixels = reach(offset + 4 * start, 4, size, stop - start)
    return slice(first, last), pixels
